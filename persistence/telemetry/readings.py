"""What a process has counted, read off now and then; counting itself is plain addition. Pure."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from persistence.telemetry.catalogue import Metric


class Buckets:
    """How many durations fell between the bounds of a histogram, and their sum in seconds."""

    __slots__ = ("_bounds", "_counts", "seconds")

    def __init__(self, metric: Metric) -> None:
        self._bounds = metric.bounds
        self._counts = [0] * (len(metric.bounds) + 1)
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self.seconds += seconds

    def upto(self) -> list[int]:
        """How many were at most each bound; the last is how many there are at all."""
        return list(accumulate(self._counts))


class Reading(NamedTuple):
    """The value of a metric now. Counters and histograms only ever grow; `label` is what its label says, if it has one.

    A metric that is not read keeps its last value if it is a counter, and vanishes after a while if it is a gauge.
    """

    metric: Metric
    value: float | Buckets
    label: str = ""
