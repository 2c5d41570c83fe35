"""Real editing traces, keystroke by keystroke."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from rayrooms import text

TRACES = Path(__file__).resolve().parents[3] / "shared" / "data"


def test_a_recorded_session_replays_exactly() -> None:
    """OT-16: every patch of a recorded session, taken as a position edit, leads to the recorded end and back."""
    path = TRACES / "sveltecomponent.json.gz"
    if not path.exists():
        pytest.skip(f"the trace {path.name} is not there")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        trace = json.load(file)

    document = trace["startContent"]
    history = []
    for txn in trace["txns"]:
        for position, deleted, inserted in txn["patches"]:
            op = text.from_position_edit("replace", position, content=inserted, length=deleted)
            text.check(op)
            document, invertible = text.apply_checked(document, op)
            history.append(invertible)
    assert document == trace["endContent"]
    assert len(history) > 18_000

    for op in reversed(history):
        document = text.apply(document, text.invert(op))
    assert document == trace["startContent"]
