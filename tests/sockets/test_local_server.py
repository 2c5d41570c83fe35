"""The HTTP server that listens on a Unix socket beside its port."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING

import httpx
import pytest
import ray
import uvicorn

from serve.http_server import LocalServer
from serve.local_socket import is_heard, local_address, local_name
from tests.live.server import free_port

from .fakes import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.types import Receive, Scope, Send


async def tell_scheme(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the scheme that the request has for its application."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["scheme"].encode()})


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a node on which nothing listens yet."""
    told = SimpleNamespace(get_node_id=lambda: tmp_path.name)
    monkeypatch.setattr(ray, "get_runtime_context", lambda: told)
    return tmp_path.name


@asynccontextmanager
async def serving(port: int) -> AsyncIterator[None]:
    """Such a server, as Serve makes one."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", port))
    server = LocalServer(uvicorn.Config(tell_scheme, port=port, lifespan="off", log_config=None))
    serves = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        await until(lambda: server.started or serves.done())
        yield
    finally:
        server.should_exit = True
        await serves


async def answered(name: str) -> str:
    """What a request over TLS, as the ingress passes it on, is answered through the socket of that name."""
    calling = socket.socket(socket.AF_UNIX)
    calling.setblocking(False)
    await asyncio.get_running_loop().sock_connect(calling, local_address(name))
    reader, writer = await asyncio.open_connection(sock=calling)
    writer.write(b"GET / HTTP/1.1\r\nhost: here\r\nx-forwarded-proto: https\r\nconnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer.decode()


async def test_it_is_heard_at_both(node: str) -> None:
    """DEP-25: until it stops; an ingress on this machine is trusted by either way."""
    port = free_port()
    name = local_name(node, port)
    async with serving(port):
        assert is_heard(name)
        async with httpx.AsyncClient() as client:
            by_tcp = await client.get(f"http://127.0.0.1:{port}/", headers={"x-forwarded-proto": "https"})
        assert by_tcp.text == "https"
        assert "https" in await answered(name)
    assert not is_heard(name)


async def test_without_it_there_is_still_the_port(node: str, caplog: pytest.LogCaptureFixture) -> None:
    """DEP-25."""
    port = free_port()
    with socket.socket(socket.AF_UNIX) as taken, caplog.at_level(logging.WARNING):
        taken.bind(local_address(local_name(node, port)))
        async with serving(port), httpx.AsyncClient() as client:
            assert (await client.get(f"http://127.0.0.1:{port}/")).text == "http"
    assert "the ingress comes by TCP" in caplog.text
