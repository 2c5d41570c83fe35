"""One server and one Chromium for all tests here; each visitor gets a profile of their own.

With RAYROOMS_TEST_URL set, the tests visit the server at that URL instead (started with the settings below); those that
kill its processes are skipped.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import httpx
import pytest

from tests.live.people import Person
from tests.live.server import OutsideServer, Server, running

from .chromium import chromium
from .profile import Profiles, profiles_of
from .visitor import Screen, Visitor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from playwright.async_api import Browser

SERVER_URL = os.environ.get("RAYROOMS_TEST_URL", "")

LOG_WINDOW = 100
"""How many operations rooms remember: few, so that someone who was away for long meets a room that cannot tell all."""

DESK = Screen()
PHONE = Screen(width=380, height=800)


class Visit(Protocol):
    """Send someone to the site in a fresh profile, signed in by that name unless told otherwise."""

    async def __call__(self, name: str, *, signed_in: bool = True, screen: Screen = DESK) -> Visitor: ...


class Meeting(NamedTuple):
    """Several visitors in one room, the first of whom owns it."""

    room_id: str
    visitors: list[Visitor]


class Meet(Protocol):
    """Send people into a new room of the first of them, which holds `text`; `fields` are the room's."""

    async def __call__(self, *names: str, text: str = "", **fields: Any) -> Meeting: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker(pytest.mark.live)


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    """A server with two gateways."""
    if SERVER_URL:
        yield OutsideServer(SERVER_URL)
        return
    with running(gateways="2", warm_pool="4", room_idle="3", log_window=str(LOG_WINDOW)) as server:
        yield server


@pytest.fixture(scope="package")
def own_server(server: Server) -> Server:
    """The server, when it is ours to damage."""
    if SERVER_URL:
        pytest.skip("needs a server of its own")
    return server


@pytest.fixture(scope="package")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
async def http(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        yield client


@pytest.fixture(scope="package")
async def profiles(browser: Browser, server: Server) -> AsyncIterator[Profiles]:
    async with profiles_of(browser, server.url) as profiles:
        yield profiles


@pytest.fixture
async def visit(server: Server, profiles: Profiles, http: httpx.AsyncClient) -> AsyncIterator[Visit]:
    """Afterwards nobody's console may hold an error."""
    visitors: list[Visitor] = []
    async with AsyncExitStack() as stack:

        async def visit(name: str, *, signed_in: bool = True, screen: Screen = DESK) -> Visitor:
            session = await _sign_in(http, name) if signed_in else None
            person = Person(session["user_id"], name, session["token"], server.url, http) if session else None
            profile = await stack.enter_async_context(profiles.one())
            visitor = Visitor(profile, person, screen)
            await visitor.use(await profile.wiped(session))
            visitors.append(visitor)
            return visitor

        yield visit
    for visitor in visitors:
        assert visitor.complaints == [], f"the console of {visitor.name}"


@pytest.fixture
def meet(visit: Visit) -> Meet:
    async def meet(*names: str, text: str = "", **fields: Any) -> Meeting:
        visitors = [await visit(name) for name in names]
        owner, *guests = (visitor.person for visitor in visitors)
        room_id = await owner.make_room(**fields)
        if text:
            await owner.insert(room_id, 0, text)
        for guest in guests:
            await owner.api("POST", f"/api/rooms/{room_id}/members", {"user_id": guest.user_id, "role": "member"})
        await asyncio.gather(*(visitor.enter(room_id) for visitor in visitors))
        if len(text) < 1_000:
            for visitor in visitors:
                await visitor.sees(text)
        return Meeting(room_id, visitors)

    return meet


async def _sign_in(http: httpx.AsyncClient, name: str) -> dict[str, Any]:
    answer = await http.post("/api/auth/guest", json={"name": name})
    assert answer.is_success, answer.text
    signed_in: dict[str, Any] = answer.json()
    return signed_in
