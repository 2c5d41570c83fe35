"""Two people who keep writing in one room while things happen to the server, and what must hold of it afterwards."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from rayrooms.client.room import RoomClient
from rayrooms.client.timing import Timing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .people import Person

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
        """Let all get on: whatever was killed, edits are acknowledged again."""
        await asyncio.gather(*(writer.write_more(count) for writer in self.writers))

    async def owner_pid(self) -> int:
        pid: int = (await self.owner.room(self.room_id))["live"]["pid"]
        return pid

    async def epoch(self) -> int:
        epoch: int = (await self.owner.room(self.room_id))["live"]["epoch"]
        return epoch

    async def settle(self) -> None:
        """Stop writing; every word of all must be there exactly once, in all copies and in the log."""
        text = await self.converge()
        words = sorted(text.split())
        assert words == sorted(self._written())
        await self._check_log(text)

    def _written(self) -> list[str]:
        return [f"{writer.name}{number}" for writer in self.writers for number in range(writer.written)]

    async def settle_letters(self) -> None:
        """As `settle`, but for what clients had to make again by diff: that keeps every letter, not every word."""
        text = await self.converge()
        assert sorted(text.replace(" ", "")) == sorted("".join(self._written()))

    async def converge(self) -> str:
        """Stop writing and wait until all is stored; returns the text, which must be the same everywhere."""
        for writer in self.writers:
            await writer.stop()
        rooms = [writer.room for writer in self.writers]
        for room in rooms:
            await room.wait_durable(PATIENCE)
        for room in rooms:
            await room.sync(PATIENCE)
        text = rooms[0].text
        assert all(room.text == text for room in rooms), "the copies differ"
        assert await self.owner.text(self.room_id) == text
        return text

    async def _check_log(self, text: str) -> None:
        """G2: each edit stands once in the log, numbered without gaps, and the log makes the text."""
        entries = await self.writers[0].room.history()
        assert [entry.version for entry in entries] == list(range(1, len(entries) + 1))
        for writer in self.writers:
            own = [entry for entry in entries if entry.client_id == writer.room.client_id]
            assert [entry.seq for entry in own] == list(range(1, writer.written + 1))
        inserted = [part for entry in entries for part in entry.op if isinstance(part, str)]
        assert sorted("".join(inserted)) == sorted(text)


@asynccontextmanager
async def party_of(first: Person, *others: Person) -> AsyncIterator[Party]:
    """All in a new room of the first, with a few words already there."""
    room_id = await first.make_room()
    async with AsyncExitStack() as stack:
        rooms = [await stack.enter_async_context(_opened(person, room_id)) for person in (first, *others)]
        party = Party(room_id, first, [Writer(name, room) for name, room in zip("abcdef", rooms, strict=False)])
        await party.write_more()
        yield party
        for writer in party.writers:
            await writer.stop()


@asynccontextmanager
async def _opened(person: Person, room_id: str) -> AsyncIterator[RoomClient]:
    async with RoomClient.open(
        person.url, room_id, token=person.token, window=1, timing=TIMING, wait_on_close=False
    ) as room:
        yield room
