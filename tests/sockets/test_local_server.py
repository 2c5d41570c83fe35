"""The HTTP server that listens on a Unix socket beside its port, and at the address of the ingress."""

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

from persistence.settings import Settings
from serve import http_server
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
    monkeypatch.setattr(http_server, "is_gateway", lambda: True)
    return tmp_path.name


@pytest.fixture(autouse=True)
def public(monkeypatch: pytest.MonkeyPatch) -> int:
    """The port of the ingress."""
    settings = Settings(port=free_port())
    monkeypatch.setattr(http_server, "get_settings", lambda: settings)
    return settings.port


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


def is_listened_at(port: int) -> bool:
    """Whether anybody takes connections there."""
    with socket.socket() as calling:
        return calling.connect_ex(("127.0.0.1", port)) == 0


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


@pytest.mark.usefixtures("node")
async def test_people_come_straight(public: int) -> None:
    """DEP-26, DEP-27: and what they say is trusted as the ingress passes it on; until the server stops."""
    async with serving(free_port()), httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{public}/", headers={"x-forwarded-proto": "https"})
        assert answer.text == "https"
    assert not is_listened_at(public)


@pytest.mark.usefixtures("node")
async def test_they_need_not(public: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """DEP-26: where that is switched off."""
    monkeypatch.setattr(http_server, "get_settings", lambda: Settings(port=public, direct=False))
    async with serving(free_port()):
        assert not is_listened_at(public)


@pytest.mark.usefixtures("node")
async def test_an_address_that_is_not_shared(public: int, caplog: pytest.LogCaptureFixture) -> None:
    """DEP-26: the ingress brings everybody then."""
    port = free_port()
    with socket.socket() as alone, caplog.at_level(logging.WARNING):
        alone.bind(("127.0.0.1", public))
        alone.listen()
        async with serving(port), httpx.AsyncClient() as client:
            assert (await client.get(f"http://127.0.0.1:{port}/")).text == "http"
    assert "everybody comes by the ingress" in caplog.text


async def test_serve_s_own_proxy_has_its_port_alone(node: str, public: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """DEP-25, DEP-26: it stands by where no gateway is well."""
    monkeypatch.undo()
    monkeypatch.setattr(http_server, "get_settings", lambda: Settings(port=public))
    port = free_port()
    async with serving(port), httpx.AsyncClient() as client:
        assert (await client.get(f"http://127.0.0.1:{port}/")).text == "http"
        assert not is_heard(local_name(node, port))
        assert not is_listened_at(public)
