"""What check and normalize let pass, and what they refuse with which code."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rayrooms import text
from rayrooms.errors import InvalidError

from . import oracle
from .generate import Step, build, documents, steps

NOT_OPERATIONS: list[Any] = [None, "", "text", 1, True, {}, {"d": 1}, (), (1, "a"), {"a"}, b"a"]

BAD_SHAPES: list[Any] = [
    [True, "a"],
    [False, "a"],
    [{"d": True}],
    [1.0, "a"],
    [0.5, "a"],
    [float("nan"), "a"],
    [float("inf"), "a"],
    [{"d": 1.0}],
    [-1, "a"],
    [{"d": -1}],
    [-(2**31), "a"],
    [2**31, "a"],
    [2**64, "a"],
    [10**30, "a"],
    [{"d": 2**31}],
    [{"d": 10**30}],
    [None],
    ["a", None],
    [b"a"],
    [["a"]],
    [[1, "a"]],
    [("a",)],
    [{}],
    [{"d": None}],
    [{"d": ["a"]}],
    [{"d": {"d": 1}}],
    [{"d": b"a"}],
    [{"i": "a"}],
    [{"D": 1}],
    [{"d": 1, "i": "a"}],
    [{"d": "a", "x": None}],
    [{1: "d"}],
    [...],
]
"""Wrong in a way that no joining mends."""

NOT_CANONICAL: list[Any] = [
    [0, "a"],
    ["a", 0],
    [""],
    [1, ""],
    [{"d": 0}],
    [{"d": ""}],
    [1],
    ["a", 5],
    [{"d": 1}, 2],
    [1, 2, "a"],
    ["a", "b"],
    [{"d": 1}, {"d": 2}],
    [{"d": "a"}, {"d": "b"}],
    [{"d": "a"}, {"d": 1}],
    ["a", 0, "b"],
]

BAD_TEXTS = ["\0", "a\0b", "\ud800", "\udfff", "a\udc00", "\ud83d", "😀\ud83d", "\ude00\ud83d", "\ud83d\ude00", "é\0"]

GOOD: list[Any] = [
    [],
    ["a"],
    [1, "a"],
    [2**31 - 1, "a"],
    [{"d": 1}],
    [{"d": 2**31 - 1}],
    [{"d": "a"}],
    ["a", {"d": 1}],
    [{"d": 1}, "a"],
    ["a", {"d": "b"}, "c", {"d": 1}, 1, "d"],
    ["\x01\x7f\x80\uffff\U0010ffff\ue000\ud7ff"],
]


@pytest.mark.parametrize("op", GOOD, ids=repr)
def test_canonical_operations_pass(op: Any) -> None:
    """OT-9: an insert and a delete may stand side by side in either order; 2**31 - 1 is the largest count."""
    text.check(op)
    assert text.normalize(op) == op


@pytest.mark.parametrize("op", NOT_OPERATIONS + BAD_SHAPES + NOT_CANONICAL, ids=repr)
def test_check_refuses_every_malformed_shape(op: Any) -> None:
    """OT-9: a boolean is no count, a float is no integer, keys are exact, form is canonical."""
    with pytest.raises(InvalidError) as caught:
        text.check(op)
    assert caught.value.code == "invalid_operation"


@pytest.mark.parametrize("op", NOT_OPERATIONS + BAD_SHAPES, ids=repr)
def test_normalize_refuses_what_it_cannot_mend(op: Any) -> None:
    """OT-9: normalize mends form, never types."""
    with pytest.raises(InvalidError) as caught:
        text.normalize(op)
    assert caught.value.code == "invalid_operation"


@pytest.mark.parametrize("op", NOT_CANONICAL, ids=repr)
def test_normalize_mends_form(op: Any) -> None:
    """OT-9: what normalize returns passes check and does the same."""
    mended = text.normalize(op)
    text.check(mended)
    assert oracle.is_canonical(mended)
    assert oracle.apply("abcdefgh", mended) == oracle.apply("abcdefgh", op)


def test_normalize_refuses_counts_that_grow_too_large_together() -> None:
    """OT-9: the sum of joined counts obeys the limit too."""
    with pytest.raises(InvalidError) as caught:
        text.normalize([2**31 - 1, 1, "a"])
    assert caught.value.code == "invalid_operation"


@pytest.mark.parametrize("bad", BAD_TEXTS, ids=ascii)
def test_texts_that_cannot_be_stored_are_refused(bad: str) -> None:
    """OT-10: NUL and lone surrogates are refused with invalid_text, inserted, deleted or bare."""
    op: Any
    for op in ([bad], [1, bad], [{"d": bad}], ["a", {"d": bad}]):
        for function in (text.check, text.normalize):
            with pytest.raises(InvalidError) as caught:
                function(op)
            assert caught.value.code == "invalid_text"
    with pytest.raises(InvalidError) as caught:
        text.check_text(bad)
    assert caught.value.code == "invalid_text"


@settings(max_examples=300)
@given(documents, steps)
def test_what_is_generated_passes(document: str, plan: list[Step]) -> None:
    """OT-9: check passes exactly the canonical ones among well-typed operations."""
    text.check_text(document)
    op = build(document, plan)
    if oracle.is_canonical(op):
        text.check(op)
    else:
        with pytest.raises(InvalidError):
            text.check(op)
    text.check(text.normalize(op))


@settings(max_examples=300)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=8))
def test_no_value_breaks_check(value: Any) -> None:
    """OT-9: whatever arrives, the only error is InvalidError."""
    candidates: list[Any] = [value, [value], [{"d": value}], [{"x": value}]]
    for candidate in candidates:
        try:
            text.check(candidate)
        except InvalidError:
            continue
        assert oracle.is_canonical(candidate)
