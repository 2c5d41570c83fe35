"""Whether a series of samples grows: a least-squares line, how sure its slope is, and a verdict by one criterion."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

ERRORS = 3.0
"""Standard errors by which a slope must exceed 0 to count: by chance one series in 700 does."""
NOISES = 2.0
"""Standard deviations of the samples about their line that the growth over the series must exceed."""
LEAST = 100_000.0
"""Bytes of growth over the series that are nothing: an allocator's steps."""
CRITERION = (
    f"growing: the slope is over {ERRORS:.0f} standard errors above 0, and over the measured time it comes to more "
    f"than {NOISES:.0f} standard deviations of the samples about the line, more than {LEAST / 1e3:.0f} kB, and no "
    "single step"
)


class Trend(msgspec.Struct, frozen=True):
    """A line through samples: `slope` with its standard `error`, both for one unit of time; `noise` is what remains.

    `span` is the time from the first to the last sample. `steps` says how often the median of a quarter of the samples
    is above that of the quarter before by half of what the line gives or more; a single step, however large, is one.
    """

    slope: float
    error: float
    noise: float
    span: float
    steps: int

    @property
    def growing(self) -> bool:
        """See CRITERION."""
        growth = self.slope * self.span
        sure = self.slope > ERRORS * self.error and growth > max(NOISES * self.noise, LEAST)
        return sure and self.steps > 1


def trend(times: Sequence[float], values: Sequence[float]) -> Trend:
    """The line of least squares through at least four samples.

    What remains of neighbouring samples is alike, as memory changes in steps, so that they tell less than as many
    independent ones would: the error is that of `n (1 - r) / (1 + r)` samples, where `r` is their correlation.
    """
    n = len(times)
    middle, mean = math.fsum(times) / n, math.fsum(values) / n
    width = math.fsum((at - middle) ** 2 for at in times)
    slope = math.fsum((at - middle) * (value - mean) for at, value in zip(times, values, strict=True)) / width
    rest = [value - mean - slope * (at - middle) for at, value in zip(times, values, strict=True)]
    squares = math.fsum(one * one for one in rest)
    alike = math.fsum(one * after for one, after in pairwise(rest)) / squares if squares else 0.0
    kept = min(max(alike, 0.0), (n - 1) / (n + 1))  # never less than one independent sample
    error = math.sqrt(squares / (n - 2) / width * (1 + kept) / (1 - kept))
    span = times[-1] - times[0]
    medians = [median(values[n * quarter // 4 : n * (quarter + 1) // 4]) for quarter in range(4)]
    steps = sum(after - before >= slope * span / 8 for before, after in pairwise(medians))
    return Trend(slope, error, math.sqrt(squares / n), span, steps)
