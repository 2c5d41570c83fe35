"""Links on a channel that loses, doubles, delays and reorders, with seeds of their own."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import pytest

from .simulation import Simulation

SEEDS = range(400)


@lru_cache
def _all_seen() -> Counter[str]:
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        simulation = Simulation(seed)
        try:
            simulation.run()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        seen += simulation.seen
    return seen


def test_every_frame_arrives_once_and_in_order() -> None:
    """RELAY-1, RELAY-2: whatever the channel does, each end hears what the other sent, or that the link is over."""
    assert _all_seen()["Data"] > 10_000


@pytest.mark.parametrize(
    ("what", "at_least"),
    {
        "lost": 1_000,
        "have": 1_000,
        "more": 1_000,
        "empty frames": 200,
        "ping": 100,
        "Open": 450,
        "Close": 100,
        "end": 100,
        "full": 50,
        "ended in order": 80,
        "all delivered": 80,
        "failed": 20,
        "view finishes": 80,
        "kernel finishes": 80,
        "kernel restarts": 10,
        "view vanishes": 10,
        "refused": 10,
    }.items(),
)
def test_the_simulation_meets_it_all(what: str, at_least: int) -> None:
    """RELAY-1: what the rules speak of did happen."""
    assert _all_seen()[what] >= at_least, dict(_all_seen())
