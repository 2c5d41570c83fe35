"""Draws the curves that `loadtest.curves` has measured, one picture an axis.

python -m loadtest.plots curves.json docs/images
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import msgspec

from loadtest.processes import PARTS
from loadtest.results import Curve, CurveReport

mpl.use("svg")
from matplotlib import pyplot as plt

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIZE = (6.4, 3.6)
_COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb")


def draw(curve: Curve, path: Path) -> None:
    """A picture of where the CPU time of an edit goes, by the values of the axis, and of the edits per second."""
    points = [point for point in curve.points if point.result.cpu_ms_per_edit]
    places = range(len(points))
    figure, axes = plt.subplots(figsize=_SIZE, layout="constrained")
    below = [0.0] * len(points)
    for part, colour in zip(PARTS, _COLOURS, strict=True):
        costs = [(point.result.cpu_ms_per_edit or {}).get(part, 0.0) for point in points]
        axes.bar(places, costs, 0.6, bottom=below, label=part, color=colour)
        below = [low + cost for low, cost in zip(below, costs, strict=True)]
    axes.set_xticks(places, [f"{point.x:,}" for point in points])
    axes.set_xlabel(curve.label)
    axes.set_ylabel("server CPU, ms an edit")
    axes.set_ylim(0, 1.35 * max(below, default=1.0))
    for place, point, height in zip(places, points, below, strict=True):
        axes.annotate(f"{point.result.edits_per_second:,.0f}/s", (place, height), ha="center", va="bottom", fontsize=8)
    axes.legend(ncols=4, fontsize=8, frameon=False, loc="upper center")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.plots", description=__doc__.splitlines()[0])
    parser.add_argument("report", type=Path, help="what loadtest.curves wrote with --json")
    parser.add_argument("folder", type=Path, help="where the pictures go, as growth-AXIS.svg")
    chosen = parser.parse_args(arguments)
    mpl.rcParams.update({"svg.hashsalt": "rayrooms", "svg.fonttype": "none"})
    try:
        report = msgspec.json.decode(chosen.report.read_bytes(), type=CurveReport)
    except (OSError, msgspec.DecodeError) as error:
        print(f"loadtest.plots: {error}", file=sys.stderr)
        return 2
    for curve in report.curves:
        path = chosen.folder / f"growth-{curve.name}.svg"
        draw(curve, path)
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
