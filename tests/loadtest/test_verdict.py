"""The checks of a replay: each sort of damage to a log is found."""

from __future__ import annotations

import pytest

from loadtest.rest import LoggedOperation
from loadtest.verdict import check_log, compare

_EDITS = {"a": 2, "b": 1}


def _log() -> list[LoggedOperation]:
    return [
        LoggedOperation(version=1, op=["x"], client_id="a", seq=1),
        LoggedOperation(version=2, op=[1, "y"], client_id="b", seq=1),
        LoggedOperation(version=3, op=[{"d": "x"}], client_id="a", seq=2),
    ]


def test_a_whole_log_passes() -> None:
    """LOAD-7: each edit once and in order, leading to the expected text."""
    assert check_log(_log(), _EDITS, "y") == []
    assert check_log([], {"a": 0}, "") == []


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("lost at the end", "ends with edit 1 of a, which made 2"),
        ("lost in between", "version 3 where 2 is due"),
        ("doubled", "edit 1 of b, where its edit 2 is due"),
        ("swapped", "edit 2 of a, where its edit 1 is due"),
        ("somebody else's", "ends with edit 1 of c, which made 0"),
        ("does not fit", "does not fit"),
        ("another text", "differ from offset 1 on"),
    ],
)
def test_damage_is_found(damage: str, sentence: str) -> None:
    """LOAD-7: no edit lost, none doubled, none in the wrong place."""
    log, expected = _log(), "y"
    match damage:
        case "lost at the end":
            log.pop()
        case "lost in between":
            del log[1]
        case "doubled":
            log.append(LoggedOperation(version=4, op=["y"], client_id="b", seq=1))
        case "swapped":
            log[0].seq, log[2].seq = 2, 1
        case "somebody else's":
            log.append(LoggedOperation(version=4, op=[], client_id="c", seq=1))
        case "does not fit":
            log[1].op = [9, "y"]
        case "another text":
            expected = "yz"
    assert any(sentence in wrong for wrong in check_log(log, _EDITS, expected))


def test_a_difference_is_shown_where_it_begins() -> None:
    """LOAD-7: a mismatch is told with its place."""
    assert compare("It", "same", "same") is None
    assert compare("It", "abXd", "abcd") == (
        "It has 4 code points where 4 are expected; they differ from offset 2 on: 'Xd' instead of 'cd'."
    )
