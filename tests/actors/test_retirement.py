"""A node that is about to go: its rooms move, a few at a time, and it gets no more."""

from __future__ import annotations

import asyncio

import pytest

from actors.directory import retirement as retirement_module
from actors.directory.directory import Directory
from rayrooms.errors import ConflictError, UnavailableError

from .fakes import CONFIG, FakeFleet, turns


@pytest.fixture
def fleet() -> FakeFleet:
    return FakeFleet("n1", "n2")


def directory_of(fleet: FakeFleet, *, warm: int = 0) -> Directory:
    return Directory(fleet, CONFIG, warm=warm, budget=100, clock=lambda: fleet.now)


def nodes_of(directory: Directory) -> dict[str, str]:
    return {address.room_id: address.node_id for address in directory.rooms()}


async def test_rooms_are_spread_over_nodes(fleet: FakeFleet) -> None:
    """NODE-1."""
    directory = directory_of(fleet)
    for room_id in "abcd":
        await directory.locate(room_id)
    assert sorted(nodes_of(directory).values()) == ["n1", "n1", "n2", "n2"]


async def test_a_drained_node_has_no_rooms_and_gets_none(fleet: FakeFleet) -> None:
    """NODE-2: its rooms fall asleep there and wake elsewhere, and blank actors of it end."""
    directory = directory_of(fleet, warm=2)
    for room_id in "abcd":
        await directory.locate(room_id)
    await turns()
    doomed = [room_id for room_id, node_id in nodes_of(directory).items() if node_id == "n1"]
    assert doomed
    drained = await directory.retirement.drain("n1")
    assert drained.rooms == len(doomed)
    assert directory.retirement.drained() == ["n1"]
    assert set(nodes_of(directory).values()) == {"n2"}
    assert nodes_of(directory).keys() == set("abcd")
    alive = [worker for worker in fleet.workers if not worker.killed]
    assert {worker.node_id for worker in alive} == {"n2"}


async def test_rooms_sleep_and_are_not_cut_off(fleet: FakeFleet) -> None:
    """NODE-3: their people stay connected; only one that is too busy to fall asleep hangs up."""
    directory = directory_of(fleet)
    for room_id in "ab":
        await directory.locate(room_id)
    worker = next(worker for worker in fleet.workers if worker.node_id == "n1")
    await directory.retirement.drain("n1")
    assert f"sleep {worker.number}" in fleet.events
    assert f"release {worker.number}" not in fleet.events
    other, _ = [worker for worker in fleet.workers if worker.node_id == "n2" and worker.address is not None]
    await directory.retirement.reopen("n1")
    assert directory.retirement.drained() == []
    other.busy = True
    await directory.retirement.drain("n2")
    assert f"release {other.number}" in fleet.events


async def test_an_actor_stands_ready_before_a_room_is_let_go_of(fleet: FakeFleet) -> None:
    """NODE-3: so that whoever says something next does not wait for a process."""
    directory = directory_of(fleet, warm=1)
    await directory.recover()
    await turns()
    for room_id in "abcd":
        await directory.locate(room_id)
    doomed = {worker for worker in fleet.workers if worker.node_id == "n1" and worker.address is not None}
    assert len(doomed) >= 2
    before = len(fleet.events)
    await directory.retirement.drain("n1")
    left = [fleet.events.index(f"sleep {worker.number}", before) for worker in doomed]
    owners = [worker for worker in fleet.workers if worker.address is not None]
    assert len(owners) == len("abcd")
    for owner in owners:
        woken = fleet.events.index(f"activate {owner.number}")
        if woken > before:
            last_left = max(moment for moment in left if moment < woken)
            assert fleet.events.index(f"spawn {owner.number}") < last_left


async def test_the_only_node_is_not_drained() -> None:
    """NODE-2: its rooms would have nowhere to go."""
    fleet = FakeFleet("n1")
    directory = directory_of(fleet)
    await directory.locate("a")
    with pytest.raises(ConflictError):
        await directory.retirement.drain("n1")
    assert nodes_of(directory) == {"a": "n1"}
    assert (await directory.locate("b")).node_id == "n1"


async def test_what_cannot_be_stored_stays_and_is_said(fleet: FakeFleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """NODE-3, DIR-5: a room is not given up because its node is to go."""
    monkeypatch.setattr(retirement_module, "_PATIENCE", 0.05)
    monkeypatch.setattr(retirement_module, "_RETRY", 0.01)
    directory = directory_of(fleet)
    address = await directory.locate("a")
    fleet.workers[0].refusal = UnavailableError("Postgres is away", code="database_unavailable")
    with pytest.raises(UnavailableError) as refusal:
        await directory.retirement.drain(address.node_id)
    assert refusal.value.code == "database_unavailable"
    assert await directory.peek("a") == address
    fleet.workers[0].refusal = None
    assert (await directory.retirement.drain(address.node_id)).rooms == 1


async def test_a_restarted_directory_knows_which_nodes_are_retired(fleet: FakeFleet) -> None:
    """NODE-2: the node itself remembers, until it is opened again."""
    first = directory_of(fleet)
    await first.retirement.drain("n1")
    second = directory_of(fleet)
    await second.recover()
    addresses = await asyncio.gather(*(second.locate(room_id) for room_id in "abcd"))
    assert {address.node_id for address in addresses} == {"n2"}
    await second.retirement.reopen("n1")
    third = directory_of(FakeFleet("n1", "n2"))
    await third.recover()
    assert (await third.locate("a")).node_id == "n1"
