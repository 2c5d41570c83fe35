"""What the tests of the feed share: records, and a sender that remembers what it was told."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import uvloop

from persistence.feed import Op
from persistence.feed_client import FeedSender
from persistence.writer import Writer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from pathlib import Path

    import psycopg

    from persistence.feed import Record
    from rayrooms.protocol import Operation

    LoopFactory = Callable[[], asyncio.AbstractEventLoop]

PATIENCE = 20.0
"""Seconds after which a condition that a test waits for counts as never met."""

LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


def run(loop: LoopFactory, scenario: Coroutine[Any, Any, None]) -> None:
    """Run a scenario on a loop of the given kind."""
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(scenario)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition that nobody announces."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.002)


@asynccontextmanager
async def serving(url: str, path: Path, **options: Any) -> AsyncIterator[Writer]:
    """A running writer; at the end it must have been able to commit all that it had."""
    writer = Writer(url, path, **options)
    await writer.start()
    yield writer
    assert await writer.stop()


def insertion(n: int, *, version: int | None = None, client_id: str = "client", content: str | None = None) -> Op:
    """Record n of a feed: an insert at the document's start, committed as `version` (default n)."""
    operation: Operation = [f"{n} " if content is None else content]
    return Op(n, version or n, json.dumps(operation).encode(), "ada", client_id, version or n, time.time())


def insertions(first: int, last: int) -> list[Record]:
    return [insertion(n) for n in range(first, last + 1)]


def log_of(sql: psycopg.Connection, room_id: str) -> list[int]:
    """The versions that are stored of a room's log."""
    rows = sql.execute("SELECT version FROM operations WHERE room_id = %s ORDER BY version", (room_id,)).fetchall()
    return [version for (version,) in rows]


class Sender:
    """A FeedSender whose callbacks are kept, and awaited by condition."""

    def __init__(self, path: Path, room_id: str, epoch: int = 1) -> None:
        self.durable = 0
        self.fenced: list[int] = []
        self.resumed = 0
        self._told = asyncio.Event()
        self.feed = FeedSender(
            path,
            room_id,
            epoch,
            "test",
            on_durable=self._on_durable,
            on_fenced=self._on_fenced,
            on_resumed=self._on_resumed,
        )

    async def until(self, condition: Callable[[Sender], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition(self):
                self._told.clear()
                await self._told.wait()

    async def until_durable(self, n: int) -> None:
        await self.until(lambda sender: sender.durable >= n)

    async def until_resumed(self) -> None:
        await self.until(lambda sender: sender.feed.handed_over)

    async def until_fenced(self) -> int:
        await self.until(lambda sender: bool(sender.fenced))
        return self.fenced[0]

    async def close(self) -> None:
        await self.feed.close(flush=False)

    def _on_durable(self, n: int) -> None:
        assert n > self.durable, "durable went backwards"
        self.durable = n
        self._told.set()

    def _on_fenced(self, epoch: int) -> None:
        self.fenced.append(epoch)
        self._told.set()

    def _on_resumed(self) -> None:
        self.resumed += 1
        self._told.set()
