"""What the directory counts for its operator."""

from __future__ import annotations

import pytest

from actors.directory.directory import Directory
from persistence.telemetry.readings import Buckets
from rayrooms.errors import NotFoundError, UnavailableError

from .fakes import CONFIG, FakeFleet


def counts(directory: Directory) -> dict[str, float]:
    """Its readings by name; of a histogram, how many it holds."""
    return {
        metric.name.removeprefix("rayrooms_"): value.upto()[-1] if isinstance(value, Buckets) else value
        for metric, value, _ in directory.tally.readings(awake=len(directory.rooms()))
    }


async def test_rooms_that_wake_and_sleep_are_counted() -> None:
    """OBS-9: each activation once, with its time; that a room does not exist is no failure."""
    fleet = FakeFleet()
    directory = Directory(fleet, CONFIG, warm=0, budget=100, clock=lambda: fleet.now)
    nothing = {"rooms_awake": 0, "rooms_slept": 0, "activation_seconds": 0, "activations_failed": 0}
    assert counts(directory) == nothing
    for room_id in ("a", "b", "a"):
        await directory.locate(room_id)
    assert counts(directory) == nothing | {"rooms_awake": 2, "activation_seconds": 2}
    assert await directory.sleep("a")
    assert await directory.release("b")
    assert counts(directory) == nothing | {"rooms_slept": 1, "activation_seconds": 2}
    fleet.drain_refusal = UnavailableError("not yet", code="database_unavailable")
    with pytest.raises(UnavailableError):
        await directory.locate("a")
    fleet.drain_refusal = None
    with pytest.raises(NotFoundError):
        await directory.locate("nowhere")
    assert counts(directory) == nothing | {"rooms_slept": 1, "activation_seconds": 2, "activations_failed": 1}
