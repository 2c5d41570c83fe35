"""A directory that is short enough for the sockets of a node."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def short_path() -> Iterator[Path]:
    """Gone after the test; socket paths end at 107 bytes, and pytest's own directories are long."""
    path = Path(tempfile.mkdtemp(prefix="rr-", dir="/tmp"))
    yield path
    shutil.rmtree(path)
