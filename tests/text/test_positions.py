"""Carets and selections under operations, and edits given or described by position."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rayrooms import text
from rayrooms.errors import InvalidError
from rayrooms.protocol import EditType, Operation, Range

from . import oracle
from .generate import Step, documents, operation, pieces, steps

MANY = settings(max_examples=400)


@MANY
@given(documents, steps, st.booleans())
def test_carets_go_where_their_characters_go(document: str, plan: list[Step], own: bool) -> None:  # noqa: FBT001 - drawn
    """OT-11: at every offset the caret keeps its place among the characters; carets keep their order and bounds."""
    op = operation(document, plan)
    moved = [text.transform_position(position, op, own=own) for position in range(len(document) + 1)]
    assert moved == [oracle.caret(document, op, position, own=own) for position in range(len(document) + 1)]
    assert moved == sorted(moved)
    assert moved[0] >= 0
    assert moved[-1] <= len(document) + text.length_delta(op)


@MANY
@given(documents, steps, st.booleans(), st.data())
def test_both_ends_of_a_selection_move(document: str, plan: list[Step], own: bool, data: st.DataObject) -> None:  # noqa: FBT001 - drawn
    """OT-11: a selection moves as its two carets do, and keeps its direction."""
    op = operation(document, plan)
    ends = st.integers(0, len(document))
    before = Range(data.draw(ends), data.draw(ends))
    after = text.transform_range(before, op, own=own)
    assert after.anchor == text.transform_position(before.anchor, op, own=own)
    assert after.head == text.transform_position(before.head, op, own=own)
    assert (after.anchor <= after.head) or before.anchor > before.head


@pytest.mark.parametrize(
    ("position", "op", "others", "own"),
    [
        (2, [2, "xy"], 2, 4),
        (2, [1, "xy"], 4, 4),
        (2, [3, "xy"], 2, 2),
        (2, [1, {"d": 3}], 1, 1),
        (2, [1, "xy", {"d": 3}], 3, 3),
        (1, [1, "xy", {"d": 3}], 1, 3),
        (2, [1, {"d": "bcd"}, "xy"], 1, 3),
        (4, [1, {"d": "bcd"}, "xy"], 1, 3),
        (5, ["😀👩‍👩‍👧"], 11, 11),
        (0, [], 0, 0),
    ],
)
def test_carets_by_example(position: int, op: Operation, others: int, own: int) -> None:
    """OT-11: an insert at the caret goes to its right, unless it is the caret of the one who typed."""
    assert text.transform_position(position, op) == others
    assert text.transform_position(position, op, own=True) == own


@MANY
@given(documents, st.integers(0, 30), st.integers(0, 30), st.lists(pieces, max_size=4).map("".join))
def test_edits_by_position_do_what_they_say(document: str, position: int, length: int, content: str) -> None:
    """OT-12: insert, delete and replace at a position are the slices they read as."""
    position = min(position, len(document))
    length = min(length, len(document) - position)
    before, gone, after = document[:position], document[position : position + length], document[position + length :]
    cases: list[tuple[EditType, str | None, int | None, str]] = [
        ("insert", content, None, before + content + gone + after),
        ("delete", None, length, before + after),
        ("delete", gone, None, before + after),
        ("replace", content, length, before + content + after),
    ]
    for kind, given_content, given_length, expected in cases:
        op = text.from_position_edit(kind, position, content=given_content, length=given_length)
        text.check(op)
        result, invertible = text.apply_checked(document, op)
        assert result == expected
        described = text.describe(invertible)
        if text.is_noop(op):
            assert described == text.PositionEdit("insert", 0, "")
        elif kind == "replace" and not (content and gone):
            assert described == text.PositionEdit("insert" if content else "delete", position, content or gone)
        else:
            assert described == text.PositionEdit(kind, position, gone if kind == "delete" else content)


def test_edits_by_position_have_one_form() -> None:
    """OT-12: a counted delete, and of a replacement the insert first."""
    assert text.from_position_edit("insert", 0, content="a", length=None) == ["a"]
    assert text.from_position_edit("delete", 3, content=None, length=2) == [3, {"d": 2}]
    assert text.from_position_edit("delete", 3, content="ab", length=None) == [3, {"d": "ab"}]
    assert text.from_position_edit("delete", 3, content="", length=2) == [3, {"d": 2}]
    assert text.from_position_edit("replace", 3, content="new", length=2) == [3, "new", {"d": 2}]
    assert text.from_position_edit("insert", 3, content="", length=None) == []


@pytest.mark.parametrize(
    ("kind", "position", "content", "length"),
    [
        ("insert", 0, None, None),
        ("insert", 0, None, 3),
        ("delete", 0, None, None),
        ("replace", 0, "a", None),
        ("replace", 0, None, 1),
        ("insert", -1, "a", None),
        ("insert", 2**31, "a", None),
        ("insert", True, "a", None),
        ("insert", 1.0, "a", None),
        ("insert", None, "a", None),
        ("delete", 0, None, -1),
        ("delete", 0, None, 2**31),
        ("delete", 0, None, True),
        ("delete", 0, None, 1.5),
        ("move", 0, "a", 1),
    ],
)
def test_incomplete_edits_are_malformed(kind: Any, position: Any, content: Any, length: Any) -> None:
    """OT-12: a missing, negative, oversize or ill-typed field is malformed."""
    with pytest.raises(InvalidError) as caught:
        text.from_position_edit(kind, position, content=content, length=length)
    assert caught.value.code == "malformed"


def test_edits_by_position_refuse_texts_that_cannot_be_stored() -> None:
    """OT-10: the content of a position edit is checked as an insert is."""
    for bad in ("a\0", "\ud800"):
        with pytest.raises(InvalidError) as caught:
            text.from_position_edit("insert", 0, content=bad, length=None)
        assert caught.value.code == "invalid_text"


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        ([], ("insert", 0, "")),
        ([4, "ab"], ("insert", 4, "ab")),
        ([4, {"d": "ab"}], ("delete", 4, "ab")),
        ([{"d": 2}], ("delete", 0, "")),
        ([4, "new", {"d": "old"}], ("replace", 4, "new")),
        ([4, {"d": "old"}, "new"], ("replace", 4, "new")),
        ([1, "a", 2, "b"], ("insert", 1, "ab")),
        ([1, {"d": "a"}, 2, {"d": "b"}], ("delete", 1, "ab")),
    ],
)
def test_descriptions(op: Operation, expected: tuple[EditType, int, str]) -> None:
    """OT-12: an operation reads as its kind, its first offset, and what came or else went."""
    assert text.describe(op) == text.PositionEdit(*expected)
