"""A warm pool: a few blank room actors, so that waking a room does not wait for a process to start."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING

from actors.directory.worker import WorkerLostError
from rayrooms.errors import RayroomsError

if TYPE_CHECKING:
    from actors.directory.worker import Fleet, Worker

logger = logging.getLogger(__name__)

_PARALLEL_SPAWNS = 4


class WarmPool:
    """Keeps `size` blank actors ready and makes more when more are taken at once."""

    def __init__(self, fleet: Fleet, *, size: int) -> None:
        self._fleet = fleet
        self._size = size
        self._ready: deque[Worker] = deque()
        self._gate = asyncio.Semaphore(_PARALLEL_SPAWNS)
        self._refill: asyncio.Task[None] | None = None
        self._closed = False
        self._ending: set[asyncio.Task[None]] = set()

    def give(self, worker: Worker) -> None:
        """Take a blank actor back; one too many is ended."""
        if len(self._ready) < self._size and not self._closed:
            self._ready.append(worker)
        else:
            task = asyncio.create_task(worker.kill())
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def take(self) -> Worker:
        """A blank actor that answers. Raises UnavailableError when none can be had."""
        while self._ready:
            worker = self._ready.popleft()
            try:
                await worker.status()
            except WorkerLostError:
                continue
            self.refill()
            return worker
        self.refill()
        async with self._gate:
            return await self._fleet.spawn()

    def refill(self) -> None:
        """Bring the pool back to its size, in the background."""
        if not self._closed and (self._refill is None or self._refill.done()):
            self._refill = asyncio.create_task(self._fill())

    async def _fill(self) -> None:
        while len(self._ready) < self._size and not self._closed:
            try:
                worker = await self._fleet.spawn()
            except RayroomsError as error:
                logger.warning("the warm pool could not be filled: %s", error)
                return
            self.give(worker)

    def close(self) -> None:
        """Make no more."""
        self._closed = True
        if self._refill is not None:
            self._refill.cancel()
