"""Carries what a process counts to the metrics agent of its node, by way of ray.util.metrics, every few seconds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ray.util.metrics import Counter, Gauge

from persistence.telemetry.catalogue import BUCKET, LE, SUM
from persistence.telemetry.readings import Buckets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from persistence.telemetry.readings import Reading

INTERVAL = 5.0
"""Seconds between two readings. The process itself sends on to its agent every 10 s, and Ray forgets gauges that were
not set for 20 s."""


class Publisher:
    """Reads `source` every INTERVAL seconds and tells Ray by how much counters have grown and where gauges stand.

    A histogram goes out as counters, one a bucket and one for the sum. Ray's own histograms are sent as counts of
    buckets too, but the agent then records each single value again (7 us of CPU for every edit), in the middle of its
    bucket, so that the sum is not the true one either.
    """

    def __init__(self, source: Callable[[], Iterable[Reading]]) -> None:
        self._source = source
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._told: dict[tuple[str, str], float] = {}

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            self.publish()
            await asyncio.sleep(INTERVAL)

    def publish(self) -> None:
        """Read once, and tell what is new."""
        for metric, value, label in self._source():
            if isinstance(value, Buckets):
                # From the widest on: a reader who comes in between sees no bucket that holds more than a wider one.
                for bound, count in reversed(list(zip(metric.ends, value.upto(), strict=True))):
                    self._grow(metric.name + BUCKET, count, metric.help, LE, bound)
                self._grow(metric.name + SUM, value.seconds, metric.help)
            elif metric.kind == "counter":
                self._grow(metric.name, value, metric.help, metric.label, label)
            else:
                gauge = self._gauges.get(metric.name)
                if gauge is None:
                    gauge = self._gauges[metric.name] = Gauge(metric.name, metric.help, _keys(metric.label))
                gauge.set(value, _tags(metric.label, label))

    def _grow(self, name: str, value: float, description: str, key: str = "", label: str = "") -> None:
        growth = value - self._told.get((name, label), 0.0)
        if growth <= 0.0:
            return
        counter = self._counters.get(name)
        if counter is None:
            counter = self._counters[name] = Counter(name, description, _keys(key))
        counter.inc(growth, _tags(key, label))
        self._told[name, label] = value


def _keys(key: str) -> tuple[str, ...]:
    return (key,) if key else ()


def _tags(key: str, label: str) -> dict[str, str]:
    return {key: label} if key else {}
