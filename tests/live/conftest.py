"""One server for all tests here, and people who use it.

With RAYROOMS_TEST_URL set, the tests talk to the server at that URL instead (it must admit guests); those that need to
look into its processes are skipped.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import httpx
import pytest

from .people import Person, new_guest
from .server import OutsideServer, Server, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

SERVER_URL = os.environ.get("RAYROOMS_TEST_URL", "")

TYPING_TIMEOUT = 1.0
ROOM_IDLE = 3.0
WARM_POOL = 3
AWAKE_BUDGET = 8


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "live":
            item.add_marker(pytest.mark.live)


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    """A server with two gateways, where typing and rooms fall silent soon, and that logs whatever it can."""
    if SERVER_URL:
        yield OutsideServer(SERVER_URL)
        return
    with running(
        gateways="2",
        warm_pool=str(WARM_POOL),
        room_awake_budget=str(AWAKE_BUDGET),
        typing_timeout=str(TYPING_TIMEOUT),
        room_idle=str(ROOM_IDLE),
        max_socket_buffer=str(256 * 1024),
        max_sockets_per_user="100",
        allowed_origins='["https://editor.example"]',
        log_format="json",
        log_level="DEBUG",
    ) as server:
        yield server


@pytest.fixture(scope="package")
def own_server(server: Server) -> Server:
    """The server, when it is ours to look into and to damage."""
    if SERVER_URL:
        pytest.skip("needs a server of its own")
    return server


@pytest.fixture(scope="package")
async def http(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        yield client


@pytest.fixture(scope="package")
def sign_in(server: Server, http: httpx.AsyncClient) -> Callable[[str], Awaitable[Person]]:
    """Sign a new guest in by name."""

    async def sign_in(name: str) -> Person:
        return await new_guest(server, http, name)

    return sign_in


@pytest.fixture(scope="package")
async def ada(sign_in: Callable[[str], Awaitable[Person]]) -> Person:
    return await sign_in("Ada")


@pytest.fixture(scope="package")
async def bob(sign_in: Callable[[str], Awaitable[Person]]) -> Person:
    return await sign_in("Bob")


@pytest.fixture(scope="package")
async def eve(sign_in: Callable[[str], Awaitable[Person]]) -> Person:
    """A stranger to every room."""
    return await sign_in("Eve")
