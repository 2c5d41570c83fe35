"""The directory: one owner a room, whoever asks, whatever dies."""

from __future__ import annotations

import asyncio
from unittest.mock import AsyncMock

import pytest

from actors.directory import directory as directory_module
from actors.directory import pool as pool_module
from actors.directory.directory import Directory
from actors.directory.placement import Node
from actors.directory.pool import WarmPool
from rayrooms.errors import NotFoundError, UnavailableError

from .fakes import CONFIG, FakeFleet, turns
from .hosting import until

NODE = Node("node", "127.0.0.1")


@pytest.fixture
def fleet() -> FakeFleet:
    return FakeFleet()


@pytest.fixture
def directory(fleet: FakeFleet) -> Directory:
    return directory_of(fleet)


def directory_of(fleet: FakeFleet, *, warm: int = 0, budget: int = 100) -> Directory:
    return Directory(fleet, CONFIG, warm=warm, budget=budget, clock=lambda: fleet.now)


def pool_of(fleet: FakeFleet, *, size: int, limit: int = 100) -> WarmPool:
    async def most() -> int:
        await asyncio.sleep(0)
        return limit

    return WarmPool(fleet, size=size, limit=most)


class TestActivation:
    async def test_a_room_is_activated_once_however_many_ask(self, fleet: FakeFleet, directory: Directory) -> None:
        """DIR-1."""
        addresses = await asyncio.gather(*(directory.locate("a") for _ in range(50)))
        assert len(set(addresses)) == 1
        assert fleet.counts()["activate"] == fleet.counts()["claim"] == 1
        assert await directory.locate("a") == addresses[0]

    async def test_rooms_are_drained_then_claimed_then_activated(self, fleet: FakeFleet, directory: Directory) -> None:
        """DIR-2, DIR-3, G4: in this order, so that nothing that was acknowledged is missing in what is loaded."""
        await directory.locate("a")
        steps = [event.split()[0] for event in fleet.events if not event.startswith("spawn")]
        assert steps == ["drain", "claim", "activate"]

    async def test_what_is_not_drained_is_not_activated(self, fleet: FakeFleet, directory: Directory) -> None:
        """DIR-2, G9: an error, never an older document; later it works."""
        fleet.drain_refusal = UnavailableError("not yet", code="database_unavailable")
        with pytest.raises(UnavailableError):
            await directory.locate("a")
        assert fleet.counts()["claim"] == 0
        fleet.drain_refusal = None
        assert (await directory.locate("a")).epoch == 1

    async def test_an_actor_that_is_not_needed_any_more_is_given_back(self, fleet: FakeFleet) -> None:
        """DIR-2, DIR-6: it is taken while the room is drained, which may fail."""
        directory = directory_of(fleet, warm=1)
        fleet.drain_refusal = UnavailableError("not yet", code="database_unavailable")
        for _ in range(5):
            with pytest.raises(UnavailableError):
                await directory.locate("a")
            await turns()
        assert fleet.counts()["spawn"] <= 2
        fleet.drain_refusal = None
        await directory.locate("a")
        await turns()
        assert fleet.counts()["spawn"] == 2

    async def test_each_owner_has_its_own_secret(self, directory: Directory) -> None:
        secrets = {(await directory.locate(room_id)).secret for room_id in ("a", "b")}
        assert len(secrets) == 2
        assert all(len(secret) >= 32 for secret in secrets)

    async def test_an_unknown_room_costs_no_actor(self, fleet: FakeFleet) -> None:
        """G10: the blank actor goes back."""
        directory = directory_of(fleet, warm=1)
        with pytest.raises(NotFoundError):
            await directory.locate("nowhere")
        assert await directory.peek("nowhere") is None
        await directory.locate("a")
        assert fleet.counts()["kill"] == 0

    async def test_a_room_that_cannot_be_loaded_is_an_error(self, fleet: FakeFleet, directory: Directory) -> None:
        """G9."""
        fleet.next_refusal = UnavailableError("broken", code="room_load_failed")
        with pytest.raises(UnavailableError) as refusal:
            await directory.locate("a")
        assert refusal.value.code == "room_load_failed"
        assert await directory.peek("a") is None

    async def test_an_actor_that_dies_while_it_wakes_a_room_is_replaced(
        self, fleet: FakeFleet, directory: Directory
    ) -> None:
        """DIR-3: under a new epoch, since the dead one may have begun."""
        fleet.next_lost = 2
        assert (await directory.locate("a")).epoch == 3
        assert [worker.killed for worker in fleet.workers] == [True, True, False]

    async def test_it_gives_up_when_every_actor_dies(self, fleet: FakeFleet, directory: Directory) -> None:
        fleet.next_lost = 99
        with pytest.raises(UnavailableError):
            await directory.locate("a")
        assert all(worker.killed for worker in fleet.workers)

    async def test_one_who_stops_waiting_does_not_stop_the_others(self, directory: Directory) -> None:
        """DIR-1."""
        first = asyncio.create_task(directory.locate("a"))
        second = asyncio.create_task(directory.locate("a"))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).epoch == 1
        assert first.cancelled()


class TestFailure:
    async def test_a_living_owner_is_kept_whatever_a_caller_believes(self, directory: Directory) -> None:
        """DIR-1: the caller's network may be at fault."""
        address = await directory.locate("a")
        assert await directory.locate("a", address.epoch) == address

    async def test_a_dead_owner_is_replaced_once(self, fleet: FakeFleet, directory: Directory) -> None:
        """DIR-1, DIR-3: however many found it dead."""
        await directory.locate("a")
        fleet.workers[0].lost = True
        addresses = await asyncio.gather(*(directory.locate("a", 1) for _ in range(20)))
        assert {address.epoch for address in addresses} == {2}
        assert fleet.workers[0].killed, "it might only have been silent"

    async def test_whoever_is_late_gets_the_new_owner(self, fleet: FakeFleet, directory: Directory) -> None:
        """DIR-1: to find the old one dead is no news by then."""
        await directory.locate("a")
        fleet.workers[0].lost = True
        new = await directory.locate("a", 1)
        assert await directory.locate("a", 1) == new
        assert await directory.locate("a") == new
        assert fleet.counts()["claim"] == 2

    async def test_an_owner_that_lost_its_room_is_replaced(self, fleet: FakeFleet, directory: Directory) -> None:
        """ROOM-19: it lives, but was fenced."""
        await directory.locate("a")
        fleet.workers[0].address = None
        assert (await directory.locate("a", 1)).epoch == 2


class TestRelease:
    async def test_a_released_room_wakes_in_the_next_epoch(self, fleet: FakeFleet) -> None:
        """DIR-5: and its actor serves another room."""
        directory = directory_of(fleet, warm=1)
        await directory.locate("a")
        assert await directory.release("a")
        assert await directory.peek("a") is None
        assert not await directory.release("a")
        assert (await directory.locate("a")).epoch == 2

    async def test_a_room_that_cannot_be_stored_is_kept(self, fleet: FakeFleet, directory: Directory) -> None:
        """DIR-5, G3."""
        address = await directory.locate("a")
        fleet.workers[0].refusal = UnavailableError("away", code="database_unavailable")
        with pytest.raises(UnavailableError):
            await directory.release("a")
        assert await directory.peek("a") == address
        assert not fleet.workers[0].killed

    async def test_a_room_is_released_once_however_many_want_it(self, fleet: FakeFleet) -> None:
        """DIR-5: a second order must not reach the actor when it has another room already."""
        directory = directory_of(fleet, warm=2)
        await directory.locate("a")
        assert all(await asyncio.gather(*(directory.release("a") for _ in range(5))))
        assert fleet.counts()["release"] == 1
        await asyncio.gather(directory.locate("a"), directory.locate("b"))
        assert len({address.pid for address in directory.rooms()}) == 2

    async def test_who_asks_meanwhile_waits_for_the_release(self, fleet: FakeFleet, directory: Directory) -> None:
        """DIR-2."""
        await directory.locate("a")
        fleet.workers[0].let_go.clear()
        releasing = asyncio.create_task(directory.release("a"))
        await turns()
        asking = asyncio.create_task(directory.locate("a"))
        await turns()
        assert not asking.done()
        fleet.workers[0].let_go.set()
        assert await releasing
        assert (await asking).epoch == 2

    async def test_an_actor_that_dies_while_it_stores_its_room_is_gone(
        self, fleet: FakeFleet, directory: Directory
    ) -> None:
        await directory.locate("a")
        fleet.workers[0].lost = True
        assert await directory.release("a")
        assert fleet.workers[0].killed
        assert await directory.peek("a") is None

    async def test_only_a_room_that_nobody_edits_is_idle(self, fleet: FakeFleet, directory: Directory) -> None:
        """SLEEP-1: someone may have edited it since it said that it was."""
        await directory.locate("a")
        fleet.workers[0].sessions = 1
        fleet.now += CONFIG.idle_after
        assert not await directory.sleep_if_idle("a")
        fleet.now += 1
        assert await directory.sleep_if_idle("a")
        assert not await directory.sleep_if_idle("a")

    async def test_a_dead_owner_is_not_idle(self, fleet: FakeFleet, directory: Directory) -> None:
        await directory.locate("a")
        fleet.workers[0].lost = True
        assert not await directory.sleep_if_idle("a")

    @pytest.mark.parametrize("dead", [False, True])
    async def test_a_deleted_room_is_let_go_unstored(
        self, fleet: FakeFleet, directory: Directory, *, dead: bool
    ) -> None:
        """WS-16."""
        await directory.locate("a")
        fleet.workers[0].lost = dead
        await directory.forget("a")
        await directory.forget("a")
        assert await directory.peek("a") is None
        assert fleet.counts()["release"] == 0
        await turns()
        assert fleet.workers[0].killed  # dead, or one too many for the pool


class TestShutdown:
    async def test_every_room_is_stored_and_the_feed_flushed(self, fleet: FakeFleet, directory: Directory) -> None:
        """G3, DIR-5."""
        await asyncio.gather(directory.locate("a"), directory.locate("b"))
        assert await directory.release_all() == []
        assert directory.rooms() == []
        assert fleet.counts()["release"] == 2
        assert fleet.flushed

    async def test_nothing_is_woken_any_more(self, directory: Directory) -> None:
        await directory.release_all()
        with pytest.raises(UnavailableError):
            await directory.locate("a")

    async def test_one_room_that_cannot_be_stored_does_not_keep_the_others(
        self, fleet: FakeFleet, directory: Directory
    ) -> None:
        """G3: and it is named."""
        await directory.locate("a")
        fleet.workers[0].refusal = UnavailableError("away", code="database_unavailable")
        await directory.locate("b")
        assert await directory.release_all() == ["a"]
        assert [address.room_id for address in directory.rooms()] == ["a"]

    async def test_a_room_that_is_just_waking_is_stored_too(self, directory: Directory) -> None:
        """G3."""
        waking = asyncio.create_task(directory.locate("a"))
        await asyncio.sleep(0)
        assert await directory.release_all() == []
        assert (await waking).epoch == 1
        assert directory.rooms() == []


class TestRecovery:
    async def test_rooms_that_live_are_found(self, fleet: FakeFleet, directory: Directory) -> None:
        """DIR-4: nothing is activated again."""
        addresses = [await directory.locate(room_id) for room_id in ("a", "b")]
        restarted = directory_of(fleet, warm=0)
        await restarted.recover()
        assert sorted(address.room_id for address in restarted.rooms()) == ["a", "b"]
        assert await restarted.locate("a") == addresses[0]
        assert fleet.counts()["claim"] == 2

    async def test_one_that_fails_may_be_tried_again(
        self, fleet: FakeFleet, directory: Directory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """DIR-4: the rooms that live are none the worse for it."""
        address = await directory.locate("a")
        restarted = directory_of(fleet, warm=0)
        with monkeypatch.context() as away:
            away.setattr(fleet, "retired", AsyncMock(side_effect=UnavailableError("not now")))
            with pytest.raises(UnavailableError):
                await restarted.recover()
        await restarted.recover()
        assert await restarted.locate("a") == address
        assert fleet.counts()["kill"] == 0

    async def test_of_two_that_claim_one_room_the_newer_counts(self, fleet: FakeFleet) -> None:
        """DIR-4, G5."""
        for _ in range(2):
            await directory_of(fleet, warm=0).locate("a")
        restarted = directory_of(fleet, warm=0)
        await restarted.recover()
        assert [address.epoch for address in restarted.rooms()] == [2]

    async def test_who_hangs_meanwhile_is_taken_in_later(
        self, fleet: FakeFleet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """DIR-4, G10: as what it is then: owner, blank, or one whose room has a newer owner."""
        monkeypatch.setattr(directory_module, "_HANGING_RETRY", 0.01)
        before = directory_of(fleet)
        for room_id in "ab":
            await before.locate(room_id)
        await fleet.spawn(NODE)
        for worker in fleet.workers:
            worker.lost = True
        restarted = directory_of(fleet, warm=1)
        await restarted.recover()
        assert (await restarted.locate("a")).epoch == 2
        for worker in fleet.workers[:3]:
            worker.lost = False
        await until(lambda: [address.room_id for address in restarted.rooms()] == ["a", "b"])
        assert (await restarted.locate("b")).epoch == 1
        await until(lambda: fleet.workers[0].killed)
        assert not fleet.workers[1].killed

    async def test_who_hangs_while_its_room_wakes_and_sleeps_is_not_taken_back(
        self, fleet: FakeFleet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """DIR-4, G9: what it holds is older than what is stored."""
        monkeypatch.setattr(directory_module, "_HANGING_RETRY", 0.01)
        await directory_of(fleet).locate("a")
        fleet.workers[0].lost = True
        restarted = directory_of(fleet)
        await restarted.recover()
        assert (await restarted.locate("a")).epoch == 2
        assert await restarted.sleep("a")
        fleet.workers[0].lost = False
        await until(lambda: fleet.workers[0].killed)
        assert restarted.rooms() == []
        assert (await restarted.locate("a")).epoch == 3

    async def test_who_hangs_for_good_is_ended(self, fleet: FakeFleet, monkeypatch: pytest.MonkeyPatch) -> None:
        """DIR-4, G10: nobody else knows of it."""
        monkeypatch.setattr(directory_module, "_HANGING_RETRY", 0.01)
        await directory_of(fleet).locate("a")
        fleet.workers[0].lost = True
        restarted = directory_of(fleet)
        await restarted.recover()
        await until(lambda: fleet.workers[0].killed)
        assert restarted.rooms() == []

    async def test_blank_actors_are_used_again(self, fleet: FakeFleet) -> None:
        """DIR-4, G10: those beyond twice the pool's size are ended."""
        for _ in range(5):
            await fleet.spawn(NODE)
        restarted = directory_of(fleet, warm=2)
        await restarted.recover()
        await turns()
        assert [worker.killed for worker in fleet.workers] == [False, False, False, False, True]
        assert (await restarted.locate("a")).pid == 1


class TestWarmPool:
    async def test_it_is_filled_and_refilled(self, fleet: FakeFleet) -> None:
        """DIR-6."""
        pool = pool_of(fleet, size=2)
        pool.refill()
        await turns()
        assert fleet.counts()["spawn"] == 2
        await pool.take()
        await turns()
        assert fleet.counts()["spawn"] == 3

    async def test_rooms_that_wake_come_before_its_refill(
        self, fleet: FakeFleet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """DIR-6: a process that nobody waits for is started when it is quiet, or less than half of the pool is left."""
        monkeypatch.setattr(pool_module, "_QUIET", 0.1)
        pool = pool_of(fleet, size=4)
        pool.refill()
        await turns()
        assert fleet.counts()["spawn"] == 4
        for _ in range(2):
            await pool.take()
            await turns()
            assert fleet.counts()["spawn"] == 4
        await until(lambda: fleet.counts()["spawn"] == 6)
        for _ in range(3):
            await pool.take()
        await turns(5)
        assert fleet.counts()["spawn"] > 6

    async def test_what_comes_back_is_kept_for_a_while(self, fleet: FakeFleet, monkeypatch: pytest.MonkeyPatch) -> None:
        """DIR-6: rooms that take turns need no process to be started or ended; later the pool has its size again."""
        monkeypatch.setattr(pool_module, "_SURPLUS_KEPT", 0.05)
        pool = pool_of(fleet, size=2)
        for _ in range(10):
            taken = [await pool.take(), await pool.take()]
            await turns()
            for worker in taken:
                pool.give(worker)
        assert fleet.counts() == {"spawn": 4}
        await until(lambda: fleet.counts()["kill"] == 2)
        await turns()
        assert fleet.counts() == {"spawn": 4, "kill": 2}

    async def test_the_dead_are_not_handed_out(self, fleet: FakeFleet) -> None:
        """DIR-6, G10: they are ended, since they may only be slow; and the pool becomes full again."""
        pool = pool_of(fleet, size=2)
        pool.refill()
        await turns()
        for worker in fleet.workers:
            worker.lost = True
        taken = await pool.take()
        assert not (await taken.status()).address
        await turns()
        assert [worker.killed for worker in fleet.workers[:3]] == [True, True, False]
        spawned = fleet.counts()["spawn"]
        assert await pool.take() is not taken
        await turns()
        assert spawned == 2 + 1 + 2
        assert fleet.counts()["spawn"] == spawned + 1, "it came from the pool and was replaced"

    async def test_a_burst_does_not_wait_for_the_refill(self, fleet: FakeFleet) -> None:
        pool = pool_of(fleet, size=1)
        taken = await asyncio.gather(*(pool.take() for _ in range(6)))
        assert len(set(map(id, taken))) == 6

    async def test_trouble_in_the_background_is_not_the_end(self, fleet: FakeFleet) -> None:
        pool = pool_of(fleet, size=1)
        fleet.spawn_refusal = UnavailableError("no room for more")
        pool.refill()
        await turns()
        with pytest.raises(UnavailableError):
            await pool.take()
        fleet.spawn_refusal = None
        await pool.take()

    async def test_a_closed_pool_makes_and_keeps_none(self, fleet: FakeFleet) -> None:
        pool = pool_of(fleet, size=2)
        worker = await fleet.spawn(NODE)
        pool.close()
        pool.refill()
        pool.keep(worker)
        await turns()
        assert fleet.counts() == {"spawn": 1, "kill": 1}
