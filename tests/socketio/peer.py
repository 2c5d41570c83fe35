"""The endpoint in this process, and a client that speaks packets to it by hand."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from persistence.settings import Settings
from persistence.tables import Room
from serve.socketio.endpoint import SocketIOEndpoint
from serve.sockets.handlers import Handlers
from serve.sockets.hubs import RoomHubs
from serve.sockets.open_connections import OpenConnections
from tests.sockets.fakes import NO_VACANCIES, FakeAccess, FakeOnline, FakeTokens, Wire, allowances, until
from tests.sockets.town import Town

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Message

MAX_MESSAGE = 4096
MAX_WAITING = 64 * 1024


class Gateway:
    """A gateway whose only room is "room"; tokens are user ids."""

    def __init__(self, directory: Path) -> None:
        self.town = Town(directory)
        self.access = FakeAccess(Room(id="room", name="r", owner_id="ada", private=True))
        self.online = FakeOnline()
        parts: list[Any] = [self.access, FakeTokens(), self.online, self.town]
        access, tokens, online, locator = parts
        self.hubs = RoomHubs(locator, access, NO_VACANCIES)
        self.connections = OpenConnections()
        settings = Settings(
            max_message=MAX_MESSAGE, max_socket_buffer=MAX_WAITING, allowed_origins=["https://editor.example"]
        )
        self.endpoint = SocketIOEndpoint(
            Handlers(self.hubs, access, tokens, online, allowances()), settings, self.connections
        )

    async def close(self) -> None:
        await self.hubs.close()
        await self.town.close()


class Peer:
    """One request at `/socket.io/`. What it is told is read once, in order."""

    def __init__(
        self,
        gateway: Gateway,
        *,
        query: str = "EIO=4&transport=websocket",
        kind: str = "websocket",
        headers: dict[str, str] | None = None,
        denial: bool = True,
        extensions: dict[str, Any] | None = None,
    ) -> None:
        given = {"host": "server"} | (headers or {})
        scope = {
            "type": kind,
            "method": "GET",
            "path": "/socket.io/",
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "extensions": ({"websocket.http.response": {}} if denial else {}) | (extensions or {}),
        }
        self.wire = Wire()
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._inbox.put_nowait({"type": "websocket.connect"} if kind == "websocket" else {"type": "http.request"})
        self._at = 0
        self._serving = asyncio.ensure_future(gateway.endpoint(scope, self._inbox.get, self.wire.send))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": 1005})
        self.wire.flow()
        await asyncio.wait([self._serving], timeout=5)
        self._serving.cancel()
        with suppress(asyncio.CancelledError):
            await self._serving

    async def served(self) -> list[Message]:
        """Wait until the server has done with this request; all that it sent."""
        async with asyncio.timeout(5):
            await self._serving
        return self.wire.sent

    def say(self, *frames: str | bytes) -> None:
        """Send messages, without waiting for anything."""
        for frame in frames:
            kind = "text" if isinstance(frame, str) else "bytes"
            self._inbox.put_nowait({"type": "websocket.receive", kind: frame})

    def texts(self) -> list[str]:
        """All packets that came, as text."""
        return [message["text"] for message in self.wire.sent if message["type"] == "websocket.send"]

    async def told(self, head: str) -> str:
        """What stands behind `head` in the next packet that begins so; others before it are passed."""
        found: list[str] = []

        def came() -> bool:
            texts = self.texts()
            while not found and self._at < len(texts):
                if texts[self._at].startswith(head):
                    found.append(texts[self._at])
                self._at += 1
            return bool(found)

        await until(came)
        return found[0].removeprefix(head)

    async def event(self, name: str) -> Any:
        """The data of the next such event."""
        return json.loads((await self.told(f'42["{name}",')).removesuffix("]"))

    async def acknowledged(self, number: int) -> Any:
        """What the acknowledgement of this number carries."""
        return json.loads((await self.told(f"43{number}[")).removesuffix("]"))

    async def connect(self, user_id: str = "ada") -> None:
        """Connect to the namespace as this user."""
        self.say(f'40{{"token":"{user_id}"}}')
        await self.told("40{")

    async def join(self, user_id: str = "ada", **data: Any) -> Any:
        """Connect and join the room; returns its `room_joined`."""
        await self.connect(user_id)
        self.say(packet("join_room", **data))
        return await self.event("room_joined")


def packet(event: str, number: int | str = "", **data: Any) -> str:
    """An event, for the room unless it says otherwise; `number` asks for that acknowledgement."""
    return f"42{number}" + json.dumps([event, {"room_id": "room"} | data])
