"""How fast a user types: so many edits a second, or as fast as they are acknowledged."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loadtest.typist import Typist

_now = time.perf_counter

_SPREAD = 0.05
"""Seconds over which users without a rate begin, so that they do not all type in the same instant."""


class Pace:
    """Makes a typist type from `start` to `end`, in seconds of `time.perf_counter`.

    `rate` is in edits a second, None for a closed loop. A user whose edit is still under way when the next is due makes
    that one as soon as it can; `late` counts how often. `phase`, from 0 to 1, tells users of one rate apart.
    """

    def __init__(self, typist: Typist, rate: float | None, start: float, end: float, phase: float) -> None:
        self.late = 0
        self._typist = typist
        self._end = end
        self._gap = 1 / rate if rate is not None else 0.0
        self._due = False
        first = start + phase * (self._gap or _SPREAD)
        typist.on_free = self._free if rate is None else self._free_late
        self._at(first, self._free if rate is None else self._tick)

    def _free(self) -> None:
        if _now() < self._end:
            self._typist.type_next()

    def _free_late(self) -> None:
        if self._due:
            self._due = False
            self._free()

    def _tick(self) -> None:
        if self._next >= self._end:
            return
        if self._typist.busy:
            self._due = True
            self.late += 1
        else:
            self._typist.type_next()
        self._at(self._next + self._gap, self._tick)

    def _at(self, when: float, step: object) -> None:
        self._next = when
        loop = asyncio.get_running_loop()
        loop.call_at(loop.time() + max(0.0, when - _now()), step)  # type: ignore[arg-type]
