"""Rooms that share an actor: which slot is handed out, and what ends when one is given up."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.directory import fleet as fleets
from actors.directory.fleet import RayFleet
from actors.directory.placement import Node
from actors.directory.slots import Slots
from actors.directory.worker import WorkerLostError
from actors.host.config import HostStatus
from persistence.settings import Settings
from rayrooms.errors import UnavailableError

from .fakes import turns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

NODE = Node("node", "127.0.0.1")


class FakeProcess:
    """A room actor that does what it is told; `fails` is how it answers instead."""

    made: list[FakeProcess]
    may_start: asyncio.Event

    def __init__(self, node_id: str, slots: int) -> None:
        self.node_id = node_id
        self.slots = slots
        self.is_silent = False
        self.is_killed = False
        self.fails: Exception | None = None
        self.renewed: list[int] = []
        self.made.append(self)

    async def start(self, _: Callable[[], Awaitable[object]]) -> None:
        await self.may_start.wait()
        if self.fails is not None:
            raise self.fails

    async def ask(self, method: str, *args: Any, slot: int = 0, within: float) -> HostStatus | None:
        assert within > 0
        await asyncio.sleep(0)
        if self.fails is not None:
            self.is_silent = isinstance(self.fails, WorkerLostError)
            raise self.fails
        if method == "status":
            return HostStatus(1, "node", None, 0, float(slot))
        assert method == "renew"
        self.renewed.append(args[0])
        return None

    async def kill(self) -> None:
        self.is_killed = True


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[FakeProcess]:
    """All room actors that were made, in order."""
    monkeypatch.setattr(FakeProcess, "made", [], raising=False)
    monkeypatch.setattr(FakeProcess, "may_start", asyncio.Event(), raising=False)
    FakeProcess.may_start.set()
    monkeypatch.setattr(fleets, "RayProcess", FakeProcess)
    return FakeProcess.made


def fleet_of(slots: int) -> RayFleet:
    return RayFleet(Settings(rooms_per_actor=slots), directory="directory")


async def test_alone_each_room_has_an_actor_of_its_own(processes: list[FakeProcess]) -> None:
    """SLOT-1: unless it is told otherwise."""
    fleet = RayFleet(Settings(), directory="directory")
    workers = [await fleet.spawn(NODE) for _ in range(3)]
    assert [process.slots for process in processes] == [1, 1, 1]
    await workers[1].kill()
    assert [(process.is_killed, process.renewed) for process in processes] == [(False, []), (True, []), (False, [])]


async def test_rooms_share_an_actor_until_it_is_full(processes: list[FakeProcess]) -> None:
    """SLOT-1: also those that are asked for while it starts."""
    fleet = fleet_of(3)
    workers = await asyncio.gather(*(fleet.spawn(NODE) for _ in range(4)))
    assert len(processes) == 2
    assert len({(worker.process, worker.slot) for worker in workers}) == 4  # type: ignore[attr-defined]
    await fleet.spawn(Node("other", "127.0.0.2"))
    assert [process.node_id for process in processes] == ["node", "node", "other"]


async def test_a_slot_that_is_given_up_is_used_again(processes: list[FakeProcess]) -> None:
    """SLOT-1, SLOT-2: as good as new, and its neighbours live on; the actor ends with the last of them."""
    fleet = fleet_of(2)
    first, second = await fleet.spawn(NODE), await fleet.spawn(NODE)
    await first.kill()
    third = await fleet.spawn(NODE)
    [process] = processes
    assert (process.renewed, process.is_killed) == ([0], False)
    await asyncio.gather(second.kill(), third.kill())
    assert process.is_killed
    await fleet.spawn(NODE)
    assert len(processes) == 2, "one that has ended takes no more"


@pytest.mark.parametrize("answer", [WorkerLostError("silent"), None], ids=["hangs", "is known to hang"])
async def test_an_actor_that_hangs_ends_with_all_that_it_has(
    processes: list[FakeProcess], answer: WorkerLostError | None
) -> None:
    """SLOT-3: nobody can take a room from it otherwise; and it is not waited for twice."""
    fleet = fleet_of(2)
    first, second = await fleet.spawn(NODE), await fleet.spawn(NODE)
    processes[0].fails, processes[0].is_silent = answer, answer is None
    await first.kill()
    assert (processes[0].is_killed, processes[0].renewed) == (True, [])
    await second.kill()
    await fleet.spawn(NODE)
    assert len(processes) == 2


async def test_an_actor_that_does_not_start_is_not_used(processes: list[FakeProcess]) -> None:
    """SLOT-1, DIR-6: all that wait for it are told, and the next one gets another."""
    fleet = fleet_of(3)
    FakeProcess.may_start.clear()
    waiting = [asyncio.create_task(fleet.spawn(NODE)) for _ in range(2)]
    await turns()
    processes[0].fails = UnavailableError("no")
    FakeProcess.may_start.set()
    for task in waiting:
        with pytest.raises(UnavailableError):
            await task
    await fleet.spawn(NODE)
    assert len(processes) == 2


async def test_a_slot_that_nobody_waits_for_any_more_is_free(processes: list[FakeProcess]) -> None:
    """SLOT-1."""
    fleet = fleet_of(1)
    FakeProcess.may_start.clear()
    waiting = asyncio.create_task(fleet.spawn(NODE))
    await turns()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    FakeProcess.may_start.set()
    await fleet.spawn(NODE)
    assert len(processes) == 1


async def test_a_restarted_directory_finds_every_slot(
    processes: list[FakeProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SLOT-4, DIR-4: also those of an actor that does not answer, and however often it looks."""
    FakeProcess("", 2), FakeProcess("", 1)
    processes[1].fails = WorkerLostError("silent")
    monkeypatch.setattr(fleets, "existing_processes", lambda: processes[:2])
    fleet = fleet_of(3)
    await fleet.existing()
    found = await fleet.existing()
    assert [status and status.last_edit for _, status in found] == [0.0, 1.0, None]
    await found[0][0].kill()
    processes[0].node_id = "node"
    worker = await fleet.spawn(NODE)
    assert (worker.process, worker.slot) == (processes[0], 0)  # type: ignore[attr-defined]
    await fleet.spawn(NODE)
    assert processes[2].slots == 3


class Process:
    def __init__(self, node_id: str, slots: int) -> None:
        self.node_id = node_id
        self.slots = slots


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["add", "take", "free", "drop"]), st.integers(0, 7)), max_size=60))
def test_a_slot_has_one_owner(steps: list[tuple[str, int]]) -> None:
    """SLOT-1: and the fullest process that has one free is filled first."""
    slots: Slots[Process] = Slots()
    there: list[Process] = []
    taken: list[tuple[Process, int]] = []

    def used(process: Process) -> int:
        return sum(owner is process for owner, _ in taken)

    for step, number in steps:
        node_id = "ab"[number % 2]
        match step:
            case "add":
                there.append(Process(node_id, 1 + number // 2))
                slots.add(there[-1])
            case "take":
                open_ones = [
                    process for process in there if process.node_id == node_id and used(process) < process.slots
                ]
                got = slots.take(node_id)
                assert (got is None) == (not open_ones)
                if got is not None:
                    assert got not in taken
                    assert got[0] in open_ones
                    assert 0 <= got[1] < got[0].slots
                    assert used(got[0]) == max(used(process) for process in open_ones)
                    taken.append(got)
            case "free" if taken:
                process, slot = taken.pop(number % len(taken))
                assert slots.others(process, slot) == any(owner is process for owner, _ in taken)
                slots.free(process, slot)
            case "drop" if there:
                gone = there.pop(number % len(there))
                slots.drop(gone)
                taken = [(process, slot) for process, slot in taken if process is not gone]
                assert not slots.others(gone, 0)
