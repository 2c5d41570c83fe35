"""How many rooms are awake, which of them sleeps first, and what gateways are told of it."""

from __future__ import annotations

import asyncio

import pytest

from actors.directory import directory as directory_module
from actors.directory import pool as pool_module
from actors.directory.budget import AwakeBudget
from actors.directory.directory import Directory
from actors.directory.notices import NoticeBoard
from actors.directory.pool import WarmPool
from rayrooms.errors import UnavailableError

from .fakes import CONFIG, FakeFleet, turns
from .hosting import until


@pytest.fixture
def fleet() -> FakeFleet:
    return FakeFleet()


def directory_of(fleet: FakeFleet, *, budget: int, warm: int = 1) -> Directory:
    return Directory(fleet, CONFIG, warm=warm, budget=budget, clock=lambda: fleet.now)


def awake(directory: Directory) -> list[str]:
    return sorted(address.room_id for address in directory.rooms())


class TestBudget:
    """SLEEP-7."""

    async def test_beyond_it_the_least_recently_edited_room_sleeps(self, fleet: FakeFleet) -> None:
        """SLEEP-7: whatever was known of its edits."""
        directory = directory_of(fleet, budget=2)
        for room_id in "ab":
            await directory.locate(room_id)
            fleet.now += 10
        fleet.workers[0].last_edit = fleet.now  # in a, and nobody told the directory
        await directory.locate("c")
        await until(lambda: awake(directory) == ["a", "c"])

    async def test_its_actor_is_used_again(self, fleet: FakeFleet) -> None:
        """SLEEP-7, G10: rooms take turns without a process being started or ended."""
        directory = directory_of(fleet, budget=2, warm=1)
        for room_id in "abcdabcd":
            await directory.locate(room_id)
            fleet.now += 10
            await until(lambda: len(awake(directory)) <= 2 and not directory._thinning)
        assert len(fleet.workers) == 3
        assert fleet.counts()["kill"] == 0

    async def test_a_room_that_just_woke_is_left_alone(self, fleet: FakeFleet, monkeypatch: pytest.MonkeyPatch) -> None:
        """SLEEP-7: or two rooms that are edited in turn would do nothing but wake."""
        monkeypatch.setattr(directory_module, "_UNDISTURBED", 0.05)
        directory = directory_of(fleet, budget=1)
        await directory.locate("a")
        await directory.locate("b")
        assert fleet.counts()["sleep"] == 0
        fleet.now += 1
        await until(lambda: len(awake(directory)) == 1)

    async def test_several_sleep_at_the_same_time(self, fleet: FakeFleet) -> None:
        """SLEEP-7: no room waits for another to be stored, and the least recently edited ones are chosen."""
        first = directory_of(fleet, budget=10)
        for room_id in "abcd":
            await first.locate(room_id)
            fleet.now += 10
        for worker in fleet.workers:
            worker.last_edit = fleet.now - worker.number  # d's is the oldest
        restarted = directory_of(fleet, budget=1)
        asked: list[str] = []
        for worker in fleet.workers:
            worker.asleep = asked
            worker.may_sleep.clear()
        await restarted.recover()
        await until(lambda: sorted(asked) == ["b", "c", "d"])
        for worker in fleet.workers:
            worker.may_sleep.set()
        await until(lambda: awake(restarted) == ["a"] and not restarted._thinning)

    async def test_one_that_stays_awake_lets_another_go_first(self, fleet: FakeFleet) -> None:
        """SLEEP-7: it is busy, or cannot be stored."""
        directory = directory_of(fleet, budget=2)
        for room_id in "ab":
            await directory.locate(room_id)
            fleet.now += 10
        fleet.workers[0].busy = True
        await directory.locate("c")
        await until(lambda: awake(directory) == ["a", "c"])

    async def test_a_dead_owner_takes_no_place(self, fleet: FakeFleet) -> None:
        """SLEEP-7, G10: nobody missed it, so nobody had told of it."""
        directory = directory_of(fleet, budget=1)
        await directory.locate("a")
        fleet.now += 10
        fleet.workers[0].lost = True
        await directory.locate("b")
        await until(lambda: awake(directory) == ["b"])
        assert fleet.workers[0].killed

    async def test_after_a_restart_it_is_kept_again(self, fleet: FakeFleet) -> None:
        """SLEEP-7, DIR-4."""
        first = directory_of(fleet, budget=10)
        for room_id in "abc":
            await first.locate(room_id)
            fleet.now += 10
        restarted = directory_of(fleet, budget=1)
        await restarted.recover()
        await until(lambda: awake(restarted) == ["c"])

    async def test_who_asks_for_a_room_that_stays_awake_finds_it(self, fleet: FakeFleet) -> None:
        """SLEEP-3: the release that was asked for meanwhile is made all the same."""
        directory = directory_of(fleet, budget=5)
        await directory.locate("a")
        fleet.workers[0].busy = True
        fleet.workers[0].let_go.clear()
        sleeping = asyncio.create_task(directory.sleep("a"))
        await asyncio.sleep(0)
        asking, releasing = asyncio.create_task(directory.locate("a")), asyncio.create_task(directory.release("a"))
        await asyncio.sleep(0)
        fleet.workers[0].let_go.set()
        assert not await sleeping
        assert (await asking).epoch == 1
        assert await releasing
        assert await directory.peek("a") is None

    def test_the_budget_is_a_nodes(self) -> None:
        """SLEEP-7."""
        budget = AwakeBudget(1)
        budget.woke("a", "one", 1.0)
        budget.woke("b", "other", 2.0)
        assert (budget.excess("one"), budget.excess("other"), budget.excess("third")) == (0, 0, -1)
        budget.woke("b", "one", 3.0)  # it moved
        assert (budget.excess("one"), budget.excess("other")) == (1, -1)
        assert budget.least_recent("one") == ("a", 1.0)
        budget.edited("a", 4.0)
        assert budget.least_recent("one") == ("b", 3.0)
        budget.gone("b")
        assert budget.excess("one") == 0


class TestLimit:
    """SLEEP-7, G10: never more actors than may be."""

    async def test_at_the_limit_one_waits_for_another_to_be_given_back(self, fleet: FakeFleet) -> None:
        """SLEEP-7."""
        pool = pool_of(fleet, size=1, limit=2)
        first, _ = await pool.take(), await pool.take()
        third = asyncio.create_task(pool.take())
        await turns()
        assert not third.done()
        pool.give(first)
        assert await third is first
        assert fleet.counts() == {"spawn": 2}

    async def test_one_that_was_ended_makes_place_too(self, fleet: FakeFleet) -> None:
        """SLEEP-7."""
        pool = pool_of(fleet, size=0, limit=1)
        first = await pool.take()
        second = asyncio.create_task(pool.take())
        await turns()
        await pool.end(first)
        assert await second is not first

    async def test_the_wait_ends(self, fleet: FakeFleet, monkeypatch: pytest.MonkeyPatch) -> None:
        """SLEEP-7: with an error that says what to do."""
        monkeypatch.setattr(pool_module, "_PATIENCE", 0.05)
        pool = pool_of(fleet, size=1, limit=1)
        await pool.take()
        with pytest.raises(UnavailableError) as refusal:
            await pool.take()
        assert refusal.value.code == "room_unavailable"

    async def test_a_stampede_is_bounded(self, fleet: FakeFleet) -> None:
        """SLEEP-7, DIR-1."""
        fleet.epochs = {f"room{number}": 0 for number in range(40)}
        directory = directory_of(fleet, budget=4, warm=2)
        asking = [asyncio.create_task(directory.locate(room_id)) for room_id in fleet.epochs]

        def done() -> bool:
            fleet.now += 1
            # One that is given back while the pool is full is ended in a moment.
            assert sum(not worker.killed for worker in fleet.workers) <= 6 + 2
            return all(task.done() for task in asking)

        await until(done)
        assert {(await task).epoch for task in asking} == {1}
        assert fleet.counts()["spawn"] <= 12


def pool_of(fleet: FakeFleet, *, size: int, limit: int) -> WarmPool:
    async def most() -> int:
        await asyncio.sleep(0)
        return limit

    return WarmPool(fleet, size=size, limit=most)


class TestNotices:
    """SLEEP-4: what gateways hear of rooms that sleep under their people."""

    async def test_all_is_read_once_and_in_order(self) -> None:
        """SLEEP-4."""
        board = NoticeBoard()
        start = await board.read("", 0, 0.0)
        assert (start.gap, start.notices) == (True, [])
        board.post("a", "awake")
        board.post("b", "changed")
        found = await board.read(start.board, start.upto, 0.0)
        assert [(notice.room_id, notice.kind) for notice in found.notices] == [("a", "awake"), ("b", "changed")]
        assert not found.gap
        again = await board.read(found.board, found.upto, 0.01)
        assert (again.notices, again.gap, again.upto) == ([], False, found.upto)

    async def test_a_reader_waits_for_news(self) -> None:
        """SLEEP-4: however many there are."""
        board = NoticeBoard()
        start = await board.read("", 0, 0.0)
        readers = [asyncio.create_task(board.read(start.board, start.upto, 10.0)) for _ in range(3)]
        await asyncio.sleep(0)
        board.post("a", "awake")
        assert [len((await reader).notices) for reader in readers] == [1, 1, 1]

    async def test_who_fell_too_far_behind_is_told(self) -> None:
        """SLEEP-4: or reads another directory's board."""
        board = NoticeBoard()
        start = await board.read("", 0, 0.0)
        for _ in range(5000):
            board.post("a", "awake")
        assert (await board.read(start.board, start.upto, 0.0)).gap
        assert (await board.read("another", 5000, 0.0)).gap

    async def test_the_directory_tells_of_what_woke_and_of_what_changed(self, fleet: FakeFleet) -> None:
        """SLEEP-4, SLEEP-6: a room that is deleted while it sleeps is a change."""
        directory = directory_of(fleet, budget=5)
        start = await directory.notices("", 0)
        await directory.locate("a")
        directory.changed("b")
        await directory.forget("c")
        await directory.forget("a")
        found = await directory.notices(start.board, start.upto)
        told = [(notice.room_id, notice.kind) for notice in found.notices]
        assert told == [("a", "awake"), ("b", "changed"), ("c", "changed")]
