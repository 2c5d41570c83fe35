"""A stand-in for the room server: takes sockets, keeps what comes, says what it is told to."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from .channel import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from websockets.asyncio.server import ServerConnection
    from websockets.http11 import Request, Response


class Socket:
    """One connection of the relay's."""

    def __init__(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.connection = connection
        self.token = connection.request.headers["Authorization"].removeprefix("Bearer ")
        self.subprotocol = connection.subprotocol
        self.frames: asyncio.Queue[str | bytes] = asyncio.Queue()

    async def say(self, *frames: str) -> None:
        for frame in frames:
            await self.connection.send(frame)

    async def hear(self) -> str | bytes:
        async with asyncio.timeout(PATIENCE):
            return await self.frames.get()

    async def gone(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self.connection.wait_closed()


class Upstream:
    """A server. `refusal` is the status with which it refuses connections."""

    def __init__(self) -> None:
        self.url = ""
        self.refusal = 0
        self.count = 0
        self._sockets: asyncio.Queue[Socket] = asyncio.Queue()

    async def socket(self) -> Socket:
        """The next connection."""
        async with asyncio.timeout(PATIENCE):
            return await self._sockets.get()

    async def take(self, connection: ServerConnection) -> None:
        socket = Socket(connection)
        self.count += 1
        self._sockets.put_nowait(socket)
        try:
            async for frame in connection:
                socket.frames.put_nowait(frame)
        except ConnectionClosed:
            pass

    def consider(self, connection: ServerConnection, _: Request) -> Response | None:
        return connection.respond(self.refusal, "No.\n") if self.refusal else None


@asynccontextmanager
async def running_upstream() -> AsyncIterator[Upstream]:
    upstream = Upstream()
    async with serve(
        upstream.take,
        "127.0.0.1",
        0,
        subprotocols=[Subprotocol("rayrooms.json")],
        process_request=upstream.consider,
        compression=None,
        max_size=None,
        ping_interval=None,
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        upstream.url = f"http://127.0.0.1:{port}"
        yield upstream
