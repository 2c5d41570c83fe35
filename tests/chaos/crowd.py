"""The rooms of a chaos run and those who write in them; rooms that have grown old are retired for new ones."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from tests.live.people import Person

from .writer import PACE, Writer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from .writer import Claim, Habit

HABITS: tuple[Habit, ...] = ("steady", "bursts", "visits", "steady")
OLD = 2_500
"""Versions after which a room is retired, so that checking it stays cheap."""

_PATIENCE = 90.0
_POLL = 0.05
_SOON = 1.0


class Room:
    """A room and its writers. `exact`: every word must still be whole. `checked`: what is known to be in its log."""

    def __init__(self, room_id: str, owner: Person, writers: list[Writer]) -> None:
        self.room_id = room_id
        self.owner = owner
        self.writers = writers
        self.exact = True
        self.checked: list[Claim] = []

    @property
    def present(self) -> list[Writer]:
        """Those who are in the room just now."""
        return [writer for writer in self.writers if writer.room is not None]

    @property
    def told_durable(self) -> int:
        """The greatest version of which anybody was told that it is stored."""
        return max((writer.room._state.replica.durable for writer in self.present if writer.room), default=0)

    async def live(self) -> dict[str, Any] | None:
        """Where it lives, if it is awake and the server says so."""
        try:
            async with asyncio.timeout(_SOON):
                answer = await self.owner.ask("GET", f"/api/rooms/{self.room_id}")
        except (httpx.HTTPError, TimeoutError):
            return None
        found: dict[str, Any] | None = answer.json()["live"] if answer.is_success else None
        return found


@dataclass(frozen=True)
class Retired:
    """A room that nobody writes in any more, as it was when it was last checked."""

    room_id: str
    owner: Person
    text: str | None


class Crowd:
    """So many rooms with so many writers each, who come in turn by each of the URLs.

    Use it as long as the server's data live.
    """

    def __init__(
        self, *urls: str, rooms: int, writers: int, seed: int, habits: Sequence[Habit] = HABITS, pace: float = PACE
    ) -> None:
        self.rooms: list[Room] = []
        self.retired: list[Retired] = []
        self.written_before = 0
        """Words of writers whose rooms are retired."""
        self.told_before: Counter[str] = Counter()
        """What those were told while they could not edit online."""
        self._count = rooms
        self._writers = writers
        self._dice = random.Random(seed)
        self._made = 0
        self._people: list[Person] = []
        self._urls = urls
        self._habits = habits
        self._pace = pace
        self._http = httpx.AsyncClient(base_url=urls[0], timeout=20)

    async def open(self) -> None:
        """Sign everybody in and fill the rooms."""
        for number in range(self._writers):
            answer = await self._http.post("/api/auth/guest", json={"name": f"Writer {number}"})
            signed_in = answer.raise_for_status().json()
            url = self._urls[number % len(self._urls)]
            self._people.append(Person(signed_in["user_id"], signed_in["name"], signed_in["token"], url, self._http))
        await self.fill()

    async def fill(self) -> None:
        """Bring the number of rooms back to what it should be."""
        while len(self.rooms) < self._count:
            number, self._made = self._made, self._made + 1
            owner = self._people[number % len(self._people)]
            room_id = await patiently(owner.make_room)
            habit = self._habits[number % len(self._habits)]
            writers = [
                Writer(
                    f"{chr(97 + index)}{number}x",
                    person,
                    room_id,
                    habit,
                    random.Random(self._dice.getrandbits(64)),
                    pace=self._pace,
                )
                for index, person in enumerate(self._people)
            ]
            self.rooms.append(Room(room_id, owner, writers))
            await asyncio.gather(*(writer.enter() for writer in writers))

    def resume(self) -> None:
        for writer in self.writers:
            writer.resume()

    async def pause(self) -> None:
        """Everybody stops typing and is in their room."""
        await asyncio.gather(*(writer.pause() for writer in self.writers))

    async def retire(self, room: Room, text: str | None) -> None:
        """Let a room go that was checked just now; None when it did not pass."""
        self.rooms.remove(room)
        self.retired.append(Retired(room.room_id, room.owner, text))
        self.written_before += sum(writer.written for writer in room.writers)
        self.told_before += sum((writer.told for writer in room.writers), Counter())
        await asyncio.gather(*(writer.close() for writer in room.writers))

    @property
    def writers(self) -> list[Writer]:
        return [writer for room in self.rooms for writer in room.writers]

    @property
    def written(self) -> int:
        """All words since the beginning."""
        return self.written_before + sum(writer.written for writer in self.writers)

    @property
    def told(self) -> Counter[str]:
        """Why people could not edit online, by code, since the beginning."""
        return sum((writer.told for writer in self.writers), self.told_before)

    def clients(self) -> int:
        """How many are connected, or should be."""
        return sum(len(room.present) for room in self.rooms)

    async def close(self) -> None:
        await asyncio.gather(*(writer.close() for writer in self.writers))
        await self._http.aclose()


async def patiently(ask: Callable[[], Awaitable[Any]]) -> Any:
    """Ask again while the server is not well. Raises AssertionError, as `ask` does, when it stays so."""
    async with asyncio.timeout(_PATIENCE):
        while True:
            try:
                return await ask()
            except (httpx.HTTPError, AssertionError):
                await asyncio.sleep(_POLL)
