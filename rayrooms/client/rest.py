"""The REST routes that clients need, typed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from rayrooms.client.transport import base_url
from rayrooms.errors import RayroomsError, UnavailableError, from_code
from rayrooms.protocol import Operation, Role

if TYPE_CHECKING:
    from types import TracebackType

T = TypeVar("T")


class SignedIn(msgspec.Struct):
    """A token and whom it stands for."""

    token: str
    user_id: str
    name: str
    expires_at: datetime


class Room(msgspec.Struct):
    """A room; `role` is the caller's, None when not a member."""

    room_id: str
    name: str
    description: str
    owner_id: str
    private: bool
    max_users: int
    language: str
    role: Role | None
    member_count: int
    version: int


class Invitation(msgspec.Struct):
    """A link that makes whoever opens it a member in `role`; `path` is its page, with the token as the fragment."""

    invitation_id: str
    room_id: str
    role: Role
    token: str
    path: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    uses: int


class AcceptedInvitation(msgspec.Struct):
    """The room, and the caller's role in it now: that of the invitation, or a higher one that they had."""

    room_id: str
    room_name: str
    role: Role


class Member(msgspec.Struct):
    """A membership; `active` says whether they are connected now."""

    room_id: str
    user_id: str
    name: str
    colour: str
    role: Role
    joined_at: datetime
    last_seen: datetime | None
    active: bool


class LoggedOperation(msgspec.Struct):
    """A committed operation: it takes the document from `version - 1` to `version`."""

    version: int
    op: Operation
    user_id: str
    client_id: str
    seq: int
    timestamp: datetime


class Snapshot(msgspec.Struct):
    """The whole document at `version`; `size_bytes` is its length in UTF-8."""

    content: str
    version: int
    size_bytes: int
    created_at: datetime


class _Members(msgspec.Struct):
    items: list[Member]
    next: int | None


class _Operations(msgspec.Struct):
    operations: list[LoggedOperation]
    next: int | None


class _Problem(msgspec.Struct):
    code: str = "internal"
    detail: str = ""


class RestClient:
    """REST calls to one server. Without a token only `sign_in_guest` works; it takes up the token that it gets.

    All methods raise the RayroomsError that the server's problem document names, UnavailableError when the server
    cannot be reached or does not answer as it should.
    """

    def __init__(self, url: str, token: str | None = None, *, timeout: float = 30.0) -> None:
        self.token = token
        self._http = httpx.AsyncClient(base_url=base_url(url), timeout=timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def sign_in_guest(self, name: str) -> SignedIn:
        """Become a guest called `name`."""
        signed_in = await self._call("POST", "/api/auth/guest", SignedIn, body={"name": name})
        self.token = signed_in.token
        return signed_in

    async def create_room(
        self, name: str, *, room_id: str | None = None, private: bool = False, language: str = "text"
    ) -> Room:
        """Make a room that the caller owns; the server chooses an id when none is given."""
        body: dict[str, object] = {"name": name, "private": private, "language": language}
        if room_id is not None:
            body["room_id"] = room_id
        return await self._call("POST", "/api/rooms", Room, body=body)

    async def room(self, room_id: str) -> Room:
        return await self._call("GET", f"/api/rooms/{_part(room_id)}", Room)

    async def join(self, user_id: str, room_id: str) -> Member:
        """Become a member of a public room, as `user_id`, who must be the caller."""
        return await self._call("POST", f"/api/users/{_part(user_id)}/rooms/{_part(room_id)}/join", Member)

    async def members(self, room_id: str) -> list[Member]:
        """All members, in the order they joined."""
        members: list[Member] = []
        offset: int | None = 0
        while offset is not None:
            params = {"offset": offset}
            page = await self._call("GET", f"/api/rooms/{_part(room_id)}/members", _Members, params=params)
            members += page.items
            offset = page.next
        return members

    async def invite(self, room_id: str, *, role: Role = "member", expires_in: int = 7 * 86_400) -> Invitation:
        """Make a link that holds for `expires_in` seconds: viewers and members by an admin, admins by the owner."""
        body: dict[str, object] = {"role": role, "expires_in": expires_in}
        return await self._call("POST", f"/api/rooms/{_part(room_id)}/invitations", Invitation, body=body)

    async def accept_invitation(self, token: str) -> AcceptedInvitation:
        """Become a member by a link's token. Raises NotFoundError(invitation_invalid), GoneError when it is over."""
        return await self._call("POST", "/api/invitations/accept", AcceptedInvitation, body={"token": token})

    async def history(self, room_id: str, after: int = 0, upto: int | None = None) -> list[LoggedOperation]:
        """The operations that lead from version `after` to `upto` (None: the newest), ascending and without gaps."""
        operations: list[LoggedOperation] = []
        start: int | None = after
        while start is not None:
            params = {"from_version": start}
            if upto is not None:
                params["to_version"] = upto
            page = await self._call("GET", f"/api/sync/{_part(room_id)}/operations", _Operations, params=params)
            operations += page.operations
            start = page.next
        return operations

    async def snapshot(self, room_id: str) -> Snapshot:
        """The whole document as it stands."""
        return await self._call("GET", f"/api/sync/{_part(room_id)}/snapshot", Snapshot)

    async def _call(
        self,
        method: str,
        path: str,
        kind: type[T],
        *,
        params: dict[str, int] | None = None,
        body: dict[str, object] | None = None,
    ) -> T:
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        try:
            response = await self._http.request(method, path, params=params, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise UnavailableError(f"The server cannot be reached: {error}.") from error
        try:
            if response.is_success:
                return msgspec.json.decode(response.content, type=kind)
            raise _error(response)
        except msgspec.DecodeError as error:
            raise UnavailableError(f"The server's answer to {method} {path} cannot be read: {error}.") from error


def _part(name: str) -> str:
    return quote(name, safe="")


def _error(response: httpx.Response) -> RayroomsError:
    """What a problem document says; an answer that is none comes from something in between."""
    try:
        problem = msgspec.json.decode(response.content, type=_Problem)
    except msgspec.DecodeError:
        return UnavailableError(f"The server answered with status {response.status_code}.")
    return from_code(problem.code, problem.detail)
