"""The network between one browser and the server, as a TCP relay that can be cut."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_CHUNK = 1 << 16


class Cable:
    """Relays connections to the server. While cut, open ones are gone and new ones are refused."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._own_port = 0
        self._listener: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """Where the browser finds the server."""
        return f"http://127.0.0.1:{self._own_port}"

    async def cut(self) -> None:
        """Pull the plug."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for writer in list(self._writers):
            writer.transport.abort()

    async def mend(self) -> None:
        """Plug it in, on the same port as before; nothing to do when it is."""
        if self._listener is not None:
            return
        self._listener = await asyncio.start_server(self._relay, "127.0.0.1", self._own_port, reuse_address=True)
        self._own_port = self._listener.sockets[0].getsockname()[1]

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with suppress(OSError):  # the server is away: hang up, as an ingress without a server does
                await self._connect(reader, writer)
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._host, self._port)
        self._writers.add(far_writer)
        try:
            await asyncio.gather(_pour(reader, far_writer), _pour(far_reader, writer))
        finally:
            self._writers.discard(far_writer)
            far_writer.close()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    with suppress(OSError):
        writer.close()


@asynccontextmanager
async def plugged_in(server_url: str) -> AsyncIterator[Cable]:
    """A cable to the server at this address."""
    address = urlsplit(server_url)
    cable = Cable(address.hostname or "127.0.0.1", address.port or 80)
    await cable.mend()
    try:
        yield cable
    finally:
        await cable.cut()
