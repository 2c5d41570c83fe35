"""Memory over a long run: samples of every process, and what of it grows once the warm-up is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from loadtest.trend import trend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadtest.processes import Footprint
    from loadtest.trend import Trend

_FEWEST = 5


class Sample(NamedTuple):
    """What each process held `at` so many seconds."""

    at: float
    footprints: dict[int, Footprint]


class Growth(msgspec.Struct):
    """Memory of one process, or of a part's processes together: at the warm-up's end and at the end, and its slope.

    `kb_per_minute` comes with its standard `error`; `noise_kb` is the standard deviation about the line.
    """

    what: str
    processes: int
    start_mb: float
    end_mb: float
    kb_per_minute: float
    error: float
    noise_kb: float
    verdict: str


class Growths(msgspec.Struct):
    """By process: what each has allocated. By part: that of all its processes, those that came and went among them.

    `shared` is shared memory by part (Postgres's buffers): it fills up to the configured bound, so its slope is told,
    not judged. `passing` counts processes that were not there all the time after the warm-up.
    """

    processes: list[Growth]
    parts: list[Growth]
    shared: list[Growth]
    passing: int

    @property
    def growing(self) -> list[str]:
        """What grows, in words; empty when all is level."""
        return [one.what for one in (*self.parts, *self.processes) if one.verdict == "growing"]


def growths(samples: Sequence[Sample], warm_up: float) -> Growths | None:
    """Judge what was sampled from `warm_up` seconds on; None when that is too little for a judgement."""
    judged = [sample for sample in samples if sample.at >= warm_up]
    if len(judged) < _FEWEST:
        return None
    times = [sample.at for sample in judged]
    parts = {footprint.part for sample in judged for footprint in sample.footprints.values()}
    seen = {pid for sample in judged for pid in sample.footprints}
    lasting = seen.intersection(*(sample.footprints for sample in judged))
    processes = [
        _growth(f"{judged[-1].footprints[pid].name} {pid}", 1, times, [one.footprints[pid].own for one in judged])
        for pid in sorted(lasting)
    ]
    by_part, shared = [], []
    for part in sorted(parts):
        of_part = [[one for one in sample.footprints.values() if one.part == part] for sample in judged]
        count = len(of_part[-1])
        by_part.append(_growth(part, count, times, [sum(one.own for one in found) for found in of_part]))
        held = [sum(one.shared for one in found) for found in of_part]
        if any(held):
            shared.append(_growth(part, count, times, held, judge=False))
    return Growths(processes, by_part, shared, len(seen) - len(lasting))


def _growth(what: str, processes: int, times: Sequence[float], sizes: Sequence[int], *, judge: bool = True) -> Growth:
    line: Trend = trend(times, sizes)
    verdict = ("growing" if line.growing else "level") if judge else "not judged"
    return Growth(
        what=what,
        processes=processes,
        start_mb=sizes[0] / 1e6,
        end_mb=sizes[-1] / 1e6,
        kb_per_minute=line.slope * 60 / 1e3,
        error=line.error * 60 / 1e3,
        noise_kb=line.noise / 1e3,
        verdict=verdict,
    )
