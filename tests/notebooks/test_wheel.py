"""The distributions: what is in them, what making and installing them needs, and that what was installed works."""

from __future__ import annotations

import email
import os
import re
import shutil
import tarfile
import zipfile
from typing import TYPE_CHECKING, NamedTuple

import httpx
import pytest
from playwright.async_api import expect

from loadtest.lab.page import context_of
from loadtest.lab.server import JupyterServer
from loadtest.lab.users import COOKIE
from rayrooms import RoomClient
from tests.browser.chromium import chromium
from tests.jupyter.colleague import Colleague
from tests.live.server import ROOT
from tests.notebooks.packages import Environment, Failed, build, run, unpack, without_node

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.live.server import Server

MAX_WHEEL_BYTES = 1_000_000
_WHEEL_FILES = re.compile(
    r"""rayrooms/(\w+/)?\w+\.py | rayrooms/py\.typed
      | rayrooms_jupyter/((relay|server)/)?\w+\.py | rayrooms_jupyter/py\.typed
      | rayrooms_jupyter/static/(loader\.js | manifest\.json | (widget|grammar-\w+)-[0-9a-f]{10}\.js)
      | rayrooms-[\d.]+\.data/data/etc/jupyter/jupyter_server_config\.d/rayrooms\.json
      | rayrooms-[\d.]+\.dist-info/(METADATA | WHEEL | RECORD | licenses/LICENSE)""",
    re.VERBOSE,
)
_SDIST_FOLDERS = {"docs", "notebooks", "rayrooms", "scripts", "web"}
_NO_NODE = "building from a checkout needs Node 24 or newer, with npm; none was found."

_CELL = """\
import rayrooms_jupyter
from rayrooms_jupyter import RoomChat, RoomEditor
print(rayrooms_jupyter.__file__)
ed = RoomEditor("installed", url="{url}")
chat = RoomChat(ed, transport="proxy")
display(ed, chat)
"""

_TALK = """\
import asyncio
from rayrooms import RestClient, RoomClient

async def talk(url):
    async with RestClient(url) as rest:
        await rest.sign_in_guest("Ada")
        room_id = (await rest.create_room("Talk")).room_id
    async with RoomClient.open(url, room_id, token=rest.token) as ada, RoomClient.open(url, room_id, name="Bob") as bob:
        ada.insert(0, "hello")
        print(await bob.wait_text("hello", timeout=30))

asyncio.run(talk("{url}"))
"""


class Distributions(NamedTuple):
    """The sdist of this checkout, what it unpacks to, and the wheel that was made of that where there is no Node."""

    sdist: Path
    source: Path
    wheel: Path


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    directory = tmp_path_factory.mktemp("dist")
    nodeless = without_node(directory / "no-programs")
    (directory / "made").mkdir()
    sdist = build("sdist", ROOT, directory / "made", nodeless)
    source = unpack(sdist, directory / "unpacked")
    return Distributions(sdist, source, build("wheel", source, directory / "made", nodeless))


@pytest.fixture(scope="module")
def installed(distributions: Distributions, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """JupyterLab and the wheel with its extra, and nothing else."""
    directory = tmp_path_factory.mktemp("installed") / "env"
    return Environment(directory, "jupyterlab", f"rayrooms[notebook] @ {distributions.wheel.as_uri()}")


@pytest.fixture(scope="module")
def jupyter(
    installed: Environment, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[JupyterServer]:
    """That JupyterLab, which finds the extension by what the wheel brought, configured by its environment alone."""
    directory = tmp_path_factory.mktemp("jupyter")
    users = directory / "path" / "loadtest" / "lab"
    users.mkdir(parents=True)
    shutil.copy(ROOT / "loadtest" / "lab" / "users.py", users)
    environment = {
        "PYTHONPATH": str(directory / "path"),
        "PATH": f"{installed.python.parent}{os.pathsep}{os.environ['PATH']}",
        "RAYROOMS_URL": server.url,
        "RAYROOMS_JUPYTER_SECRET_FILE": str(server.jupyter_secret_file),
    }
    jupyter = JupyterServer(directory / "lab", proxy=None, environment=environment, python=str(installed.python))
    try:
        jupyter.start()
        yield jupyter
    finally:
        jupyter.stop()


def test_the_wheel_holds_the_library_and_the_widgets(distributions: Distributions) -> None:
    """NB-92: under 1 MB: both packages, typed, the built bundle, and what enables the extension; nothing else."""
    assert distributions.wheel.stat().st_size < MAX_WHEEL_BYTES
    with zipfile.ZipFile(distributions.wheel) as wheel:
        names = wheel.namelist()
        assert [name for name in names if _WHEEL_FILES.fullmatch(name) is None] == []
        assert {"rayrooms/py.typed", "rayrooms_jupyter/py.typed", "rayrooms_jupyter/static/loader.js"} <= set(names)
        assert any(name.endswith("/rayrooms.json") for name in names)
        (metadata,) = (wheel.read(name).decode() for name in names if name.endswith("/METADATA"))
    packed = {name for name in names if name.startswith("rayrooms_jupyter/static/")}
    built = (ROOT / "notebooks" / "rayrooms_jupyter" / "static").iterdir()
    assert packed == {f"rayrooms_jupyter/static/{path.name}" for path in built}

    requirements = email.message_from_string(metadata).get_all("Requires-Dist", [])
    needed = {re.split(r"[<>=;\[ ]", one, maxsplit=1)[0] for one in requirements if "extra ==" not in one}
    extra = {re.split(r"[<>=;\[ ]", one, maxsplit=1)[0] for one in requirements if "extra == 'notebook'" in one}
    assert needed == {"httpx", "msgspec", "websockets"}
    assert extra == {"anywidget", "ipython", "ipywidgets", "jupyter-core"}


def test_the_sdist_holds_the_sources_of_the_wheel(distributions: Distributions, tmp_path: Path) -> None:
    """NB-93: the sdist has the TypeScript sources, no packages, no tests; the same wheel comes of it without Node."""
    with tarfile.open(distributions.sdist) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    assert {name.partition("/")[0] for name in names if "/" in name} == _SDIST_FOLDERS
    assert [name for name in names if re.search(r"(^|/)(node_modules|test|tests|dist|__pycache__)/|\.map$", name)] == []
    assert {"web/notebook/build.ts", "web/client/src/index.ts", "web/package-lock.json", "web/app/src/app.tsx"} <= {
        *names
    }
    assert {f"notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")} <= {*names}

    of_checkout = build("wheel", ROOT, tmp_path, without_node(tmp_path / "no-programs"))
    assert of_checkout.read_bytes() == distributions.wheel.read_bytes()


def test_without_bundle_and_node_a_build_says_so(distributions: Distributions, tmp_path: Path) -> None:
    """NB-93: where the bundle is missing and cannot be built, the build fails with a sentence that says what to do."""
    source = shutil.copytree(distributions.source, tmp_path / "source")
    shutil.rmtree(source / "notebooks" / "rayrooms_jupyter" / "static")
    (tmp_path / "made").mkdir()
    with pytest.raises(Failed) as failure:
        build("wheel", source, tmp_path / "made", without_node(tmp_path / "no-programs"))
    assert _NO_NODE in str(failure.value)
    assert "Traceback" not in str(failure.value)
    assert list((tmp_path / "made").iterdir()) == []


def test_programs_need_no_notebook(distributions: Distributions, server: Server, tmp_path: Path) -> None:
    """NB-95: without the extra the clients work, and the widgets name what to install."""
    bare = Environment(tmp_path / "env", f"rayrooms @ {distributions.wheel.as_uri()}")
    assert {"ray", "anywidget", "ipywidgets", "ipython", "jupyterlab"} & bare.packages() == set()
    assert bare.run(_TALK.replace("{url}", server.url)) == "hello\n"
    for program in (
        "import rayrooms_jupyter; from rayrooms_jupyter import RoomEditor",
        "import rayrooms_jupyter; rayrooms_jupyter.load_ipython_extension(None)",
    ):
        with pytest.raises(Failed) as failure:
            bare.run(program)
        last = str(failure.value).strip().splitlines()[-1]
        assert re.fullmatch(
            r"ImportError: The widgets need \w+, which is not installed here: pip install 'rayrooms\[notebook\]'", last
        )


def test_widgets_need_the_extra_only(distributions: Distributions, tmp_path: Path) -> None:
    """NB-95: with the extra and nothing else all names of `rayrooms_jupyter` can be used, as in a kernel elsewhere."""
    kernels = Environment(tmp_path / "env", f"rayrooms[notebook] @ {distributions.wheel.as_uri()}")
    assert {"ray", "jupyter-server", "jupyterlab"} & kernels.packages() == set()
    assert kernels.run(
        "import rayrooms_jupyter.magics; from rayrooms_jupyter import *; print(RoomEditor.__name__)"
    ) == ("RoomEditor\n")


def test_jupyter_finds_the_extension(installed: Environment, tmp_path: Path) -> None:
    """NB-94: in an environment of JupyterLab and the wheel alone the extension is enabled and valid, with no Ray."""
    assert "ray" not in installed.packages()
    own = {f"JUPYTER_{kind}_DIR": str(tmp_path / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    environment = {**{name: value for name, value in os.environ.items() if name != "PYTHONPATH"}, **own}
    listed = run(installed.command("jupyter"), "server", "extension", "list", env=environment, timeout=60)
    plain = re.sub(r"\x1b\[\d*m", "", listed)
    assert re.search(r"rayrooms_jupyter\s+enabled", plain)
    assert re.search(r"rayrooms_jupyter\s+OK", plain)


async def test_jupyter_serves_the_extension(jupyter: JupyterServer, server: Server) -> None:
    """NB-94: that Jupyter vouches for its user, forwards to the room server and serves the bundle of the wheel."""
    cookies = {COOKIE: "Ada", "_xsrf": "x"}
    async with httpx.AsyncClient(base_url=jupyter.url, cookies=cookies, headers={"X-XSRFToken": "x"}) as page:
        session = (await page.get("rayrooms/session")).json()
        assert (session["url"], session["verified"], session["user_id"]) == (server.url, True, "jupyter-ada")
        assert (await page.get("rayrooms/api/rooms/no-such-room")).json()["code"] == "room_not_found"
        for built in (ROOT / "notebooks" / "rayrooms_jupyter" / "static").glob("widget-*.js"):
            assert (await page.get(f"rayrooms/static/{built.name}")).text == built.read_text()


async def test_somebody_uses_what_was_installed(jupyter: JupyterServer, installed: Environment, server: Server) -> None:
    """NB-94: a room is edited there directly and read in the kernel, and its chat comes through the proxy."""
    path = jupyter.write("installed.ipynb", [_CELL.replace("{url}", server.url), "print(ed.text)"])
    async with chromium() as browser, context_of(browser, jupyter.url, "Ada") as context:
        ada = Colleague(await context.new_page(), jupyter.url, "Ada")
        await ada.start()
        await ada.open(path)
        await ada.run_cell(0)
        editor = await ada.joins()
        chat = await ada.joins("chat")
        await editor.uses("direct")
        await chat.uses("proxy")
        assert str(installed.python.parent.parent) in await ada.outputs(0)

        async with RoomClient.open(server.url, "installed", name="Bob") as bob:
            await editor.type("hello from the wheel")
            await bob.wait_text("hello from the wheel", timeout=30)
            assert {user.user_id: user.verified for user in bob.users}["jupyter-ada"]
            bob.send_chat("I see it")
            await expect(chat.host.get_by_text("I see it")).to_be_visible()
        await editor.is_saved()
        await ada.run_cell(1)
        await expect(ada.output(1)).to_contain_text("hello from the wheel")
        assert ada.complaints == []
        await ada.close(shut_down=True)
