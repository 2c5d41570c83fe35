"""The event loop on which everything of a kernel's rooms runs: one daemon thread for all of them."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from rayrooms.errors import RayroomsError

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from concurrent.futures import Future

T = TypeVar("T")

STOP_TIMEOUT = 2.0


class Background:
    """An event loop that runs on a thread of its own, as long as the process lives."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="rayrooms", daemon=True)
        self._thread.start()

    def start(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run `coroutine` on the loop. From any thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run `coroutine` on the loop, wait for it, and return its result; interrupted, it is cancelled.

        From any thread but the loop's own.
        """
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RayroomsError("This call waits for the event loop of the rooms, so it cannot be made there.")
        future = self.start(coroutine)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def stop(self) -> None:
        """Cancel what still runs there, and end the thread. What does not heed that is left behind."""
        self.start(_cancelled_others())
        self._thread.join(STOP_TIMEOUT)
        if not self._thread.is_alive():
            self.loop.close()


async def _cancelled_others() -> None:
    """The last coroutine of a loop."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    asyncio.get_running_loop().stop()


class _Shared:
    """The one of this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.background: Background | None = None


_shared = _Shared()


def background() -> Background:
    """The loop of this process, started when it is first asked for."""
    with _shared.lock:
        if _shared.background is None:
            _shared.background = Background()
        return _shared.background


def _forget() -> None:
    """A forked child has the objects, but not the thread; the lock may be held by a thread that it has not."""
    _shared.lock = threading.Lock()
    _shared.background = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
