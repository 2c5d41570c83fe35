"""Jupyter servers with the extension: in front of a recorder, and in front of a real room server."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from tests.live.server import free_port
from tests.notebooks.server.jupyter import Jupyter
from tests.notebooks.server.recorder import PATIENCE, Recorder
from tests.notebooks.server.users import cookie

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.live.server import Server

SECRET = "a secret that both servers hold, 40 bytes"


@asynccontextmanager
async def page_socket(
    jupyter: Jupyter,
    username: str | None = "ada",
    *offered: str,
    origin: str | None = None,
    cookies: str = "",
) -> AsyncIterator[ClientConnection]:
    """Open the proxy's socket as a page of that Jupyter does."""
    login = "" if username is None else f"{cookie(username)}; "
    connection = await connect(
        jupyter.socket_url,
        subprotocols=[Subprotocol(name) for name in offered or ("rayrooms.json",)],
        additional_headers={"Cookie": f"{login}_xsrf=2; session=secret; {cookies}"},
        origin=Origin(origin or jupyter.origin),
        compression="deflate",
        max_size=None,
        open_timeout=PATIENCE,
        ping_interval=None,
        close_timeout=5,
    )
    async with connection:
        yield connection


@pytest.fixture(scope="package")
async def recorder() -> AsyncIterator[Recorder]:
    recorder = Recorder(free_port())
    recorder.start()
    yield recorder
    await recorder.stop()


@pytest.fixture(autouse=True)
def _forget(recorder: Recorder) -> None:
    recorder.reset()


@pytest.fixture(scope="package")
def vouching(recorder: Recorder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """A Jupyter server that holds a secret and leads to the recorder."""
    with Jupyter(
        tmp_path_factory.mktemp("vouching"),
        {"RayroomsProxy": {"url": recorder.url}},
        environment={"RAYROOMS_JUPYTER_SECRET": SECRET},
    ) as jupyter:
        yield jupyter


@pytest.fixture(scope="package")
def guests(recorder: Recorder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """A Jupyter server that holds no secret and leads to the recorder."""
    with Jupyter(tmp_path_factory.mktemp("guests"), {}, environment={"RAYROOMS_URL": f"{recorder.url}/"}) as jupyter:
        yield jupyter


@pytest.fixture(scope="package")
def rooms(server: Server) -> Server:
    """A real room server, which made a secret for Jupyters."""
    return server


@pytest.fixture(scope="package")
def in_front(rooms: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """A Jupyter server in front of the real room server, which vouches with a secret from a file."""
    directory: Path = tmp_path_factory.mktemp("front")
    traits = {"url": rooms.url, "secret_file": str(rooms.jupyter_secret_file)}
    with Jupyter(directory / "jupyter", {"RayroomsProxy": traits}) as jupyter:
        yield jupyter
