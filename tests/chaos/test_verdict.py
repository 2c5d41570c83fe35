"""The verdict is not blind: whatever a server might do wrong to a text or its log is told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from .faults import Injected
from .plan import Fault, Plan
from .recovery import Sample
from .report import as_text, report_of
from .run import Results
from .verdict import Entry, compared, replayed
from .writer import Claim, digest_of

if TYPE_CHECKING:
    from collections.abc import Callable

LOG = [
    Entry(1, [" a0 "], "ada", 1, 1),
    Entry(2, [" b0 "], "bob", 1, 1),
    Entry(3, [4, " b1 "], "bob", 2, 2),
]
END = " b0  b1  a0 "
CLAIMS = [Claim(2, digest_of(" b0  a0 ")), Claim(3, digest_of(END))]


def test_a_good_log_passes() -> None:
    """CHAOS-5."""
    assert replayed(LOG, END, CLAIMS) == []
    assert replayed([], "", [Claim(0, digest_of(""))]) == []


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda log: log[:2], "are not in the log"),
        (lambda log: [log[0], replace(log[1], op=[" c0 "]), log[2]], "version 2 is not what a client was told"),
        (lambda log: [*log, Entry(4, ["x"], "bob", 3, 2)], "leads to another text"),
        (lambda log: [log[0], log[1], replace(log[2], seq=1)], "client bob"),
        (lambda log: [log[0], log[1], replace(log[2], seq=3)], "client bob"),
        (lambda log: [log[0], log[2]], "gaps"),
        (lambda log: [log[0], replace(log[1], epoch=3), log[2]], "after its successor"),
    ],
)
def test_a_harmed_log_does_not_pass(harm: Callable[[list[Entry]], list[Entry]], sentence: str) -> None:
    """CHAOS-5: lost, changed, added, doubled and missing edits, gaps, and owners that wrote when they might not."""
    assert any(sentence in found for found in replayed(harm(LOG), END, CLAIMS))


@pytest.mark.parametrize(
    ("text", "exact", "found"),
    [
        ("a0 b0", True, (0, 0, [])),
        ("a0", True, (1, 0, [])),
        ("a0 b0 b0", True, (0, 1, [])),
        ("a0 b b0 0", True, (0, 0, ["b", "0"])),
        ("a0 b 0", False, (0, 0, [])),
        ("a0 b", False, (1, 0, [])),
        ("a00 b0", False, (0, 1, [])),
        ("a0 b0 z", False, (0, 0, ["z"])),
    ],
)
def test_words_are_compared(text: str, exact: bool, found: tuple[int, int, list[str]]) -> None:  # noqa: FBT001 - a case
    """CHAOS-3, CHAOS-5: each word once, or each letter once; what nobody typed is told."""
    assert compared(["a0", "b0"], text, exact=exact) == found


def test_figures() -> None:
    """CHAOS-7: times by kind, apart for faults that met no other; a run is good only without any trouble."""
    results = Results()
    watches = results.watches
    for began, ended, kind in ((0.0, 1.0, "room_kill"), (5.0, 8.0, "room_kill"), (7.0, 7.5, "gateway_kill")):
        watches.begin(Injected(Fault(kind, 0, 0, 0), began, []))
        watches.end(Injected(Fault(kind, 0, 0, 0), began, [], ended))
    assert watches.alone() == [True, False, False]
    watches.samples += [
        Sample(number, "room_kill", "edit", seconds) for number, seconds in ((0, 0.2), (0, 0.4), (1, 3))
    ]
    watches.samples += [Sample(2, "gateway_kill", "edit", 1.0), Sample(1, "room_kill", "stored", 0.5, long=True)]
    report = report_of(Plan(1, 1, 1, []), results, retired=0)
    rooms = report.kinds["room_kill"]
    assert rooms.injected == 2
    assert rooms.alone is not None
    assert (rooms.alone.count, rooms.alone.p50, rooms.alone.p95) == (2, 0.2, 0.4)
    assert rooms.all is not None
    assert (rooms.all.count, rooms.all.most) == (3, 3)
    assert rooms.stored is not None
    assert report.recovery is not None
    assert report.recovery.count == 4
    assert report.outage == rooms.stored
    assert report.good
    assert "room actor killed, next edit acknowledged (to reach: p95 1 s): 2: 0.20/0.40/0.40/0.40" in as_text(report)
    assert "| room_kill | 2 | 2: 0.20/0.40/0.40/0.40 | 3: 0.40/3.00/3.00/3.00 | 1: 0.50/0.50/0.50/0.50 |" in as_text(
        report
    )
    results.troubles.append("the copies differ")
    assert not report_of(Plan(1, 1, 1, []), results, retired=0).good
