"""A town with one private room, for hubs to link to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from persistence.tables import Room

from .fakes import FakeAccess
from .town import Town

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    town = Town(tmp_path)
    yield town
    await town.close()


@pytest.fixture
def access() -> FakeAccess:
    return FakeAccess(Room(id="room", name="r", owner_id="ada", private=True))
