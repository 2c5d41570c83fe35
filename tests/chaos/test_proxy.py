"""The proxy does to streams what its modes say, and nothing else."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

import pytest

from .links import Links, listening
from .proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PATIENCE = 10.0
MOMENT = 0.15


class Echo:
    """The far side: answers what it hears, and remembers how its connections ended."""

    def __init__(self) -> None:
        self.heard = b""
        self.open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        with suppress(OSError):
            while data := await reader.read(1000):
                self.heard += data
                writer.write(data)
        writer.close()
        self.open -= 1


class Caller:
    """The near side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def says(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def hears(self, data: bytes) -> None:
        async with asyncio.timeout(PATIENCE):
            assert await self._reader.readexactly(len(data)) == data

    async def hears_nothing(self) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(MOMENT):
                await self._reader.read(1)

    async def is_cut(self) -> None:
        async with asyncio.timeout(PATIENCE):
            try:
                assert await self._reader.read() == b""
            except ConnectionResetError:
                return

    def goes(self) -> None:
        self._writer.close()


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
async def proxy(echo: Echo) -> AsyncIterator[Proxy]:
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    proxy = Proxy(partial(asyncio.open_connection, "127.0.0.1", port))
    yield proxy
    await proxy.close()
    server.close()


@pytest.fixture
async def port(proxy: Proxy) -> int:
    return await proxy.listen("127.0.0.1")


@asynccontextmanager
async def calling(port: int) -> AsyncIterator[Caller]:
    caller = Caller(*await asyncio.open_connection("127.0.0.1", port))
    yield caller
    caller.goes()


async def until_open(echo: Echo, count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while echo.open != count:  # noqa: ASYNC110 - it is told by a callback of the library
            await asyncio.sleep(0.005)


async def test_it_passes_on_both_ways_and_ends(echo: Echo, proxy: Proxy, port: int) -> None:
    """CHAOS-4."""
    async with calling(port) as caller:
        for word in (b"a", b"b" * 200_000):
            await caller.says(word)
            await caller.hears(word)
    await until_open(echo, 0)
    assert proxy.pairs == set()


async def test_delay(proxy: Proxy, port: int) -> None:
    """CHAOS-4: all arrives, later."""
    async with calling(port) as caller:
        with proxy.imposed("delay", MOMENT):
            began = time.monotonic()
            await caller.says(b"a")
            await caller.hears(b"a")
            assert time.monotonic() - began >= 2 * MOMENT
        await caller.says(b"b")
        await caller.hears(b"b")


async def test_drop(echo: Echo, proxy: Proxy, port: int) -> None:
    """CHAOS-4: what was said meanwhile is lost; who lost something is cut in the end, others go on."""
    async with calling(port) as caller, calling(port) as quiet:
        await caller.says(b"a")
        await caller.hears(b"a")
        await quiet.says(b"c")
        await quiet.hears(b"c")
        with proxy.imposed("drop"):
            await caller.says(b"b")
            await caller.hears_nothing()
        await caller.is_cut()
        assert echo.heard == b"ac"
        await quiet.says(b"d")
        await quiet.hears(b"d")


async def test_stall(echo: Echo, proxy: Proxy, port: int) -> None:
    """CHAOS-4: nothing moves, then all goes on where it stood, also what was begun meanwhile."""
    async with calling(port) as caller:
        await caller.says(b"a")
        await caller.hears(b"a")
        with proxy.imposed("stall"):
            await caller.says(b"b")
            async with calling(port) as late:
                await late.says(b"c")
                await caller.hears_nothing()
                assert echo.heard == b"a"
        await caller.hears(b"b")


async def test_half_open(echo: Echo, proxy: Proxy, port: int) -> None:
    """CHAOS-4: the far side sees the end at once; the near side hears nothing, and learns it in the end."""
    async with calling(port) as caller:
        await caller.says(b"a")
        await caller.hears(b"a")
        with proxy.imposed("half_open"):
            await until_open(echo, 0)
            await caller.says(b"b")
            await caller.hears_nothing()
            async with calling(port) as late:
                await late.hears_nothing()
        await caller.is_cut()
        assert echo.heard == b"a"


async def test_reset(proxy: Proxy, port: int) -> None:
    """CHAOS-4: all are cut at once and nobody gets in; afterwards everybody does."""
    async with calling(port) as caller:
        with proxy.imposed("reset"):
            await caller.is_cut()
            async with calling(port) as late:
                await late.is_cut()
    async with calling(port) as caller:
        await caller.says(b"a")
        await caller.hears(b"a")


async def test_the_latest_mode_holds(proxy: Proxy, port: int) -> None:
    """CHAOS-4: faults may overlap and end in any order."""
    async with calling(port) as caller:
        with proxy.imposed("delay", MOMENT):
            with proxy.imposed("stall"):
                await caller.says(b"a")
                await caller.hears_nothing()
            await caller.hears(b"a")
            held = proxy.mode
    assert (held, proxy.mode) == ("delay", "pass")


async def test_links_are_mirrored(echo: Echo) -> None:
    """CHAOS-4: each port at the real address is there at the told one, under the mode that holds, until it goes."""
    links = Links(told="127.73.0.2", real="127.73.0.1")
    links.start()
    with links.imposed("stall"):
        server = await asyncio.start_server(echo.serve, "127.73.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(PATIENCE):
            while port not in listening("127.73.0.2"):  # noqa: ASYNC110 - it is the kernel that would have to tell
                await asyncio.sleep(0.005)
        caller = Caller(*await asyncio.open_connection("127.73.0.2", port))
        await caller.says(b"a")
        await caller.hears_nothing()
    await caller.hears(b"a")
    with links.imposed("reset", port=port):
        await caller.is_cut()
    server.close()
    async with asyncio.timeout(PATIENCE):
        while port in listening("127.73.0.2"):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.005)
    await links.close()
