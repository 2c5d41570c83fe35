"""What a live room does, in a few numbers: looked at once a second and when somebody asks, never as part of an edit."""

from __future__ import annotations

import resource
from collections import deque
from pathlib import Path

from persistence.exchanged import Exchanged

_WINDOW = 10
"""Seconds, and samples, over which the pace is taken."""

_STATM = Path("/proc/self/statm")


class RoomFigures(Exchanged, frozen=True):
    """A room at `version`, durable up to `durable`, with `edits` since it woke.

    `users` are different people, `edits_per_second` is over the last ten seconds, `memory_bytes` is what its process
    shares with no other (0 where the system does not say).
    """

    users: int
    version: int
    durable: int
    edits: int
    edits_per_second: float
    memory_bytes: int


class Pace:
    """How fast a room's version rises."""

    def __init__(self, version: int, now: float) -> None:
        self._woke_at = version
        self._samples = deque([(now, version)], maxlen=_WINDOW)

    def sample(self, version: int, now: float) -> None:
        """Note the version; to be called about once a second."""
        self._samples.append((now, version))

    def edits(self, version: int) -> int:
        """How many edits there were since the room woke."""
        return version - self._woke_at

    def per_second(self, version: int, now: float) -> float:
        """How many edits there were a second since the oldest sample."""
        began, at_first = self._samples[0]
        return (version - at_first) / max(now - began, 1.0)


def private_memory() -> int:
    """How many bytes this process holds alone."""
    try:
        _, resident, shared, *_ = _STATM.read_text().split()
    except OSError:
        return 0
    return (int(resident) - int(shared)) * resource.getpagesize()
