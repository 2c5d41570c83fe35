"""A warm pool: a few blank room actors, so that waking a room does not wait for a process to start."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from actors.directory.placement import Placement
from actors.directory.worker import WorkerLostError
from rayrooms.errors import RayroomsError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from actors.directory.worker import Fleet, Worker

logger = logging.getLogger(__name__)

_PARALLEL_SPAWNS = 4
_PATIENCE = 20.0
_SURPLUS_KEPT = 20.0
_QUIET = 0.5
"""Seconds for which nobody takes an actor, before one is started that nobody waits for yet."""


class WarmPool:
    """Keeps `size` blank actors ready and makes more when more are taken at once, but never more than `limit()` in all.

    A new one goes where `placement` says. At the limit, who takes one waits until another is given back. Of those that
    come back, as many again as `size` are kept for a while: rooms that fall asleep and others that wake then need no
    process to be started or ended.
    """

    def __init__(self, fleet: Fleet, *, size: int, limit: Callable[[], Awaitable[int]]) -> None:
        self._fleet = fleet
        self._size = size
        self._limit = limit
        self.placement = Placement()
        self._ready: deque[Worker] = deque()
        self._out = 0
        self._starting = 0
        self._gate = asyncio.Semaphore(_PARALLEL_SPAWNS)
        self._given = asyncio.Event()
        self._refill: asyncio.Task[None] | None = None
        self._taken_at = 0.0
        self._closed = False
        self._trim: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def _alive(self) -> int:
        """How many actors there are, or will be in a moment."""
        return len(self._ready) + self._out + self._starting

    @property
    def size(self) -> int:
        """How many blank actors are to stand ready."""
        return self._size

    @property
    def ready(self) -> int:
        """How many blank actors stand ready."""
        return len(self._ready)

    def adopt(self, worker: Worker) -> None:
        """Count an actor that is in use already."""
        self.placement.added(worker.node_id)
        self._out += 1

    def give(self, worker: Worker) -> None:
        """Take a blank actor back that was taken here; one too many, or one on a node that is shut, is ended."""
        self._out -= 1
        self._keep(worker)

    def keep(self, worker: Worker) -> None:
        """Take in a blank actor from elsewhere, or end it as `give` does."""
        self.placement.added(worker.node_id)
        self._keep(worker)

    def shut(self, node_id: str) -> None:
        """Make no more actors on a node, and end those of it that stand ready."""
        self.placement.shut_down(node_id)
        for worker in [worker for worker in self._ready if worker.node_id == node_id]:
            self._ready.remove(worker)
            self._dismiss(worker)
        self.refill()

    def _keep(self, worker: Worker) -> None:
        shut = worker.node_id in self.placement.shut
        if len(self._ready) < 2 * self._size and not self._closed and not shut:
            self._ready.append(worker)
            if len(self._ready) > self._size and self._trim is None:
                self._trim = asyncio.get_running_loop().call_later(_SURPLUS_KEPT, self._end_surplus)
        else:
            self._dismiss(worker)
        self._announce()

    def _end_surplus(self) -> None:
        self._trim = None
        while len(self._ready) > self._size:
            self._dismiss(self._ready.pop())

    def _dismiss(self, worker: Worker) -> None:
        self.placement.ended(worker.node_id)
        task = asyncio.create_task(worker.kill())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def end(self, worker: Worker) -> None:
        """End an actor that was taken here and is of no more use."""
        self._out -= 1
        self.placement.ended(worker.node_id)
        self._announce()
        await worker.kill()

    def _announce(self) -> None:
        """Somebody who waits for an actor may look again."""
        self._given.set()
        self._given = asyncio.Event()

    async def take(self) -> Worker:
        """A blank actor that answers. Raises UnavailableError when none can be had."""
        deadline = asyncio.get_running_loop().time() + _PATIENCE
        while True:
            given = self._given
            worker = await self._ready_one()
            if worker is None and await self._may_grow():
                worker = await self._spawn()
            if worker is not None:
                self._out += 1
                self._taken_at = asyncio.get_running_loop().time()
                self.refill()
                return worker
            try:
                async with asyncio.timeout_at(deadline):
                    await given.wait()
            except TimeoutError:
                raise UnavailableError(
                    "As many rooms are awake as may be, and none of them can sleep now; try again.",
                    code="room_unavailable",
                ) from None

    async def put_back(self, taking: asyncio.Task[Worker]) -> None:
        """Give back what is just being taken, once it is: it is not needed any more."""
        with suppress(RayroomsError):
            self.give(await taking)

    async def _ready_one(self) -> Worker | None:
        while self._ready:
            worker = self._ready.popleft()
            self._starting += 1
            try:
                await worker.status()
            except WorkerLostError:
                self._dismiss(worker)  # it may only be slow, and would live on unknown to anybody
                continue
            finally:
                self._starting -= 1
            return worker
        return None

    async def _may_grow(self) -> bool:
        limit = await self._limit()
        return self._alive < limit

    async def _spawn(self) -> Worker:
        self._starting += 1
        try:
            async with self._gate:
                node = self.placement.choose(await self._fleet.nodes())
                self.placement.added(node.node_id)
                try:
                    return await self._fleet.spawn(node)
                except BaseException:
                    self.placement.ended(node.node_id)
                    raise
        finally:
            self._starting -= 1

    def refill(self) -> None:
        """Bring the pool back to its size, in the background."""
        if not self._closed and (self._refill is None or self._refill.done()):
            self._refill = asyncio.create_task(self._fill())

    async def _fill(self) -> None:
        while not self._closed and len(self._ready) < self._size and await self._may_grow():
            # To start a process takes a core for most of a second. While there are others, rooms that wake come first.
            quiet = self._taken_at + _QUIET - asyncio.get_running_loop().time()
            if quiet > 0 and 2 * len(self._ready) >= self._size:
                await asyncio.sleep(quiet)
                continue
            try:
                worker = await self._spawn()
            except RayroomsError as error:
                logger.warning("the warm pool could not be filled: %s", error, extra={"code": error.code})
                return
            self._keep(worker)

    def close(self) -> None:
        """Make no more."""
        self._closed = True
        if self._refill is not None:
            self._refill.cancel()
        if self._trim is not None:
            self._trim.cancel()
