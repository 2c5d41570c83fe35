"""Two honest people in a room under attack: they must get on with their work, and end with one text."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from rayrooms import text
from rayrooms.client.room import RoomClient
from rayrooms.client.timing import Timing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.live.people import Person

_PATIENCE = 60.0
_PACE = 0.02
_TIMING = Timing(retry_first=0.05, retry_most=0.5, unacked_after=20, tick=0.2)


class Witness:
    """Someone who types a word every few milliseconds and waits for each to be acknowledged."""

    def __init__(self, room: RoomClient) -> None:
        self.room = room
        self.written = 0
        self.slowest = 0.0
        self._task = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while True:
            began = time.monotonic()
            self.room.insert(0, f"{self.written} ")
            self.written += 1
            await self.room.wait_acked(_PATIENCE)
            self.slowest = max(self.slowest, time.monotonic() - began)
            await asyncio.sleep(_PACE)

    async def stop(self) -> None:
        """Stop typing; raises what went wrong with it."""
        self._task.cancel()
        [outcome] = await asyncio.gather(self._task, return_exceptions=True)
        if not isinstance(outcome, asyncio.CancelledError):
            raise AssertionError("a witness could not go on") from outcome  # noqa: TRY004 - what it holds is an error


class Pair:
    """Two witnesses in one room, and what must hold of it after an attack."""

    def __init__(self, room_id: str, owner: Person, witnesses: list[Witness], epoch: int) -> None:
        self.room_id = room_id
        self.witnesses = witnesses
        self._owner = owner
        self._epoch = epoch

    async def testify(self) -> None:
        """G1, G2, G6: both copies, the stored text and the replayed log are one, and each word was committed once."""
        for witness in self.witnesses:
            await witness.stop()
        rooms = [witness.room for witness in self.witnesses]
        for room in rooms:
            await room.wait_durable(_PATIENCE)
        for room in rooms:
            await room.sync(_PATIENCE)
        assert rooms[0].text == rooms[1].text, "the copies differ"
        assert await self._owner.text(self.room_id) == rooms[0].text
        entries = await rooms[0].history()
        assert [entry.version for entry in entries] == list(range(1, len(entries) + 1))
        document = ""
        for entry in entries:
            document = text.apply(document, entry.op)
        assert document == rooms[0].text, "the log makes another text"
        for witness in self.witnesses:
            own = [entry.seq for entry in entries if entry.client_id == witness.room.client_id]
            assert own == list(range(1, witness.written + 1))
        assert (await self._owner.room(self.room_id))["live"]["epoch"] == self._epoch, "the room lost its owner"


@asynccontextmanager
async def witnesses_of(owner: Person, other: Person) -> AsyncIterator[Pair]:
    """Both at work in a new room, which begins with some text."""
    room_id = await owner.make_room()
    await owner.insert(room_id, 0, "Here stood some text before. ")
    async with _opened(owner, room_id) as one, _opened(other, room_id) as two:
        epoch = (await owner.room(room_id))["live"]["epoch"]
        pair = Pair(room_id, owner, [Witness(one), Witness(two)], epoch)
        try:
            yield pair
        finally:
            for witness in pair.witnesses:
                witness._task.cancel()


@asynccontextmanager
async def _opened(person: Person, room_id: str) -> AsyncIterator[RoomClient]:
    async with RoomClient.open(person.url, room_id, token=person.token, timing=_TIMING, wait_on_close=False) as room:
        yield room
