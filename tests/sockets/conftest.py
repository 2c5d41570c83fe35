"""A town with one private room, and the hub of a gateway that links to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from persistence.tables import Room

from .fakes import FakeAccess
from .town import Town, gateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from serve.sockets.hub import RoomHub
    from serve.sockets.hubs import RoomHubs


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    town = Town(tmp_path)
    yield town
    await town.close()


@pytest.fixture
def access() -> FakeAccess:
    return FakeAccess(Room(id="room", name="r", owner_id="ada", private=True))


@pytest.fixture
async def hubs(town: Town, access: FakeAccess) -> AsyncIterator[RoomHubs]:
    hubs = gateway(town, access)
    yield hubs
    await hubs.close()


@pytest.fixture
async def hub(hubs: RoomHubs) -> RoomHub:
    return hubs.hub("room")
