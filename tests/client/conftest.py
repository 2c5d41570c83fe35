"""What tests of the client share: a running server, and impatient timing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rayrooms.client.timing import Timing
from tests.client.server import RoomServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

QUICK = Timing(
    ping_every=0.05,
    dead_after=5,
    unacked_after=5,
    join_timeout=5,
    retry_first=0.01,
    retry_most=0.05,
    close_timeout=5,
    tick=0.01,
)


@pytest.fixture
async def server() -> AsyncIterator[RoomServer]:
    server = RoomServer()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
