"""The vectors that Python and TypeScript share: tests/vectors/text/*.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rayrooms import text
from rayrooms.errors import InvalidError

from .reference import call_all

if TYPE_CHECKING:
    from .reference import Call

VECTORS = Path(__file__).parents[1] / "vectors" / "text"

Case = dict[str, Any]


def load(name: str) -> list[Case]:
    cases: list[Case] = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))["cases"]
    assert len(cases) >= 50
    assert len({case["name"] for case in cases}) == len(cases)
    return cases


def by_name(name: str) -> pytest.MarkDecorator:
    cases = load(name)
    return pytest.mark.parametrize("case", cases, ids=[case["name"] for case in cases])


@by_name("apply")
def test_apply(case: Case) -> None:
    """OT-17: the shared vectors of apply, make_invertible and invert."""
    document, op = case["text"], case["op"]
    text.check(op)
    if "error" in case:
        for function in (text.apply, text.apply_checked, text.make_invertible):
            with pytest.raises(InvalidError) as caught:
                function(document, op)
            assert caught.value.code == case["error"]
        return
    assert text.apply(document, op) == case["result"]
    assert text.make_invertible(document, op) == case["invertible"]
    assert text.apply_checked(document, op) == (case["result"], case["invertible"])
    assert text.invert(case["invertible"]) == case["inverse"]
    assert text.apply(case["result"], case["inverse"]) == document


@by_name("transform")
def test_transform(case: Case) -> None:
    """OT-17: the shared vectors of transform; both ways lead to one text."""
    document, op, other = case["text"], case["op"], case["other"]
    assert text.transform(op, other, "left") == case["left"]
    assert text.transform(op, other, "right") == case["right"]
    assert text.transform(other, op, "right") == case["other_right"]
    assert text.apply(text.apply(document, op), case["other_right"]) == case["result"]
    assert text.apply(text.apply(document, other), case["left"]) == case["result"]


@by_name("compose")
def test_compose(case: Case) -> None:
    """OT-17: the shared vectors of compose."""
    assert text.compose(case["a"], case["b"]) == case["result"]
    between = text.apply(case["text"], case["a"])
    assert text.apply(case["text"], case["result"]) == text.apply(between, case["b"])


@by_name("position")
def test_position(case: Case) -> None:
    """OT-17: the shared vectors of transform_position."""
    assert text.transform_position(case["position"], case["op"]) == case["result"]
    assert text.transform_position(case["position"], case["op"], own=True) == case["own"]


@by_name("check")
def test_check(case: Case) -> None:
    """OT-17: the shared vectors of check."""
    if "error" not in case:
        text.check(case["op"])
        return
    with pytest.raises(InvalidError) as caught:
        text.check(case["op"])
    assert caught.value.code == case["error"]


def test_the_reference_passes_the_vectors() -> None:
    """OT-17: ot-text-unicode answers the vectors as they say, but for refusals and one's own caret, which it lacks."""
    expected: list[tuple[Call, Any]] = []
    for case in load("apply"):
        if "error" not in case:
            expected.append((("apply", case["text"], case["op"]), case["result"]))
            expected.append((("makeInvertible", case["op"], case["text"]), case["invertible"]))
            expected.append((("invert", case["invertible"]), case["inverse"]))
    for case in load("transform"):
        expected.append((("transform", case["op"], case["other"], "left"), case["left"]))
        expected.append((("transform", case["op"], case["other"], "right"), case["right"]))
        expected.append((("transform", case["other"], case["op"], "right"), case["other_right"]))
    expected += [(("compose", case["a"], case["b"]), case["result"]) for case in load("compose")]
    expected += [(("transformPosition", case["position"], case["op"]), case["result"]) for case in load("position")]
    answers = call_all([call for call, _ in expected])
    assert answers == [result for _, result in expected]
