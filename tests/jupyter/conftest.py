"""One room server, two JupyterLabs and one Chromium for all tests here; each person keeps a tab of their own.

Programs (the kernels and Jupyter's extension) reach the room server by one cable, browsers by another, so that tests
can pull either. With RAYROOMS_TEST_URL set, the room server is the one at that URL, whose secret for Jupyter is in the
file RAYROOMS_TEST_JUPYTER_SECRET_FILE.
"""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import httpx
import pytest

from loadtest.lab.page import context_of
from loadtest.lab.server import JupyterServer
from tests.browser.cable import plugged_in
from tests.browser.chromium import chromium
from tests.live.people import Person
from tests.live.server import OutsideServer, Server, running

from .colleague import Colleague

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from playwright.async_api import Browser

    from tests.browser.cable import Cable

    from .widget import Widget

_STRICT = "connect-src 'self'"
"""A content security policy as careful operators set it: pages talk to Jupyter and to nobody else."""


class Arrive(Protocol):
    """Have somebody sit down at a JupyterLab in which nothing is open; at the one with the extension unless told."""

    async def __call__(self, name: str, jupyter: JupyterServer | None = None) -> Colleague: ...


class NewTab(Protocol):
    """Give somebody a tab with nothing loaded, in a context of its own, which may be one that heeds no CSP."""

    async def __call__(
        self, name: str, jupyter: JupyterServer | None = None, *, bypass_csp: bool = False
    ) -> Colleague: ...


class Meeting(NamedTuple):
    """Several people with one notebook open and its first cell run; `editors` are what they see below it."""

    room_id: str
    path: str
    people: list[Colleague]
    editors: list[Widget]


class Meet(Protocol):
    """Have people open a new notebook together. The first of them runs it; `cells` are written below the editor's.

    `options` are further arguments of the editor, which is called `ed`.
    """

    async def __call__(
        self, *names: str, text: str = "", options: str = "", cells: tuple[str, ...] = ()
    ) -> Meeting: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "jupyter":
            item.add_marker(pytest.mark.live)


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    if url := os.environ.get("RAYROOMS_TEST_URL"):
        yield OutsideServer(url, Path(os.environ["RAYROOMS_TEST_JUPYTER_SECRET_FILE"]))
        return
    with running(gateways="1", warm_pool="4") as server:
        yield server


@pytest.fixture(scope="package")
async def inner_cable(server: Server) -> AsyncIterator[Cable]:
    """Between the room server and programs: kernels and Jupyter's extension."""
    async with plugged_in(server.url) as cable:
        yield cable


@pytest.fixture(scope="package")
async def outer_cable(server: Server) -> AsyncIterator[Cable]:
    """Between the room server and browsers."""
    async with plugged_in(server.url) as cable:
        yield cable


@pytest.fixture(scope="package")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def lab(
    server: Server, inner_cable: Cable, outer_cable: Cable, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[JupyterServer]:
    """A Jupyter with the extension, which vouches for its users."""
    proxy = {
        "url": inner_cable.url,
        "public_url": outer_cable.url,
        "secret_file": str(server.jupyter_secret_file),
    }
    yield from _running(JupyterServer(tmp_path_factory.mktemp("lab") / "jupyter", proxy=proxy))


@pytest.fixture(scope="package")
def plain_lab(inner_cable: Cable, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """A Jupyter without the extension, whose pages may talk to nobody but it."""
    directory: Path = tmp_path_factory.mktemp("plain") / "jupyter"
    yield from _running(
        JupyterServer(
            directory,
            proxy=None,
            environment={"RAYROOMS_URL": inner_cable.url},
            headers={"Content-Security-Policy": _STRICT},
        )
    )


def _running(jupyter: JupyterServer) -> Iterator[JupyterServer]:
    try:
        jupyter.start()
        yield jupyter
    finally:
        jupyter.stop()


@pytest.fixture(scope="package")
async def host(server: Server) -> AsyncIterator[Person]:
    """Owns the rooms, and looks at them over REST."""
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        answer = await http.post("/api/auth/guest", json={"name": "Host"})
        assert answer.is_success, answer.text
        session = answer.json()
        yield Person(session["user_id"], "Host", session["token"], server.url, http)


@pytest.fixture(scope="package")
async def desks(browser: Browser) -> AsyncIterator[Desks]:
    async with AsyncExitStack() as stack:
        yield Desks(browser, stack)


class Desks:
    """Tabs with JupyterLab loaded, one for each person and Jupyter, used again by one test after the other."""

    def __init__(self, browser: Browser, stack: AsyncExitStack) -> None:
        self._browser = browser
        self._stack = stack
        self._free: dict[tuple[str, str], Colleague] = {}

    async def take(self, jupyter: JupyterServer, name: str) -> Colleague:
        colleague = self._free.pop((jupyter.url, name), None)
        if colleague is None:
            context = await self._stack.enter_async_context(context_of(self._browser, jupyter.url, name))
            colleague = Colleague(await context.new_page(), jupyter.url, name)
            await colleague.start()
        return colleague

    def put_back(self, colleague: Colleague) -> None:
        self._free[colleague.url, colleague.name] = colleague


@pytest.fixture
async def arrive(desks: Desks, lab: JupyterServer) -> AsyncIterator[Arrive]:
    """Afterwards nobody's console may hold a complaint about us. A tab of a test that failed is not used again."""
    colleagues: list[Colleague] = []

    async def arrive(name: str, jupyter: JupyterServer | None = None) -> Colleague:
        colleagues.append(await desks.take(jupyter or lab, name))
        return colleagues[-1]

    yield arrive
    await leave(*colleagues)
    for colleague in colleagues:
        desks.put_back(colleague)


@pytest.fixture
async def new_tab(browser: Browser, lab: JupyterServer) -> AsyncIterator[NewTab]:
    """The same for tabs that only one test uses."""
    colleagues: list[Colleague] = []
    async with AsyncExitStack() as stack:

        async def new_tab(name: str, jupyter: JupyterServer | None = None, *, bypass_csp: bool = False) -> Colleague:
            url = (jupyter or lab).url
            context = await stack.enter_async_context(context_of(browser, url, name, bypass_csp=bypass_csp))
            colleagues.append(Colleague(await context.new_page(), url, name))
            return colleagues[-1]

        yield new_tab
        await leave(*colleagues)


async def leave(*colleagues: Colleague) -> None:
    """They close what they have open, the first to come last and with the kernel."""
    for colleague in reversed(colleagues):
        await colleague.close(shut_down=colleague is colleagues[0])
    for colleague in colleagues:
        assert colleague.complaints == [], f"the console of {colleague.name}"


@pytest.fixture
def meet(arrive: Arrive, lab: JupyterServer, host: Person) -> Meet:
    async def meet(*names: str, text: str = "", options: str = "", cells: tuple[str, ...] = ()) -> Meeting:
        room_id = await host.make_room(language="python")
        if text:
            await host.insert(room_id, 0, text)
        path = lab.write(f"{room_id}.ipynb", [editor_cell(room_id, options), *cells])
        people = [await arrive(name) for name in names]
        for colleague in people:
            await colleague.open(path)
        await people[0].run_cell(0)
        editors = [await colleague.joins() for colleague in people]
        for editor in editors:
            await editor.sees(text)
        return Meeting(room_id, path, people, editors)

    return meet


def editor_cell(room_id: str, options: str = "") -> str:
    """The source of a cell that shows the room's editor."""
    return f"from rayrooms_jupyter import RoomEditor\ned = RoomEditor({room_id!r}, height='140px', {options})\ned"
