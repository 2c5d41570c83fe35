"""The REST routes that clients need, typed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Generic, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from rayrooms.client.bodies import (
    AcceptedInvitation,
    Conflict,
    Invitation,
    LoggedOperation,
    Member,
    Room,
    RoomSummary,
    SignedIn,
    Snapshot,
    StoredMessage,
)
from rayrooms.client.transport import base_url
from rayrooms.errors import RayroomsError, UnavailableError, from_code

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from rayrooms.client.bodies import RoomScope
    from rayrooms.protocol import Role

T = TypeVar("T")

_PAGE = 200
"""The most items that the server puts on a page."""


class _Page(msgspec.Struct, Generic[T]):
    items: list[T]
    next: int | None


class _Messages(msgspec.Struct):
    items: list[StoredMessage]
    next: datetime | None


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

    async def renew(self) -> SignedIn:
        """Stay the same guest: take up a fresh token, and the profile's present name, while the old one still holds.

        Raises ForbiddenError for a token that is no guest's.
        """
        signed_in = await self._call("POST", "/api/auth/renew", SignedIn)
        self.token = signed_in.token
        return signed_in

    async def rooms(self, scope: RoomScope = "all", search: str | None = None) -> list[RoomSummary]:
        """All rooms of that scope, newest first; `search` holds words that begin words of their name or description."""
        query: dict[str, str | int] = {"scope": scope}
        if search is not None:
            query["search"] = search
        rooms = await self._all("/api/rooms", _Page[RoomSummary], query)
        return list({room.room_id: room for room in rooms}.values())

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
        return await self._all(f"/api/rooms/{_part(room_id)}/members", _Page[Member])

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

    async def messages(self, room_id: str) -> list[StoredMessage]:
        """The whole chat, oldest first."""
        newest_first: list[StoredMessage] = []
        params: dict[str, str | int] = {"limit": _PAGE}
        while True:
            page = await self._call("GET", f"/api/rooms/{_part(room_id)}/messages", _Messages, params=params)
            newest_first += page.items
            if page.next is None:
                return newest_first[::-1]
            params["before"] = page.next.isoformat()

    async def conflicts(self, room_id: str) -> list[Conflict]:
        """All concurrent edits that touched the same place, oldest first."""
        newest_first = await self._all(f"/api/rooms/{_part(room_id)}/conflicts", _Page[Conflict])
        met = {(conflict.version, conflict.other_version): conflict for conflict in newest_first}
        return list(met.values())[::-1]

    async def _all(self, path: str, kind: type[_Page[T]], query: Mapping[str, str | int] | None = None) -> list[T]:
        """A whole list. Items that come while it is read push others on to the next page, so some may come twice."""
        items: list[T] = []
        offset: int | None = 0
        while offset is not None:
            params = {**(query or {}), "offset": offset, "limit": _PAGE}
            page = await self._call("GET", path, kind, params=params)
            items += page.items
            offset = page.next
        return items

    async def _call(
        self,
        method: str,
        path: str,
        kind: type[T],
        *,
        params: Mapping[str, str | int] | None = None,
        body: dict[str, object] | None = None,
    ) -> T:
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        try:
            response = await self._http.request(method, path, params=params, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise UnavailableError(f"The server cannot be reached: {error}.") from error
        try:
            if response.is_success:
                return msgspec.json.decode(response.content or b"null", type=kind)
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
    after = response.headers.get("Retry-After", "")
    return from_code(problem.code, problem.detail, float(after) if after.isdecimal() else None)
