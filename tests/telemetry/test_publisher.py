"""Counts are carried to Ray as what has grown since the last time."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from persistence.telemetry import catalogue, publisher
from persistence.telemetry.publisher import Publisher
from persistence.telemetry.readings import Buckets, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

Told = list[tuple[str, str, float]]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """What Ray was told: name, label and value, in order."""
    calls: Told = []

    class Instrument:
        def __init__(self, name: str, description: str, tag_keys: tuple[str, ...]) -> None:
            assert description
            self._name = name
            self._keys = tag_keys

        def inc(self, value: float, tags: dict[str, str]) -> None:
            assert value > 0, "Ray refuses to add nothing"
            self.set(value, tags)

        def set(self, value: float, tags: dict[str, str]) -> None:
            assert tuple(tags) == self._keys
            calls.append((self._name, "".join(tags.values()), value))

    monkeypatch.setattr(publisher, "Counter", Instrument)
    monkeypatch.setattr(publisher, "Gauge", Instrument)
    return calls


def test_counters_go_out_by_what_they_have_grown(told: Told) -> None:
    """OBS-6: and not at all when they have not."""
    counts = {"socket": 0, "rest": 0}

    def readings() -> Iterator[Reading]:
        for via, count in counts.items():
            yield Reading(catalogue.EDITS, count, via)

    publishing = Publisher(readings)
    publishing.publish()
    assert told == []
    counts |= {"socket": 3}
    publishing.publish()
    counts |= {"socket": 10, "rest": 1}
    publishing.publish()
    publishing.publish()
    assert told == [("rayrooms_edits", "socket", 3), ("rayrooms_edits", "socket", 7), ("rayrooms_edits", "rest", 1)]


def test_gauges_go_out_each_time(told: Told) -> None:
    """OBS-6: Ray forgets those that it is not told again."""
    publishing = Publisher(lambda: [Reading(catalogue.ROOMS_AWAKE, 4)])
    publishing.publish()
    publishing.publish()
    assert told == [("rayrooms_rooms_awake", "", 4)] * 2


def test_a_histogram_goes_out_as_counters_of_its_buckets_and_its_true_sum(told: Told) -> None:
    """OBS-6: a reader who comes at any moment finds no bucket that holds more than a wider one."""
    buckets = Buckets(catalogue.EDIT_SECONDS)
    publishing = Publisher(lambda: [Reading(catalogue.EDIT_SECONDS, buckets)])
    for seconds in (0.0001, 0.0005, 0.0007, 0.3, 77.0):
        buckets.add(seconds)
    publishing.publish()
    counts: dict[str, float] = defaultdict(float)
    for name, bound, value in told:
        if name == "rayrooms_edit_seconds_sum":
            assert value == pytest.approx(77.3013)
            continue
        assert name == "rayrooms_edit_seconds_bucket"
        counts[bound] += value
        shown = [counts[end] for end in catalogue.EDIT_SECONDS.ends]
        assert shown == sorted(shown), told
    assert [counts[end] for end in ("0.0005", "0.001", "0.2", "0.5", "5.0", "+Inf")] == [2, 3, 3, 4, 4, 5]
    before = len(told)
    buckets.add(0.0001)
    publishing.publish()
    assert {value for name, _, value in told[before:] if name.endswith("_bucket")} == {1}
