"""What is waited at where thousands wait: as asyncio's queue, event and timers, at a tenth of the memory."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_ROUND = 0.25


class Mailbox:
    """A queue without a bound for one reader. It makes room for what is put when nobody waits for it, and only then."""

    __slots__ = ("_items", "_reader")

    def __init__(self) -> None:
        self._items: deque[Any] | None = None
        self._reader: asyncio.Future[None] | None = None

    def put_nowait(self, item: Any) -> None:  # noqa: ANN401 - whatever the reader expects
        """Put something in."""
        if self._items is None:
            self._items = deque()
        self._items.append(item)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def get(self) -> Any:  # noqa: ANN401 - see put_nowait
        """Take the oldest out; wait for one."""
        while self._items is None:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        item = self._items.popleft()
        if not self._items:
            self._items = None
        return item

    @property
    def is_awaited(self) -> bool:
        """Whether it is empty and its reader waits: whatever was put before has been dealt with."""
        return self._items is None and self._reader is not None and not self._reader.done()

    def empty(self) -> bool:
        """Whether there is nothing in it."""
        return self._items is None


class Gate:
    """Open, or shut: who comes to it then waits. It is open at first."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: asyncio.Future[None] | None = None

    def is_set(self) -> bool:
        """Whether it is open."""
        return self._waiting is None

    def clear(self) -> None:
        """Shut it."""
        if self._waiting is None:
            self._waiting = asyncio.get_running_loop().create_future()

    def set(self) -> None:
        """Open it."""
        if self._waiting is not None:
            self._waiting.set_result(None)
            self._waiting = None

    async def wait(self) -> None:
        """Go through when it is open."""
        while self._waiting is not None:
            await asyncio.shield(self._waiting)


class Turn:
    """A callback that waits for its round."""

    __slots__ = ("_callback", "_round")

    def __init__(self, callback: Callable[[], None], its_round: set[Turn]) -> None:
        self._callback = callback
        self._round = its_round

    def cancel(self) -> None:
        """Do not call it."""
        self._round.discard(self)

    def take(self) -> None:
        """Call it."""
        self._callback()


class Rounds:
    """Timers of an event loop that may be a quarter of a second late: one timer of the loop for all of that time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._rounds: dict[int, set[Turn]] = {}

    def call_later(self, delay: float, callback: Callable[[], None]) -> Turn:
        """Call this in so many seconds or a little later, unless the turn is cancelled before."""
        number = math.ceil((self._loop.time() + delay) / _ROUND)
        its_round = self._rounds.get(number)
        if its_round is None:
            its_round = self._rounds[number] = set()
            self._loop.call_at(number * _ROUND, self._begin, number)
        turn = Turn(callback, its_round)
        its_round.add(turn)
        return turn

    def _begin(self, number: int) -> None:
        its_round = self._rounds.pop(number)
        while its_round:
            try:
                its_round.pop().take()
            except Exception as error:  # noqa: BLE001 - as in a loop: one callback's failure is not the others'
                self._loop.call_exception_handler({"message": "a callback failed", "exception": error})
