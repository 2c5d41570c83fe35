"""HTTP straight from people, and what an ingress would keep away."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest
import uvicorn
from uvicorn.server import ServerState

from serve import direct_http
from serve.direct_http import HEADER_BYTES, LISTENERS, DirectHttp, listen_beside_ingress
from tests.live.server import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send

WHOLE = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n"


async def tell_path(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the path that was asked for."""
    await receive()
    length = str(len(scope["path"])).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Where the application is served, beside nobody."""
    config, state, loop = uvicorn.Config(tell_path, lifespan="off"), ServerState(), asyncio.get_running_loop()
    chosen = free_port()
    servers = await listen_beside_ingress("127.0.0.1", chosen, lambda: DirectHttp(config, state, {}, loop), 100)
    yield chosen
    for server in servers:
        server.close()
    for connection in list(state.connections):
        connection.shutdown()


class Caller:
    """Somebody who is connected."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def answer(self) -> str:
        """The next answer, whose body ends with its last byte so far."""
        return (await asyncio.wait_for(self._reader.read(4096), 5)).decode()

    async def is_served(self) -> bool:
        """Whether a request of theirs is answered as it should be."""
        self.send(WHOLE)
        return "200" in await self.answer()

    async def is_hung_up_on(self) -> bool:
        """Wait for the end of the connection; what still comes before it is left out."""
        with suppress(ConnectionResetError):
            await asyncio.wait_for(self._reader.read(), 5)
        return True


@asynccontextmanager
async def calling(port: int) -> AsyncIterator[Caller]:
    """A connection, to its end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Caller(reader, writer)
    finally:
        writer.close()


async def test_requests_are_answered(port: int) -> None:
    """DEP-27: one after another on a connection, in pieces, with large bodies."""
    async with calling(port) as caller:
        for path in ("/one", "/two"):
            caller.send(f"GET {path} HTTP/1.1\r\nho".encode())
            caller.send(b"st: here\r\n\r\n")
            assert path in await caller.answer()
        size = 10 * HEADER_BYTES
        caller.send(f"POST /large HTTP/1.1\r\nhost: here\r\ncontent-length: {size}\r\n\r\n".encode() + b"x" * size)
        assert "/large" in await caller.answer()
        caller.send(b"GET /after HTTP/1.1\r\nhost: here\r\n\r\n")
        assert "/after" in await caller.answer()


@pytest.mark.parametrize(
    "header",
    [
        b"GET / HTTP/1.1\r\n" + b"".join(b"x%d: y\r\n" % n for n in range(HEADER_BYTES // 5)) + b"\r\n",
        b"GET / HTTP/1.1\r\nhost: here\r\nx: " + b"y" * HEADER_BYTES + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: here\r\nx: " + b"y" * (HEADER_BYTES + 1),
        b"GET /" + b"y" * HEADER_BYTES + b" HTTP/1.1\r\nhost: here\r\n\r\n",
        b"GET /" + b"y" * (HEADER_BYTES + 1),
    ],
    ids=["many", "long", "without end", "address", "address without end"],
)
async def test_headers_have_an_end(port: int, header: bytes) -> None:
    """DEP-27: more than that is refused, and the connection closed."""
    async with calling(port) as caller:
        caller.send(header)
        assert (await caller.answer()).startswith("HTTP/1.1 400")
        assert await caller.is_hung_up_on()


async def test_headers_come_in_time(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """DEP-27: of who never says anything, or never says all, the first time and later."""
    monkeypatch.setattr(direct_http, "HEADER_WITHIN", 0.1)
    for said in (b"", WHOLE[:-2], WHOLE + WHOLE[:-2]):
        async with calling(port) as caller:
            caller.send(said)
            assert await caller.is_hung_up_on()


async def test_who_was_in_time_stays(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """DEP-27: the time is that of the header alone."""
    monkeypatch.setattr(direct_http, "HEADER_WITHIN", 0.5)
    async with calling(port) as caller:
        assert await caller.is_served()
        async with calling(port) as silent:
            assert await silent.is_hung_up_on()  # so that time is over
        assert await caller.is_served()


async def test_no_more_than_the_ingress_takes(
    port: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """DEP-27: of those beyond, nobody is heard, and the log says so once; when one goes, the next is."""
    monkeypatch.setattr(direct_http, "RAY_SERVE_HAPROXY_MAXCONN", 1)
    monkeypatch.setattr(DirectHttp, "_tell_after", 0.0)
    async with calling(port) as first:
        assert await first.is_served()
        for _ in range(2):
            async with calling(port) as second:
                second.send(WHOLE)
                assert await second.is_hung_up_on()
        assert await first.is_served()
    told = [record.getMessage() for record in caplog.records if record.name == direct_http.__name__]
    assert told == ["1 connections are open, and no more are taken"]


async def test_it_shares_the_address_only_with_who_shares_it() -> None:
    """DEP-26: where somebody listens alone, nothing is listened to."""
    with socket.socket() as alone:
        alone.bind(("127.0.0.1", 0))
        alone.listen()
        port = alone.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            await listen_beside_ingress("127.0.0.1", port, asyncio.Protocol, 1)


async def test_most_come_straight() -> None:
    """DEP-26: beside an ingress with one socket."""
    with socket.socket() as ingress:
        ingress.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        ingress.bind(("127.0.0.1", 0))
        ingress.listen()
        came = 0

        class Arrival(asyncio.Protocol):
            def connection_made(self, _transport: asyncio.BaseTransport) -> None:
                nonlocal came
                came += 1

        servers = await listen_beside_ingress("127.0.0.1", ingress.getsockname()[1], Arrival, 100)
        assert len(servers) == LISTENERS
        callers = [await asyncio.open_connection(*ingress.getsockname()) for _ in range(200)]
        for server in servers:
            server.close()
        for _reader, writer in callers:
            writer.close()
    assert came > 150
