"""The vectors that hold the two ends of the relay together: tests/vectors/relay/*.json."""

from __future__ import annotations

import json
from collections import Counter
from functools import lru_cache
from typing import Any

import pytest

from .recording import replay
from .vectors import VECTORS, make


def _runs(name: str) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = json.loads((VECTORS / name).read_text(encoding="utf-8"))["runs"]
    return runs


def test_simulated_vectors_are_what_links_do() -> None:
    """RELAY-3: `PYTHONPATH=notebooks python -m tests.notebooks.relay.vectors` writes them anew."""
    assert (VECTORS / "simulated.json").read_text(encoding="utf-8") == make()


@pytest.mark.parametrize("run", _runs("whimsical.json"), ids=lambda run: run["name"])
def test_does_what_the_other_end_recorded(run: dict[str, Any]) -> None:
    """RELAY-3: what a link in TypeScript did at each recorded step, one in Python does too."""
    for number, (step, again) in enumerate(zip(run["steps"], replay(run), strict=True)):
        assert again == step, f"step {number}"


@lru_cache
def _happened() -> Counter[str]:
    counts: Counter[str] = Counter()
    for run in _runs("simulated.json") + _runs("whimsical.json"):
        counts["view" if run["token"] else "kernel"] += 1
        taken: set[int] = set()
        for step in run["steps"]:
            counts[step["do"]] += 1
            counts[f"phase {step.get('phase')}"] += 1
            counts["full"] += bool(step.get("full"))
            counts.update(f"told {event['type']}" for event in step.get("told", ()))
            counts.update(f"ended: {event['code']}" for event in step.get("told", ()) if event["type"] == "ended")
            for way in ("gives", "message"):
                message = step.get(way, {"type": ""})
                counts[f"{way} {message['type']}"] += 1
                counts.update(f"{way} {key}" for key in ("more", "end", "have", "ping") if message.get(key))
            seq = step.get("gives", {}).get("seq", 0)
            counts["again"] += seq in taken
            taken.add(seq)
    return counts


@pytest.mark.parametrize(
    ("what", "at_least"),
    {
        "view": 20,
        "kernel": 20,
        "push": 300,
        "opened": 50,
        "finish": 10,
        "full": 30,
        "again": 100,
        "phase open": 30,
        "phase closing": 8,
        "phase over": 30,
        "told opened": 15,
        "told frame": 300,
        "told ended": 15,
        "ended: message_too_large": 3,
        "ended: room_unavailable": 5,
        "gives open": 30,
        "gives data": 300,
        "gives ack": 200,
        "gives close": 10,
        "gives more": 200,
        "gives end": 5,
        "gives have": 50,
        "gives ping": 3,
        "message open": 10,
        "message have": 200,
        "message end": 8,
        "message ping": 20,
    }.items(),
)
def test_vectors_have_it_all(what: str, at_least: int) -> None:
    """RELAY-3: in the recorded steps everything occurs that a link can do or meet."""
    assert _happened()[what] >= at_least, dict(_happened())


def test_vectors_are_not_large() -> None:
    """RELAY-3: the vectors stay small enough to be kept beside the code."""
    assert sum(path.stat().st_size for path in VECTORS.iterdir()) < 600_000
