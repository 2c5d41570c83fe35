"""Properties of apply, transform, compose and invert over arbitrary documents and operations."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rayrooms import text
from rayrooms.errors import InvalidError

from . import oracle
from .generate import Step, build, documents, operation, steps

if TYPE_CHECKING:
    from rayrooms.protocol import Operation

MANY = settings(max_examples=400)


@MANY
@given(documents, steps, steps)
def test_two_sides_converge(document: str, plan: list[Step], other_plan: list[Step]) -> None:
    """OT-1: TP1, with counted and spelled-out deletes on both sides."""
    a, b = operation(document, plan), operation(document, other_plan)
    over_a = text.transform(b, a, "right")
    over_b = text.transform(a, b, "left")
    assert oracle.apply(oracle.apply(document, a), over_a) == oracle.apply(oracle.apply(document, b), over_b)
    assert oracle.is_canonical(over_a)
    assert oracle.is_canonical(over_b)


@MANY
@given(documents, steps, steps)
def test_transform_keeps_what_each_side_did(document: str, plan: list[Step], other_plan: list[Step]) -> None:
    """OT-1: after both operations exactly the code points neither deleted remain, with all that either inserted."""
    a, b = operation(document, plan), operation(document, other_plan)
    merged = oracle.apply(oracle.apply(document, a), text.transform(b, a, "right"))
    cells_a, cells_b = oracle.cells(document, a), oracle.cells(document, b)
    in_b = {cell.old for cell in cells_b}
    expected = [cell.char for cell in cells_a if cell.old is None or cell.old in in_b]
    expected += [cell.char for cell in cells_b if cell.old is None]
    assert sorted(merged) == sorted(expected)


@MANY
@given(documents, st.integers(0, 24))
def test_the_left_insert_comes_first(document: str, at: int) -> None:
    """OT-2: on a tie the insert of the left operation precedes that of the right one."""
    at = min(at, len(document))
    skip: Operation = [at] if at else []
    a, b = [*skip, "LEFT"], [*skip, "RIGHT"]
    expected = document[:at] + "LEFTRIGHT" + document[at:]
    assert text.apply(text.apply(document, b), text.transform(a, b, "left")) == expected
    assert text.apply(text.apply(document, a), text.transform(b, a, "right")) == expected


@MANY
@given(documents, steps, steps)
def test_deletes_may_be_made_invertible_before_or_after_transform(
    document: str, plan: list[Step], other_plan: list[Step]
) -> None:
    """OT-3: an operation with counted deletes may be transformed first and given its deleted text after."""
    a, b = operation(document, plan), operation(document, other_plan)
    b = text.make_invertible(document, b)
    spelled = text.transform(text.make_invertible(document, a), b, "left")
    assert oracle.is_invertible(spelled)
    assert text.make_invertible(oracle.apply(document, b), text.transform(a, b, "left")) == spelled


@MANY
@given(documents, steps)
def test_apply_is_what_the_oracle_says(document: str, plan: list[Step]) -> None:
    """OT-4: apply agrees with a list-of-characters implementation, for canonical and loose operations alike."""
    loose = build(document, plan)
    op = text.normalize(loose)
    expected = oracle.apply(document, loose)
    assert text.apply(document, op) == expected
    assert text.apply_checked(document, op) == (expected, text.make_invertible(document, op))
    assert text.length_delta(op) == len(expected) - len(document)
    assert oracle.is_canonical(op)
    if text.is_noop(op):
        assert expected == document


@MANY
@given(documents, steps)
def test_invert_takes_back(document: str, plan: list[Step]) -> None:
    """OT-5: an invertible operation and then its inverse leave the document as it was; the inverse's is itself."""
    op = text.make_invertible(document, operation(document, plan))
    assert oracle.is_invertible(op)
    inverse = text.invert(op)
    assert oracle.is_canonical(inverse)
    assert text.apply(text.apply(document, op), inverse) == document
    assert text.invert(inverse) == op


@MANY
@given(documents, steps, steps)
def test_compose_applies_one_then_the_other(document: str, plan: list[Step], next_plan: list[Step]) -> None:
    """OT-6: compose(a, b) has the effect of a and then b, is canonical, and invertible when both are."""
    a = operation(document, plan)
    between = oracle.apply(document, a)
    b = operation(between, next_plan)
    both = text.compose(a, b)
    assert oracle.apply(document, both) == oracle.apply(between, b)
    assert oracle.is_canonical(both)
    a, b = text.make_invertible(document, a), text.make_invertible(between, b)
    both = text.compose(a, b)
    assert oracle.is_invertible(both)
    assert text.apply(document, both) == text.apply(between, b)


@settings(max_examples=200)
@given(documents, steps, steps, steps)
def test_compose_is_associative(document: str, one: list[Step], two: list[Step], three: list[Step]) -> None:
    """OT-6: it does not matter in which order neighbours are composed, as far as the text goes."""
    a = operation(document, one)
    b = operation(oracle.apply(document, a), two)
    c = operation(oracle.apply(document, text.compose(a, b)), three)
    left = text.compose(text.compose(a, b), c)
    right = text.compose(a, text.compose(b, c))
    assert oracle.apply(document, left) == oracle.apply(document, right)


@settings(max_examples=200)
@given(documents, steps, steps)
def test_operations_are_values(document: str, plan: list[Step], other_plan: list[Step]) -> None:
    """OT-7: no function changes an operation that it is given."""
    loose = build(document, plan)
    a, b = operation(document, plan), operation(document, other_plan)
    c = operation(oracle.apply(document, a), other_plan)
    before = copy.deepcopy((loose, a, b, c))
    text.normalize(loose)
    invertible = text.make_invertible(document, a)
    text.apply_checked(document, a)
    text.invert(invertible)
    text.transform(a, b, "left")
    text.transform(b, a, "right")
    text.compose(a, c)
    assert (loose, a, b, c) == before


@pytest.mark.parametrize(
    "op",
    [
        [4, "x"],
        [{"d": 4}],
        [2, {"d": 2}],
        [3, {"d": "d"}],
        [{"d": "abcd"}],
        [{"d": "b"}],
        [1, {"d": "c"}],
        [{"d": "ab"}, 1, {"d": "d"}],
        [2**31 - 1, "x"],
        [{"d": 2**31 - 1}],
    ],
)
def test_what_does_not_fit_is_refused(op: Operation) -> None:
    """OT-8: reaching past the end and deleting other text than stands there are refused, by all that meet a text."""
    for function in (text.apply, text.apply_checked, text.make_invertible):
        with pytest.raises(InvalidError) as caught:
            function("abc", op)
        assert caught.value.code == "invalid_operation"


def test_a_refused_operation_stays_refused_after_transform() -> None:
    """OT-8: counts that grow past 2**31 on their way through transform neither wrap around nor fit."""
    op = text.transform([2**31 - 1, "x"], ["yy"], "left")
    assert op == [2**31 + 1, "x"]
    with pytest.raises(InvalidError):
        text.apply("yyabc", op)


def test_compose_refuses_a_delete_of_other_text() -> None:
    """OT-8: what the second operation deletes must be what the first one inserted."""
    assert text.compose(["ab"], [1, {"d": "b"}]) == ["a"]
    with pytest.raises(InvalidError) as caught:
        text.compose(["ab"], [1, {"d": "x"}])
    assert caught.value.code == "invalid_operation"


def test_invert_refuses_counted_deletes() -> None:
    """OT-5: what was deleted cannot be guessed."""
    with pytest.raises(InvalidError) as caught:
        text.invert([1, {"d": 2}])
    assert caught.value.code == "invalid_operation"
