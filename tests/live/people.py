"""Someone signed in to a live server, with REST calls and sockets in their name."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import jwt

from rayrooms import vouching

from .sockets import PATIENCE, Socket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import httpx

    from .server import Server

Codec = Literal["json", "msgpack"]


@dataclass(frozen=True)
class Person:
    user_id: str
    name: str
    token: str
    url: str
    http: httpx.AsyncClient

    async def api(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """Call REST and return the answer's body; a refusal fails the test."""
        answer = await self.ask(method, path, body, **params)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def ask(self, method: str, path: str, body: Any = None, **params: Any) -> httpx.Response:
        """Call REST and return whatever comes."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return await self.http.request(method, path, json=body, params=params, headers=headers)

    async def make_room(self, **fields: Any) -> str:
        made = await self.api("POST", "/api/rooms", {"name": "Room", **fields})
        room_id: str = made["room_id"]
        return room_id

    async def insert(self, room_id: str, position: int, content: str, **fields: Any) -> int:
        """Insert text over REST; returns the version."""
        body = {"op_type": "insert", "position": position, "content": content, **fields}
        version: int = (await self.api("POST", f"/api/sync/{room_id}/operations", body))["version"]
        return version

    async def text(self, room_id: str) -> str:
        """The document as REST reads it."""
        content: str = (await self.api("GET", f"/api/sync/{room_id}/snapshot"))["content"]
        return content

    async def room(self, room_id: str) -> Any:
        return await self.api("GET", f"/api/rooms/{room_id}")

    @asynccontextmanager
    async def connected(self, codec: Codec = "json") -> AsyncIterator[Socket]:
        """A socket that has said who it is."""
        async with Socket.open(self.url, token=self.token, codec=codec) as socket:
            greeting = await socket.expect("connection_response")
            assert greeting["user_id"] == self.user_id
            yield socket

    @asynccontextmanager
    async def inside(self, room_id: str, codec: Codec = "json", **join: Any) -> AsyncIterator[Socket]:
        """A socket that has joined a room; what it was told then is its `joined`."""
        async with self.connected(codec) as socket:
            await socket.join(room_id, **join)
            yield socket


async def new_guest(server: Server, http: httpx.AsyncClient, name: str) -> Person:
    """Sign somebody in as a guest."""
    answer = await http.post("/api/auth/guest", json={"name": name})
    assert answer.is_success, answer.text
    signed_in = answer.json()
    return Person(signed_in["user_id"], signed_in["name"], signed_in["token"], server.url, http)


def vouched_for(server: Server, username: str, name: str, http: httpx.AsyncClient) -> Person:
    """Someone who is logged in to a Jupyter server that shares its secret with this server."""
    claims = vouching.vouched_claims(username, name, issued_at=time.time())
    token = jwt.encode({**claims}, server.jupyter_secret, vouching.ALGORITHM)
    return Person(vouching.jupyter_user_id(username), name, token, server.url, http)


@asynccontextmanager
async def together(room_id: str, *people: Person, codec: Codec = "json") -> AsyncIterator[list[Socket]]:
    """A socket of each person in the room, all of whom have seen all others come."""
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(person.inside(room_id, codec)) for person in people]
        for index, socket in enumerate(sockets):
            for later in sockets[index + 1 :]:
                session_id = later.joined["session_id"]
                await socket.expect("user_joined", user=lambda who, sid=session_id: who["session_id"] == sid)
        yield sockets


async def until(holds: Callable[[], Awaitable[bool]], patience: float = PATIENCE) -> None:
    """Wait for what nobody announces."""
    async with asyncio.timeout(patience):
        while not await holds():  # noqa: ASYNC110 - it is another process that would have to set an event
            await asyncio.sleep(0.05)


async def asleep(person: Person, room_id: str) -> None:
    """Wait until the room sleeps."""

    async def sleeps() -> bool:
        return not (await person.room(room_id))["awake"]

    await until(sleeps)
