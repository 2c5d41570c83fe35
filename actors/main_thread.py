"""Lets the main thread of a room's worker rest. By itself it wakes a hundred times a second."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType

_REST: Final = 0.19
"""Seconds; an actor call that comes meanwhile waits for the end of it."""
_LOOK: Final = 0.005
"""Seconds until the next rest is due, which begins with Ray's next look."""
_RAY_LOOP: Final = "main_loop"
"""Where Ray's main thread is when it has nothing else to do."""


class MainThread:
    """The thread on which Ray hands out actor calls, and looks for signals every 10 ms (fixed in its C++ core).

    With fifty rooms on two cores that look takes an eighth of the machine, and the caches from those who have something
    to do. What Ray looks for are Python's signal handlers; ours, called by a timer, keeps the thread where it is.
    To be made on the main thread; the rest from any.
    """

    def __init__(self) -> None:
        self._stirred = threading.Event()
        self._resting = False
        signal.signal(signal.SIGALRM, self._rest)

    def slow_down(self) -> None:
        """Rest from now on: actor calls may take a fifth of a second longer."""
        self._stirred.clear()
        signal.setitimer(signal.ITIMER_REAL, _LOOK)

    def speed_up(self) -> None:
        """Be there for actor calls at once."""
        self._stirred.set()
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _rest(self, _number: int, frame: FrameType | None) -> None:
        if self._resting:
            return
        # Anywhere else it may hold what another thread waits for.
        if frame is not None and frame.f_code.co_name == _RAY_LOOP:
            self._resting = True
            try:
                self._stirred.wait(_REST)
            finally:
                self._resting = False
        if not self._stirred.is_set():
            signal.setitimer(signal.ITIMER_REAL, _LOOK)
