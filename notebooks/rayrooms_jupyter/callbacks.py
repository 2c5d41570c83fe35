"""Where the callbacks of a room run: one after the other, on a thread of their own."""

from __future__ import annotations

import contextvars
import logging
import queue
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_WAITING = 10_000
"""Calls that wait for a callback that is slow; beyond that the newest are dropped."""

_logger = logging.getLogger(__name__)


class Callback:
    """A function that somebody registered, and the context in which they did.

    What it prints goes to the cell that registered it. It may fail: the first failure is logged, there as well.
    """

    def __init__(self, function: Callable[[Any], object]) -> None:
        self.active = True
        self._function = function
        self._context = contextvars.copy_context()
        self._failed = False

    def __call__(self, event: object) -> None:
        if self.active:
            self._context.run(self._call, event)

    def _call(self, event: object) -> None:
        try:
            self._function(event)
        except Exception:
            if not self._failed:
                self._failed = True
                _logger.exception("A callback of a room failed; it is still called, but said no more.")


class CallbackThread:
    """Calls callbacks in the order in which their events came.

    Not on the event loop's thread, so that a callback may use the room like any other program: edit it, and wait.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._waiting: queue.Queue[tuple[Callback, object] | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._running: Callback | None = None
        self._dropping = False

    @property
    def caller(self) -> Callback | None:
        """The callback that the calling thread is in."""
        return self._running if threading.current_thread() is self._thread else None

    def submit(self, callback: Callback, event: object) -> None:
        """Call `callback` with `event`, after all that was submitted before. From one thread only; never waits."""
        if self._waiting.qsize() >= MAX_WAITING:
            if not self._dropping:
                self._dropping = True
                _logger.error("The callbacks of %s are too slow: events are dropped.", self._name)
            return
        self._dropping = False
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"callbacks of {self._name}", daemon=True)
            self._thread.start()
        self._waiting.put((callback, event))

    def end(self) -> None:
        """Call what was submitted, and then nothing more. Does not wait for it."""
        self._waiting.put(None)

    def _run(self) -> None:
        while (call := self._waiting.get()) is not None:
            self._running, event = call
            self._running(event)
            self._running = None
