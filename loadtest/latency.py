"""Percentiles of measured times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable


class Percentiles(msgspec.Struct, frozen=True):
    """Milliseconds, and of how many measurements they are."""

    p50: float
    p95: float
    p99: float
    count: int

    def __str__(self) -> str:
        return f"p50 {self.p50:.2f}  p95 {self.p95:.2f}  p99 {self.p99:.2f} ms"


def percentiles(seconds: Iterable[float]) -> Percentiles | None:
    """The percentiles of durations in seconds by nearest rank; None when there are none."""
    ordered = sorted(seconds)
    if not ordered:
        return None
    size = len(ordered)
    p50, p95, p99 = (1000 * ordered[-(-size * percent // 100) - 1] for percent in (50, 95, 99))
    return Percentiles(p50, p95, p99, size)
