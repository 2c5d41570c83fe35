"""Curves are drawn from what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from loadtest import curves, plots
from loadtest.processes import PARTS
from loadtest.results import Curve, CurveReport, Point, TypingResult

if TYPE_CHECKING:
    from pathlib import Path


def point(x: int, cost: float) -> Point:
    result = TypingResult(
        scenario="rooms",
        title=f"{x} rooms",
        wrong=[],
        ack=None,
        arrival=None,
        durable=None,
        edits_per_second=1000.0 / (1 + x),
        deliveries_per_second=0.0,
        cpu_ms_per_edit=dict.fromkeys(PARTS, cost / len(PARTS)),
        shares=None,
        late=0,
    )
    return Point(x, result)


def test_a_picture_for_each_axis(tmp_path: Path) -> None:
    """LOAD-13: with every value, and the same picture each time."""
    made = [Curve(name, axis.label, [point(x, 0.1 * x) for x in axis.values]) for name, axis in curves.AXES.items()]
    report = tmp_path / "curves.json"
    report.write_bytes(msgspec.json.encode(CurveReport(0.0, 2, 0.0, 6.0, made)))
    assert plots.main([str(report), str(tmp_path)]) == 0
    first = {path.name: path.read_text() for path in tmp_path.glob("growth-*.svg")}
    assert set(first) == {f"growth-{name}.svg" for name in curves.AXES}
    for name, axis in curves.AXES.items():
        assert axis.label in first[f"growth-{name}.svg"]
        assert all(f"{x:,}" in first[f"growth-{name}.svg"] for x in axis.values)
    assert plots.main([str(report), str(tmp_path)]) == 0
    assert first == {path.name: path.read_text() for path in tmp_path.glob("growth-*.svg")}


def test_what_is_no_report_is_refused_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """LOAD-13."""
    assert plots.main([str(tmp_path / "nothing.json"), str(tmp_path)]) == 2
    assert "loadtest.plots:" in capsys.readouterr().err


def test_costs_are_sums_of_parts() -> None:
    """LOAD-13."""
    assert point(10, 0.7).cost == pytest.approx(0.7)


@pytest.mark.parametrize("axes", ["rooms,heights", ""])
def test_there_are_so_many_axes(axes: str, capsys: pytest.CaptureFixture[str]) -> None:
    """LOAD-13."""
    with pytest.raises(SystemExit):
        curves.main(["--axes", axes])
    assert "there is no axis" in capsys.readouterr().err
