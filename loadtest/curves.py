"""How the cost of an edit grows: with rooms, with readers, with the length of a document and with its history.

    python -m loadtest.curves --url http://127.0.0.1:8000 --json curves.json
    python -m loadtest.plots curves.json docs/images

Each point is a scenario of its own in which everybody who types has one edit in flight. The server must run on this
machine, for nothing else, with limits that one user cannot reach (`RAYROOMS_LIMIT_EDITS` and the like).
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import uvloop
from tqdm import tqdm

from loadtest import command
from loadtest.command import names_in, told, write_json
from loadtest.processes import NotHereError, ServerProcesses
from loadtest.rest import Rest, RestError
from loadtest.results import Curve, CurveReport, Point
from loadtest.scenarios import Bench, Typing, typing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class _Axis(NamedTuple):
    """What is varied, its values, and the scenario for each."""

    label: str
    values: tuple[int, ...]
    plan: Callable[[int], Typing]


AXES = {
    "rooms": _Axis(
        "rooms of 3 who type",
        (1, 10, 50, 100, 200),
        lambda rooms: Typing(f"{rooms} rooms of 3", rooms, 3, None),
    ),
    "readers": _Axis(
        "readers of one author",
        (1, 5, 20, 50, 100),
        lambda readers: Typing(f"1 author and {readers} readers", 1, readers + 1, None, writers=1),
    ),
    "characters": _Axis(
        "characters of the document",
        (1_000, 10_000, 100_000, 1_000_000),
        lambda size: Typing(f"3 authors in {size:,} characters", 1, 3, None, characters=size),
    ),
    "history": _Axis(
        "edits made before",
        (0, 10_000, 100_000, 1_000_000),
        lambda edits: Typing(f"3 authors after {edits:,} edits", 1, 3, None, history=edits),
    ),
}


async def _run(chosen: argparse.Namespace) -> list[Curve]:
    curves: list[Curve] = []
    try:
        processes = ServerProcesses(chosen.url)
    except NotHereError as error:
        raise RestError(str(error)) from None
    async with Rest(chosen.url) as rest:
        owner = await rest.sign_in("Curves")
        with tqdm(total=len(chosen.axes), bar_format="{desc}  [{elapsed}]", leave=False, disable=None) as bar:
            bench = Bench(chosen.url, rest, owner, processes, chosen.seconds, 0, bar.set_description_str)
            for name in chosen.axes:
                axis = AXES[name]
                points: list[Point] = []
                for value in (one for one in axis.values if one <= chosen.most):
                    plan = axis.plan(value)
                    points.append(Point(value, await told(typing(f"{name}-{value}", plan, bench), plan.title)))
                    bar.write(_line(plan.title, points[-1]))
                curves.append(Curve(name, axis.label, points))
    return curves


def _line(title: str, point: Point) -> str:
    result = point.result
    arrival = f"arrival p50 {result.arrival.p50:.2f} ms" if result.arrival is not None else "nothing arrived"
    wrong = f"  WRONG: {result.wrong[0]}" if result.wrong else ""
    return f"{title}: {point.cost:.3f} ms CPU an edit, {result.edits_per_second:,.0f} edits/s, {arrival}{wrong}"


def _axes(value: str) -> list[str]:
    return names_in(value.lower(), AXES, "axis")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loadtest.curves", description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="the server (default: %(default)s)")
    parser.add_argument("--axes", metavar="A,B,...", type=_axes, default=list(AXES), help="default: all four")
    parser.add_argument("--most", metavar="N", type=int, default=10**9, help="leave larger values out")
    parser.add_argument("--seconds", metavar="N", type=float, default=6.0, help="a point (default: %(default)s)")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the results there as well")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    chosen = _parser().parse_args(arguments)
    return command.run("loadtest.curves", lambda: _measure(chosen))


def _measure(chosen: argparse.Namespace) -> int:
    report = CurveReport(time.time(), os.cpu_count() or 1, os.getloadavg()[0], chosen.seconds, [])
    report.curves = uvloop.run(_run(chosen))
    write_json(chosen.json, report)
    return int(any(point.result.wrong for curve in report.curves for point in curve.points))


if __name__ == "__main__":
    sys.exit(main())
