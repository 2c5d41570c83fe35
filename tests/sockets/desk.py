"""A gateway whose only room is "room", with or without a server."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

from persistence.settings import Settings
from persistence.tables import Room
from serve import websocket_protocol
from serve.ingress import DirectSockets
from serve.sockets.endpoint import SocketEndpoint
from serve.sockets.handlers import Handlers
from serve.sockets.hubs import RoomHubs
from serve.sockets.open_connections import OpenConnections

from .fakes import NO_VACANCIES, FakeAccess, FakeOnline, FakeTokens, allowances
from .town import Town

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from starlette.types import Receive, Scope, Send


class Desk:
    """The handlers of a gateway whose only room is "room", as a server if `serving`."""

    def __init__(self, town: Town, **limits: float) -> None:
        self.town = town
        self.server: uvicorn.Server | None = None
        self.online = FakeOnline()
        access: Any = FakeAccess(Room(id="room", name="r", owner_id="ada", private=True))
        parts: list[Any] = [FakeTokens(), self.online, town]
        tokens, online, locator = parts
        most = int(limits.pop("max_sockets", 256))
        self.hubs = RoomHubs(locator, access, NO_VACANCIES)
        self.handlers = Handlers(self.hubs, access, tokens, online, allowances(most, **limits))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """The URL of a server of this gateway's sockets."""
        endpoint = SocketEndpoint(self.handlers, Settings(), OpenConnections())
        config = uvicorn.Config(
            DirectSockets(_nothing_else, {"/ws": endpoint}),
            host="127.0.0.1",
            port=0,
            log_level="error",
            lifespan="off",
            interface="asgi3",
            ws=websocket_protocol.BoundedWebSockets,
        )
        server = self.server = _QuietServer(config)
        task = asyncio.create_task(server.serve())
        await server.listening.wait()
        try:
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        finally:
            server.should_exit = server.force_exit = True
            await task


async def _nothing_else(scope: Scope, _receive: Receive, _send: Send) -> None:
    raise AssertionError(scope)


class _QuietServer(uvicorn.Server):
    """Leaves the signals to the tests, and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def a_desk(directory: Path, **limits: float) -> AsyncIterator[Desk]:
    desk = Desk(Town(directory), **limits)
    yield desk
    await desk.hubs.close()
    await desk.town.close()
