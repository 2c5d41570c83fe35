"""What coroutines wait at where there are thousands of them: as asyncio's queue and event, at a tenth of the memory."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any


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
