"""What is called growing over a long run, and what level."""

from __future__ import annotations

import random

import pytest

from loadtest.growth import Sample, growths
from loadtest.processes import Footprint
from loadtest.trend import trend

MB = 1_000_000
_TIMES = [10.0 * number for number in range(61)]


def _noise(seed: int, size: float) -> list[float]:
    rng = random.Random(seed)
    return [rng.gauss(0, size) for _ in _TIMES]


def _walk(seed: int, step: float) -> list[float]:
    """Memory as an allocator has it: what is there tells what comes."""
    rng = random.Random(seed)
    at, found = 0.0, []
    for _ in _TIMES:
        at = 0.7 * at + rng.gauss(0, step)
        found.append(at)
    return found


def test_a_line_is_fitted() -> None:
    """LOAD-11: slope, noise and span of samples on a line, and of samples that alternate about it."""
    line = trend(_TIMES, [50 * MB + 1000 * at for at in _TIMES])
    assert (line.slope, line.span) == pytest.approx((1000, 600))
    assert line.error == pytest.approx(0, abs=1e-6)
    shaken = trend(_TIMES, [50 * MB + 1000 * at + (-1) ** number * 500 for number, at in enumerate(_TIMES)])
    assert shaken.slope == pytest.approx(1000, abs=5)
    assert shaken.noise == pytest.approx(500, rel=0.01)


def test_the_error_is_that_of_the_textbook_for_independent_samples() -> None:
    """LOAD-11: five samples whose slope and error were worked out by hand."""
    line = trend([0, 1, 2, 3, 4], [1, 0, 2, 1, 3])
    assert line.slope == pytest.approx(0.5)
    assert line.error == pytest.approx((2.7 / 3 / 10) ** 0.5)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("per_minute", [100_000, 400_000])
def test_a_leak_is_found(seed: int, per_minute: int) -> None:
    """LOAD-11: 100 kB a minute over ten minutes, amid noise of 200 kB."""
    noise = zip(_noise(seed, 100_000), _walk(seed, 50_000), strict=True)
    values = [80 * MB + per_minute / 60 * at + sum(both) for at, both in zip(_TIMES, noise, strict=True)]
    assert trend(_TIMES, values).growing


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("kind", ["still", "noise", "walk", "falls", "one step", "a little"])
def test_what_is_level_is_called_level(seed: int, kind: str) -> None:
    """LOAD-11: also where neighbouring samples are alike, and where an arena was taken once."""
    noise = _noise(seed, 100_000)
    match kind:
        case "still":
            noise = [0.0 for _ in _TIMES]
        case "walk":
            noise = _walk(seed, 1 * MB)
        case "falls":
            noise = [one - 5000 * at for one, at in zip(noise, _TIMES, strict=True)]
        case "one step":
            noise = [
                one + (2 * MB if at >= _TIMES[10 + 2 * seed] else 0) for one, at in zip(noise, _TIMES, strict=True)
            ]
        case "a little":
            noise = [100 * at for at in _TIMES]
    assert not trend(_TIMES, [80 * MB + one for one in noise]).growing


def _samples() -> list[Sample]:
    """Twenty minutes, a sample each: process 1 fills a cache in the first ten, 2 leaks, a new one comes in each."""
    samples = []
    for minute in range(20):
        footprints = {
            1: Footprint("rooms", "RoomActor", 50 * MB + MB * min(minute, 10), 0),
            2: Footprint("gateway", "ServeReplica", 80 * MB + MB * minute, 0),
            3: Footprint("postgres", "postgres", 10 * MB, 5 * MB * minute),
            100 + minute: Footprint("postgres", "autovacuum worker", 2 * MB, MB),
        }
        samples.append(Sample(60.0 * minute, footprints))
    return samples


def test_memory_is_judged_after_the_warm_up_by_process_and_part() -> None:
    """LOAD-12."""
    found = growths(_samples(), 600)
    assert found is not None
    assert {one.what: one.verdict for one in found.processes} == {
        "RoomActor 1": "level",
        "ServeReplica 2": "growing",
        "postgres 3": "level",
    }
    assert {one.what: (one.processes, one.verdict) for one in found.parts} == {
        "rooms": (1, "level"),
        "gateway": (1, "growing"),
        "postgres": (2, "level"),
    }
    assert found.growing == ["gateway", "ServeReplica 2"]
    assert found.passing == 10
    leak = found.processes[1]
    assert (leak.start_mb, leak.end_mb, leak.kb_per_minute) == pytest.approx((90, 99, 1000))


def test_shared_memory_is_told_apart_and_not_judged() -> None:
    """LOAD-12: Postgres's buffers fill up to their bound."""
    found = growths(_samples(), 600)
    assert found is not None
    [buffers] = found.shared
    assert (buffers.what, buffers.verdict) == ("postgres", "not judged")
    assert buffers.kb_per_minute == pytest.approx(5000)


def test_processes_that_pile_up_are_growth_of_their_part() -> None:
    """LOAD-12: none of them grows, but each stays."""
    samples = [
        Sample(60.0 * minute, {pid: Footprint("rooms", "RoomActor", 50 * MB, 0) for pid in range(minute + 1)})
        for minute in range(20)
    ]
    found = growths(samples, 600)
    assert found is not None
    assert found.growing == ["rooms"]
    assert found.passing == 9


def test_too_short_a_run_is_not_judged() -> None:
    """LOAD-12."""
    assert growths(_samples()[:13], 600) is None
