"""A room with its typists: opened before a run, settled and checked after it."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING

from loadtest.account import account
from loadtest.newcomer import Newcomer
from loadtest.player import Player
from loadtest.synthetic import churn
from loadtest.typist import Typist

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadtest.account import Account, Window
    from loadtest.rest import Guest, Rest

_SENTENCE = "the quick brown fox jumps over the lazy dog, then sits down to write a long letter home. "
_SEEDED = 100_000
"""Characters of the first text that are written at once; a message may not be too long."""
_OPEN_TIMEOUT = 90.0
_SETTLE_TIMEOUT = 30.0
_POLL = 0.01


class BenchRoom:
    """A new room and the users that type in it."""

    def __init__(self, rest: Rest, url: str, owner: Guest, name: str, characters: int = 2_000) -> None:
        self.typists: list[Typist] = []
        self.room_id = ""
        self._rest = rest
        self._url = url
        self._owner = owner
        self._name = name
        self._characters = characters
        self._before = 0

    async def open(self, users: int, history: int = 0) -> None:
        """Make the room, give it a history and its first text, and bring the users in. All of it is durable then."""
        made = await self._rest.make_room(self._owner, self._name, max_users=users + 10)
        self.room_id = made.room_id
        if history:
            await self._live_through(history)
        async with asyncio.timeout(_OPEN_TIMEOUT):
            await self.admit(1)
            first = self.typists[0]
            left = self._characters
            while left:
                size = min(left, _SEEDED)
                first.seed((_SENTENCE * (size // len(_SENTENCE) + 1))[:size])
                left -= size
                # A typist's reading sets no events: it is what is measured.
                while first.busy or (not left and first.durable < first.version):  # noqa: ASYNC110
                    await asyncio.sleep(_POLL)
        await self.admit(users - 1)

    async def _live_through(self, edits: int) -> None:
        """Have one author make so many edits that come to nothing."""
        player = Player(churn(edits), self.room_id, ties={}, readers=0)
        try:
            for one in player.everybody:
                await one.open(self._url, self._owner.token)
            self._before = (await player.play()).edits
        finally:
            player.close()

    async def admit(self, users: int) -> None:
        """Bring more users in, each a guest of its own."""
        for _ in range(users):
            number = len(self.typists)
            guest = await self._rest.sign_in(f"User {number}")
            typist = Typist(self.room_id, f"user-{number}", random.Random(f"{self._name}/{number}"))
            await typist.open(self._url, guest.token)
            self.typists.append(typist)

    @property
    def made(self) -> int:
        """How many edits were made."""
        return sum(len(typist.journal.sent) for typist in self.typists)

    @property
    def is_settled(self) -> bool:
        """Whether every edit has reached everybody and is known to be durable."""
        made = self._before + self.made
        return all(one.version == made and one.durable >= made for one in self.typists)

    async def check(self, window: Window) -> Account:
        """Let a newcomer in and compare everybody's text."""
        newcomer = Newcomer(self.room_id)
        await newcomer.open(self._url, (await self._rest.sign_in("Newcomer")).token)
        newcomer.close()
        result = await asyncio.to_thread(
            account, [one.journal for one in self.typists], newcomer.text, window, self._before
        )
        result.wrong += [f"{one.journal.client_id}: {one.error}" for one in self.typists if one.error]
        result.wrong = [f"room {self.room_id}: {sentence}" for sentence in result.wrong]
        return result

    async def close(self) -> None:
        """Send everybody home and delete the room with all that it stored."""
        for typist in self.typists:
            typist.close()
        if self.room_id:
            await self._rest.delete_room(self._owner, self.room_id)


async def settle(rooms: Sequence[BenchRoom]) -> None:
    """Wait until all rooms are settled, or for so long that they will not be; the check tells then what is missing."""
    deadline = time.perf_counter() + _SETTLE_TIMEOUT
    while not all(room.is_settled for room in rooms) and time.perf_counter() < deadline:  # noqa: ASYNC110 - as above
        await asyncio.sleep(_POLL)
