"""The widgets' built files, and what is left when the configuration is wrong."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest
from websockets.exceptions import InvalidStatus

from tests.live.server import ROOT
from tests.notebooks.server.conftest import SECRET, page_socket
from tests.notebooks.server.jupyter import Jupyter

if TYPE_CHECKING:
    from pathlib import Path

    from tests.notebooks.server.recorder import Recorder

STATIC = ROOT / "notebooks" / "rayrooms_jupyter" / "static"


@pytest.fixture
def bundle() -> str:
    """The name of the built bundle."""
    built = [path.name for path in STATIC.glob("widget-*.js")]
    if not built:
        pytest.skip("the notebook bundle is not built")
    return built[0]


async def test_files_are_served_to_everybody(vouching: Jupyter, bundle: str) -> None:
    """PROXY-13: files come without login, of their right type, and those with a hash in their name may be kept."""
    async with httpx.AsyncClient(base_url=f"{vouching.url}rayrooms/static/") as anybody:
        answer = await anybody.get(bundle)
        assert answer.status_code == 200
        assert answer.content == (STATIC / bundle).read_bytes()
        assert answer.headers["Content-Type"] == "text/javascript"
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert (await anybody.get("manifest.json")).headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "name", ["", "none.js", "../server/config.py", "%2e%2e/server/config.py", "..%2f__init__.py", ".", "..", ".hidden"]
)
async def test_no_other_file_is(vouching: Jupyter, bundle: str, name: str) -> None:
    """PROXY-13: there is no list, and no way out of the directory."""
    async with vouching.page("ada") as page:
        answer = await page.get(f"{vouching.url}rayrooms/static/{name}", follow_redirects=True)
        assert answer.status_code == 404


async def test_an_unusable_secret_is_never_no_secret(recorder: Recorder, bundle: str, tmp_path: Path) -> None:
    """PROXY-3: with a secret that cannot be used, the log says why and all routes but the files refuse."""
    with Jupyter(tmp_path / "jupyter", {"RayroomsProxy": {"url": recorder.url, "secret": "short"}}) as jupyter:
        assert "The secret is too short" in jupyter.log()
        async with jupyter.page("ada") as page:
            for answer in (
                await page.get("session"),
                await page.get("api/rooms/r"),
                await page.post("api/auth/guest", json={"name": "Ada"}),
            ):
                assert answer.status_code == 503
                assert answer.json()["code"] == "misconfigured"
                assert "too short" in answer.json()["detail"]
            assert (await page.get(f"static/{bundle}")).status_code == 200
        with pytest.raises(InvalidStatus) as refused:
            async with page_socket(jupyter):
                pass
        assert refused.value.response.status_code == 503
        async with jupyter.page(None) as stranger:
            assert "short" not in (await stranger.get("session")).text
    assert recorder.calls == []


async def test_kernels_know_the_server_and_not_the_secret(vouching: Jupyter, recorder: Recorder) -> None:
    """PROXY-2: a kernel's environment names the room server and holds no secret."""
    kernels = f"{vouching.url}api/kernels"
    async with vouching.page("ada") as page:
        started = await page.post(kernels, json={})
        assert started.status_code == 201, started.text
        [kernel] = [child for child in vouching.process.children() if "ipykernel" in " ".join(child.cmdline())]
        environment = kernel.environ()
        await page.delete(f"{kernels}/{started.json()['id']}")
    psutil.wait_procs([kernel], timeout=20)
    assert environment["RAYROOMS_URL"] == recorder.url
    assert SECRET not in environment.values()
    assert not [name for name in environment if name.startswith("RAYROOMS_JUPYTER")]
    assert "RAYROOMS_JUPYTER_SECRET" not in os.environ


@pytest.mark.parametrize("way", ["command line", "configuration file"])
async def test_ways_to_configure(way: str, recorder: Recorder, tmp_path: Path) -> None:
    """PROXY-1: the traits come from the command line and from jupyter_server_config.py."""
    options: tuple[str, ...] = ()
    file = None
    if way == "command line":
        options = (f"--RayroomsProxy.url={recorder.url}", f"--RayroomsProxy.secret={SECRET}")
    else:
        file = f"c.RayroomsProxy.url = {recorder.url!r}\nc.RayroomsProxy.secret = {SECRET!r}\n"
    with Jupyter(tmp_path / "jupyter", {}, options=options, config_file=file) as jupyter:
        async with jupyter.page("ada") as page:
            session = (await page.get("session")).json()
        assert (session["url"], session["verified"]) == (recorder.url, True)
        assert SECRET not in jupyter.log()
