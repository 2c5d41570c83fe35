"""Someone who types numbered words into a room, and remembers what they were told of each: acknowledged, durable."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import Counter, deque
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rayrooms.client.events import EditRefused
from rayrooms.client.room import RoomClient
from rayrooms.client.timing import Timing
from rayrooms.errors import RayroomsError, UnavailableError

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from rayrooms.client.events import RequestRefused, StatusChanged
    from tests.live.people import Person

TIMING = Timing(
    retry_first=0.05, retry_most=0.5, unacked_after=10, dead_after=20, join_timeout=10, ping_every=5, tick=0.2
)
PATIENCE = 300.0

Habit = Literal["steady", "bursts", "visits"]
"""`steady` types all the time; `bursts` pauses for so long that the room may fall asleep; `visits` also leaves then."""

PACE = 0.12
"""Seconds between two words, about."""
_PAUSE = 9.0
_BURST = 25
_SLOWEST = 2.0
_UNSENT_MOST = 40
_POLL = 0.02


@dataclass(frozen=True, slots=True)
class Claim:
    """What a client was told: the text of `version`, whose digest this is, is in the database."""

    version: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class _Mark:
    """All `words` were acknowledged, and the room's text was that of `version`."""

    version: int
    words: int
    digest: bytes
    entries: int


class Writer:
    """Types between `resume` and `pause`; made by `Writer.opened`, ended by `close`."""

    def __init__(
        self, name: str, person: Person, room_id: str, habit: Habit, dice: random.Random, *, pace: float = PACE
    ) -> None:
        self.name = name
        self.habit = habit
        self.written = 0
        self.acked = 0
        self.durable = 0
        self.claims: list[Claim] = []
        self.acks: deque[tuple[int, float]] = deque(maxlen=2_000)
        """How many words were acknowledged by when, in monotonic time."""
        self.stored: deque[tuple[int, float]] = deque(maxlen=2_000)
        """The same of words that were told to be durable."""
        self.waits: deque[tuple[float, float]] = deque(maxlen=2_000)
        """When words were typed, in monotonic time, and in how many seconds the first of them was acknowledged."""
        self._typed: deque[tuple[int, float]] = deque()
        self.offline_at: deque[float] = deque(maxlen=200)
        self.told: Counter[str] = Counter()
        """Why there was no way to edit online, by code: what people are told meanwhile."""
        self.troubles: list[str] = []
        self._person = person
        self._room_id = room_id
        self._dice = dice
        self._pace = pace
        self._room: RoomClient | None = None
        self._stack = AsyncExitStack()
        self._watching: asyncio.Task[None] | None = None
        self._typing: asyncio.Task[None] | None = None
        self._paused = True
        self._marks: deque[_Mark] = deque()

    @property
    def room(self) -> RoomClient | None:
        """The client; None while this writer is out of the room."""
        return self._room

    # ------------------------------------------------------------------ coming and going

    async def enter(self) -> None:
        """Come into the room, however often that has to be tried."""
        async with asyncio.timeout(PATIENCE):
            while self._room is None:
                with suppress(UnavailableError):
                    self._room = await self._stack.enter_async_context(
                        RoomClient.open(
                            self._person.url,
                            self._room_id,
                            token=self._person.token,
                            timing=TIMING,
                            open_timeout=15,
                            wait_on_close=False,
                        )
                    )
        room = self.present
        room.on_status(self._status_changed)
        room.on_refused(self._refused)
        self._watching = asyncio.create_task(self._watch(room))

    async def leave(self) -> None:
        """Go, as someone does whose edits are all saved. Nothing is durable that was not before."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        self._room = None
        self._marks.clear()
        await self._stack.aclose()
        self._stack = AsyncExitStack()

    @property
    def present(self) -> RoomClient:
        assert self._room is not None, f"{self.name} is not in the room"
        return self._room

    def _status_changed(self, event: StatusChanged) -> None:
        if event.status == "offline":
            self.offline_at.append(time.monotonic())
            self.told[event.error.code if event.error is not None else ""] += 1
        elif event.status == "closed" and self._room is not None:
            self.troubles.append(f"{self.name} was put out: {event.error!r}")

    def _refused(self, event: EditRefused | RequestRefused) -> None:
        if isinstance(event, EditRefused):
            self.troubles.append(f"{self.name} was refused an edit: {event}")

    # ------------------------------------------------------------------ typing

    def resume(self) -> None:
        """Type from now on."""
        self._paused = False
        if self._typing is None:
            self._typing = asyncio.create_task(self._type_on())

    async def pause(self) -> None:
        """Type no more after the present word, and be in the room. What goes wrong is in `troubles`."""
        self._paused = True
        typing, self._typing = self._typing, None
        if typing is not None:
            _, late = await asyncio.wait({typing}, timeout=PATIENCE)
            if late:
                self.troubles.append(f"{self.name} cannot come to an end")
                typing.cancel()

    async def close(self) -> None:
        """End, in the middle of whatever it is."""
        self._paused = True
        if self._typing is not None:
            self._typing.cancel()
            await asyncio.gather(self._typing, return_exceptions=True)
        await self.leave()

    async def _type_on(self) -> None:
        """In `pause` a writer that is out of the room comes back, so that all copies can be compared."""
        try:
            while not self._paused:
                if self._room is None:
                    await self.enter()
                await self._burst()
                if self.habit == "visits" and not self._paused:
                    await self.present.wait_durable(PATIENCE)
                    await self._until(lambda: self.durable == self.written)
                    await self.leave()
                if self.habit != "steady":
                    await self._rest(_PAUSE)
            if self._room is None:
                await self.enter()
        except (RayroomsError, TimeoutError) as error:
            self.troubles.append(f"{self.name} could not go on: {error!r}")

    async def _burst(self) -> None:
        for _ in range(_BURST):
            if self._paused:
                return
            room = self.present
            if self.written - self.acked < _UNSENT_MOST:
                self.type_word()
            if room.status == "online":
                with suppress(TimeoutError):
                    await room.wait_acked(_SLOWEST)
            await asyncio.sleep(self._pace * self._dice.uniform(0.5, 1.5))

    async def _rest(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while not self._paused and time.monotonic() < ends:  # noqa: ASYNC110 - time is no event
            await asyncio.sleep(_POLL)

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():  # noqa: ASYNC110 - it is told by another task that has no other use for an event
            await asyncio.sleep(_POLL)

    def type_word(self) -> int:
        """One more word somewhere between two others; returns how many there are now."""
        room = self.present
        # Anywhere in the text would do; between two words, none is ever torn.
        words = room.text.split(" ")
        place = len(" ".join(words[: self._dice.randint(0, len(words))]))
        room.insert(place, f" {self.name}{self.written} ")
        self.written += 1
        self._typed.append((self.written, time.monotonic()))
        return self.written

    @property
    def words(self) -> list[str]:
        """All that were typed."""
        return [f"{self.name}{number}" for number in range(self.written)]

    # ------------------------------------------------------------------ being told

    async def _watch(self, room: RoomClient) -> None:
        with suppress(RayroomsError):  # it was closed
            while True:
                await room.wait_for(lambda: self._has_news(room))
                self._take_news(room)

    def _has_news(self, room: RoomClient) -> bool:
        replica = room._state.replica
        fresh = replica.is_acked and (self.acked < self.written or (not self._marks and self.durable < self.acked))
        return fresh or bool(self._marks and self._marks[0].version <= replica.durable)

    def _take_news(self, room: RoomClient) -> None:
        """Marks of another entry may be of a history that was lost; they are forgotten, which only claims less."""
        state, replica = room._state, room._state.replica
        if self._marks and self._marks[0].entries != state.entries:
            self._marks.clear()
        while self._marks and self._marks[0].version <= replica.durable:
            mark = self._marks.popleft()
            if mark.words > self.durable:
                self.durable = mark.words
                self.stored.append((mark.words, time.monotonic()))
            self.claims.append(Claim(mark.version, mark.digest))
        if replica.is_acked and (self.acked < self.written or (not self._marks and self.durable < self.acked)):
            if self.acked < self.written:
                self.acked = self.written
                now = time.monotonic()
                self.acks.append((self.acked, now))
                self.waits.append((self._typed[0][1], now - self._typed[0][1]))
                self._typed.clear()
            self._marks.append(_Mark(replica.version, self.written, digest_of(replica.text), state.entries))

    def acked_at(self, words: int) -> float | None:
        """When so many words were first acknowledged, of those not long ago."""
        return _reached(self.acks, words)

    def stored_at(self, words: int) -> float | None:
        """When so many words were first told to be durable, of those not long ago."""
        return _reached(self.stored, words)


def _reached(told: deque[tuple[int, float]], words: int) -> float | None:
    return next((when for count, when in told if count >= words), None)


def digest_of(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=12).digest()
