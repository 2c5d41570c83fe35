"""What an operator is told of the awake rooms and of the gateways."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from actors.directory.directory import Directory
from actors.directory.overview import Attendance, Gateway, look_at
from actors.host.figures import Pace, RoomFigures, private_memory

from .fakes import CONFIG, FakeFleet
from .hosting import Gateway as LinkedGateway
from .hosting import edits, on_stage
from .rooms import ADA

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
async def fleet() -> FakeFleet:
    return FakeFleet()


@pytest.fixture
async def directory(fleet: FakeFleet) -> Directory:
    directory = Directory(fleet, CONFIG, warm=0, budget=100, clock=lambda: fleet.now)
    for room_id in "cab":
        await directory.locate(room_id)
    return directory


async def test_all_rooms_or_some(directory: Directory) -> None:
    """OPS-13: by id; a room that sleeps is not among them, and none is woken."""
    assert [room.room_id for room in await look_at(directory.owners())] == ["a", "b", "c"]
    assert [room.room_id for room in await look_at(directory.owners(), ["c", "d"])] == ["c"]
    assert [address.room_id for address in directory.rooms()] == ["c", "a", "b"]


async def test_one_that_hangs_or_is_dead_keeps_nobody_waiting(fleet: FakeFleet, directory: Directory) -> None:
    """OPS-13: it is told where it should be, without figures; the others have theirs."""
    figures = RoomFigures(users=2, version=9, durable=8, edits=3, edits_per_second=0.5, memory_bytes=1)
    for worker in fleet.workers:
        worker.figures = figures
    hanging, dead, well = fleet.workers
    hanging.let_go.clear()
    dead.lost = True
    began = asyncio.get_running_loop().time()
    found = {room.room_id: room for room in await look_at(directory.owners(), within=0.2)}
    assert asyncio.get_running_loop().time() - began < 2
    assert found["c"].figures is None
    assert found["a"].figures is None
    assert found["b"].figures == figures
    assert (found["c"].pid, found["c"].epoch, found["c"].host) == (hanging.number, 1, "127.0.0.1")
    assert well.address is not None
    assert "secret" not in found["b"].__struct_fields__


async def test_one_that_was_released_meanwhile(fleet: FakeFleet, directory: Directory) -> None:
    """OPS-13: what its actor does next is not told as its own."""
    owners = directory.owners()
    await directory.release("a")
    found = {room.room_id: room for room in await look_at(owners)}
    assert (found["a"].figures, found["a"].sessions) == (None, 0)


async def test_a_room_tells_its_figures(tmp_path: Path) -> None:
    """OPS-13: people, versions, edits since it woke, and what its process holds."""
    async with on_stage(tmp_path / "feed") as stage, LinkedGateway.linked(stage.address) as gateway:
        stage.feed.storing = False
        await gateway.attach(ADA, "ada")
        await gateway.attach(ADA + 1, "ada", client_id="second")
        await edits(gateway, 3)
        figures = stage.host.status().figures
        assert figures is not None
        assert (figures.users, figures.version, figures.durable, figures.edits) == (1, 3, 0, 3)
        assert figures.edits_per_second > 0
        stage.feed.store()
        await stage.stored()
        figures = stage.host.status().figures
        assert figures is not None
        assert figures.durable == 3
        assert 1_000_000 < figures.memory_bytes == pytest.approx(private_memory(), rel=0.5)
        await stage.host.release()
        assert stage.host.status().figures is None


def test_pace() -> None:
    """OPS-13: edits a second over the last ten; what came before the room woke is not counted."""
    pace = Pace(100, 0.0)
    assert (pace.edits(100), pace.per_second(100, 0.0)) == (0, 0.0)
    assert pace.per_second(105, 0.1) == 5
    for second in range(1, 21):
        pace.sample(100 + 4 * second, float(second))
    assert pace.edits(180) == 80
    assert pace.per_second(180, 20.0) == 4
    for second in range(21, 32):
        pace.sample(180, float(second))
    assert pace.per_second(180, 32.0) == 0


def test_attendance() -> None:
    """OPS-12: gateways are told as they last said they are, until they leave or say nothing for long."""
    now = [0.0]
    attendance = Attendance(clock=lambda: now[0])
    for name, sockets in (("b", 1), ("a", 2), ("b", 3)):
        attendance.signed(Gateway(name, "node", 1, sockets, 0))
    assert [(one.gateway_id, one.sockets) for one in attendance.present()] == [("a", 2), ("b", 3)]
    now[0] = 10.0
    attendance.signed(Gateway("b", "node", 1, 4, 0))
    now[0] = 20.0
    assert [one.gateway_id for one in attendance.present()] == ["b"]
    attendance.left("b")
    attendance.left("unknown")
    assert attendance.present() == []
