"""Processes of a running server are killed while people edit: nothing acknowledged is lost, nobody has to reload."""

from __future__ import annotations

import asyncio
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from rayrooms.client.room import RoomClient
from rayrooms.client.timing import Timing

from .people import until
from .server import kill

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .people import Person
    from .server import Server

TIMING = Timing(retry_first=0.05, retry_most=0.5, unacked_after=10, tick=0.2)
PATIENCE = 60.0


class Writer:
    """Someone who types numbered words, as fast as the room takes them, until told to stop."""

    def __init__(self, name: str, room: RoomClient) -> None:
        self.name = name
        self.room = room
        self.written = 0
        self._task = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while True:
            # Anywhere in the text would do; between two words, none is ever torn.
            words = self.room.text.split(" ")
            place = len(" ".join(words[: len(words) // 2]))
            self.room.insert(place, f" {self.name}{self.written} ")
            self.written += 1
            await self.room.wait_acked(PATIENCE)

    async def write_more(self, count: int) -> None:
        """Wait until so many more words are acknowledged."""
        goal = self.written + count
        async with asyncio.timeout(PATIENCE):
            while self.written < goal:
                if self._task.done():
                    await self._task
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


class Party:
    """Two writers in one room, each through its own connection."""

    def __init__(self, room_id: str, owner: Person, writers: list[Writer]) -> None:
        self.room_id = room_id
        self.owner = owner
        self.writers = writers

    async def write_more(self, count: int = 20) -> None:
        """Let both get on: whatever was killed, edits are acknowledged again."""
        await asyncio.gather(*(writer.write_more(count) for writer in self.writers))

    async def owner_pid(self) -> int:
        pid: int = (await self.owner.room(self.room_id))["live"]["pid"]
        return pid

    async def epoch(self) -> int:
        epoch: int = (await self.owner.room(self.room_id))["live"]["epoch"]
        return epoch

    async def settle(self) -> None:
        """Stop writing; every word of both must be there exactly once, in all copies and in the log."""
        for writer in self.writers:
            await writer.stop()
        rooms = [writer.room for writer in self.writers]
        for room in rooms:
            await room.wait_durable(PATIENCE)
        version = max([await room.sync(PATIENCE) for room in rooms])
        for room in rooms:
            await room.wait_for(lambda room=room: room.version >= version, PATIENCE)
        text = rooms[0].text
        assert rooms[1].text == text, "the copies differ"
        assert await self.owner.text(self.room_id) == text
        words = sorted(text.split())
        assert words == sorted(f"{writer.name}{number}" for writer in self.writers for number in range(writer.written))
        await self._check_log(text)

    async def _check_log(self, text: str) -> None:
        """G2: each edit stands once in the log, numbered without gaps, and the log makes the text."""
        entries = await self.writers[0].room.history()
        assert [entry.version for entry in entries] == list(range(1, len(entries) + 1))
        for writer in self.writers:
            own = [entry for entry in entries if entry.client_id == writer.room.client_id]
            assert [entry.seq for entry in own] == list(range(1, writer.written + 1))
        inserted = [part for entry in entries for part in entry.op if isinstance(part, str)]
        assert sorted("".join(inserted)) == sorted(text)


@pytest.fixture
async def party(own_server: Server, ada: Person, bob: Person) -> AsyncIterator[Party]:
    room_id = await ada.make_room()
    async with opened(ada, room_id) as first, opened(bob, room_id) as second:
        party = Party(room_id, ada, [Writer("a", first), Writer("b", second)])
        await party.write_more()
        yield party
        for writer in party.writers:
            await writer.stop()


@asynccontextmanager
async def opened(person: Person, room_id: str) -> AsyncIterator[RoomClient]:
    async with RoomClient.open(
        person.url, room_id, token=person.token, window=1, timing=TIMING, wait_on_close=False
    ) as room:
        yield room


async def test_room_actor_killed_again_and_again(party: Party) -> None:
    """G2, G3, G4, G9, ROOM-20: all acknowledged edits are there once; the sockets stay open."""
    statuses = [[writer.room.status] for writer in party.writers]
    for seen, writer in zip(statuses, party.writers, strict=True):
        writer.room.on_status(lambda change, seen=seen: seen.append(change.status))
    epoch = await party.epoch()
    for _ in range(4):
        await kill(await party.owner_pid())
        await party.write_more()
    assert await party.epoch() >= epoch + 4
    await party.settle()
    assert statuses == [["online"], ["online"]]


async def test_next_owner_killed_while_it_takes_over(party: Party) -> None:
    """G4, ROOM-20: two deaths in a row, the second as soon as the new owner is known."""
    for _ in range(2):
        await kill(await party.owner_pid())
        victim = None

        async def has_a_new_owner() -> bool:
            nonlocal victim
            answer = await party.owner.ask("GET", f"/api/rooms/{party.room_id}")
            victim = (answer.json().get("live") or {}).get("pid") if answer.is_success else None
            return victim is not None

        await until(has_a_new_owner)
        assert victim is not None
        await kill(victim)
        await party.write_more()
    await party.settle()


async def test_stopped_owner_is_replaced_and_fenced(own_server: Server, party: Party) -> None:
    """G5, ROOM-19: an owner that hangs is given up; awake again, it writes nothing and is gone."""
    pid, epoch = await party.owner_pid(), await party.epoch()
    (stale,) = [process for process in own_server.titled("ray::RoomActor") if process.pid == pid]
    stale.send_signal(signal.SIGSTOP)
    await party.write_more()
    assert await party.epoch() > epoch
    if stale.is_running():
        stale.send_signal(signal.SIGCONT)

    async def is_gone() -> bool:
        return not stale.is_running()

    await until(is_gone)
    await party.settle()


async def test_persistence_actor_killed(own_server: Server, party: Party) -> None:
    """G3, G4: the room keeps what is not durable and sends it to the next one."""
    for _ in range(3):
        (actor,) = own_server.titled("ray::PersistenceActor")
        await kill(actor)
        await party.write_more()
    await party.settle()


async def test_persistence_actor_and_room_actor_killed_together(own_server: Server, party: Party) -> None:
    """G4 covers one at a time; with both gone, what was not durable comes from the clients again."""
    (actor,) = own_server.titled("ray::PersistenceActor")
    pid = await party.owner_pid()
    await asyncio.gather(kill(actor), kill(pid))
    await party.write_more()
    await party.settle()


async def test_directory_killed(own_server: Server, party: Party, ada: Person) -> None:
    """DIR-4: rooms go on untouched, the next directory knows them, and rooms can be woken again."""
    epoch = await party.epoch()
    (directory,) = own_server.titled("ray::DirectoryActor")
    await kill(directory)
    await party.write_more()
    async with ada.inside(await ada.make_room()) as socket:
        await socket.edit(["x"])
    async with ada.inside(party.room_id) as socket:
        assert socket.joined["epoch"] == epoch
    await party.settle()


async def test_directory_and_room_actor_killed_together(own_server: Server, party: Party) -> None:
    """G4, DIR-4."""
    (directory,) = own_server.titled("ray::DirectoryActor")
    pid = await party.owner_pid()
    await asyncio.gather(kill(directory), kill(pid))
    await party.write_more()
    await party.settle()


async def test_gateways_killed(own_server: Server, party: Party) -> None:
    """G2, G4: clients come back through another gateway and send again what had no answer."""
    for gateway in own_server.titled("ray::ServeReplica"):
        await kill(gateway)
        await party.write_more()
    await party.settle()
    for writer in party.writers:
        assert writer.room.status == "online"


async def test_postgres_killed(own_server: Server, party: Party) -> None:
    """G3, G7: edits go on while it is away, and become durable when it is back."""
    postmaster = own_server.postmaster()
    await kill(postmaster)
    await party.write_more()
    await party.settle()
    assert own_server.postmaster().pid != postmaster.pid
