"""The few REST calls that load tests need, typed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self, TypeVar

import httpx
import msgspec

from rayrooms.protocol import Operation

if TYPE_CHECKING:
    from types import TracebackType

T = TypeVar("T")

_PATIENCE = 30.0
"""Seconds for which a request is repeated that a room in transit has answered with 503."""
_RETRY = 0.05
_PAGE = 1000


class RestError(Exception):
    """A request failed for good; the message says which and how."""


class Guest(msgspec.Struct):
    """Somebody who signed in."""

    token: str
    user_id: str


class Live(msgspec.Struct):
    """Where an awake room lives."""

    epoch: int
    pid: int
    node_ip: str


class Room(msgspec.Struct):
    """A room as its owner sees it; `live` is None while it sleeps."""

    room_id: str
    version: int
    live: Live | None


class Snapshot(msgspec.Struct):
    """The whole text at a version."""

    content: str
    version: int


class LoggedOperation(msgspec.Struct):
    """A committed operation: it takes the text from `version - 1` to `version`."""

    version: int
    op: Operation
    client_id: str
    seq: int


class _Operations(msgspec.Struct):
    operations: list[LoggedOperation]
    next: int | None


class Rest:
    """The REST side of one server. All methods raise RestError."""

    def __init__(self, url: str) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=_PATIENCE, trust_env=False)
        self._url = url

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def sign_in(self, name: str) -> Guest:
        return await self._ask(Guest, None, "POST", "/api/auth/guest", {"name": name})

    async def make_room(self, owner: Guest, name: str, *, max_users: int) -> Room:
        return await self._ask(Room, owner, "POST", "/api/rooms", {"name": name, "max_users": max_users})

    async def room(self, guest: Guest, room_id: str) -> Room:
        return await self._ask(Room, guest, "GET", f"/api/rooms/{room_id}")

    async def delete_room(self, owner: Guest, room_id: str) -> None:
        await self._request(owner, "DELETE", f"/api/rooms/{room_id}")

    async def snapshot(self, guest: Guest, room_id: str) -> Snapshot:
        return await self._ask(Snapshot, guest, "GET", f"/api/sync/{room_id}/snapshot")

    async def log(self, guest: Guest, room_id: str) -> list[LoggedOperation]:
        """The whole log of the room, page by page from its beginning."""
        log: list[LoggedOperation] = []
        after: int | None = 0
        while after is not None:
            path = f"/api/sync/{room_id}/operations?from_version={after}&limit={_PAGE}"
            page = await self._ask(_Operations, guest, "GET", path)
            log += page.operations
            after = page.next
        return log

    async def _ask(self, kind: type[T], guest: Guest | None, method: str, path: str, body: Any = None) -> T:  # noqa: ANN401 - any JSON
        answer = await self._request(guest, method, path, body)
        try:
            return msgspec.json.decode(answer, type=kind)
        except msgspec.DecodeError as error:
            raise RestError(f"{method} {path} answered something unexpected: {error}") from error

    async def _request(self, guest: Guest | None, method: str, path: str, body: Any = None) -> bytes:  # noqa: ANN401 - any JSON
        headers = {} if guest is None else {"Authorization": f"Bearer {guest.token}"}
        deadline = asyncio.get_running_loop().time() + _PATIENCE
        while True:
            try:
                answer = await self._http.request(method, path, json=body, headers=headers)
            except httpx.HTTPError as error:
                raise RestError(
                    f"{self._url} does not answer {method} {path}: {error or type(error).__name__}"
                ) from error
            if answer.status_code < 400:
                return answer.content
            if answer.status_code != 503 or asyncio.get_running_loop().time() > deadline:
                raise RestError(f"{method} {path} was answered {answer.status_code}: {answer.text[:300]}")
            await asyncio.sleep(_RETRY)
