"""A gateway that goes sends its people away in portions."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING, cast

import pytest

from serve.sockets import open_connections as module
from serve.sockets.open_connections import OpenConnections

if TYPE_CHECKING:
    from serve.sockets.connection import Connection
    from serve.sockets.payload import Payload


class Seat:
    """A connection that notes when it was told to go."""

    def __init__(self, log: list[Seat]) -> None:
        self.closed = False
        self.reasons: list[str] = []
        self._log = log

    def send_away(self, payload: Payload, reason: str) -> None:
        assert not self.closed, "once"
        assert b"going_away" in payload._json
        self.closed = True
        self.reasons.append(reason)
        self._log.append(self)


@pytest.fixture
def gone() -> list[Seat]:
    return []


async def test_all_are_told_and_closed_in_portions(gone: list[Seat], monkeypatch: pytest.MonkeyPatch) -> None:
    """WS-26: those whose turn has not come are served on, and whoever comes meanwhile goes as well."""
    monkeypatch.setattr(module, "_PAUSE", 0.01)
    monkeypatch.setattr(module, "_WITHIN", 0.1)
    connections = OpenConnections()
    seats = [Seat(gone) for _ in range(200)]
    late = Seat(gone)
    with ExitStack() as stack:
        for seat in seats:
            stack.enter_context(connections.holding(cast("Connection", seat)))
        assert len(connections) == 200
        going = asyncio.create_task(connections.send_away("the gateway stops"))
        await asyncio.sleep(0)
        assert len(gone) == 20
        stack.enter_context(connections.holding(cast("Connection", late)))
        await going
    assert set(gone) == {*seats, late}
    assert all(seat.reasons == ["the gateway stops"] for seat in gone)


async def test_a_few_go_at_once(gone: list[Seat]) -> None:
    """WS-26: nobody waits for a pause that serves no one."""
    connections = OpenConnections()
    with ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(connections.holding(cast("Connection", Seat(gone))))
        async with asyncio.timeout(0.05):
            await connections.send_away("the gateway stops")
    assert len(gone) == 10
