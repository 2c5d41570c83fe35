"""The one room server of all tests here.

RAYROOMS_TEST_URL names one that runs already, whose secret for Jupyter is in RAYROOMS_TEST_JUPYTER_SECRET_FILE.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.live.server import OutsideServer, Server, running

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER_URL = os.environ.get("RAYROOMS_TEST_URL", "")
SECRET_FILE = os.environ.get("RAYROOMS_TEST_JUPYTER_SECRET_FILE")


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    if SERVER_URL:
        yield OutsideServer(SERVER_URL, Path(SECRET_FILE) if SECRET_FILE else None)
        return
    with running(gateways="1", warm_pool="2") as server:
        yield server
