"""Equality with npm ot-text-unicode, the type's reference implementation, on generated cases."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from rayrooms import text
from rayrooms.protocol import Range

from .generate import build, operation, random_document, random_plan
from .reference import call_all

if TYPE_CHECKING:
    from .reference import Call

CASES = 20_000


def cases_of(random: Random) -> list[tuple[Call, Any]]:
    """One generated case: each call of the reference, and what rayrooms.text answers to the same."""
    document = random_document(random)
    loose = build(document, random_plan(random))
    a, b = text.normalize(loose), operation(document, random_plan(random))
    between = text.apply(document, a)
    c = operation(between, random_plan(random))
    spelled = text.make_invertible(document, a)
    anchor, head = random.randint(0, len(document)), random.randint(0, len(document))
    moved = text.transform_range(Range(anchor, head), a)
    return [
        (("normalize", loose), a),
        (("apply", document, a), between),
        (("transform", a, b, "left"), text.transform(a, b, "left")),
        (("transform", a, b, "right"), text.transform(a, b, "right")),
        (("compose", a, c), text.compose(a, c)),
        (("makeInvertible", a, document), spelled),
        (("invert", spelled), text.invert(spelled)),
        (("transformPosition", anchor, a), text.transform_position(anchor, a)),
        (("transformSelection", [anchor, head], a), [moved.anchor, moved.head]),
        (("isNoop", a), text.is_noop(a)),
    ]


def test_equal_to_the_reference_on_generated_cases() -> None:
    """OT-14: on 20,000 generated cases every function answers as ot-text-unicode does."""
    random = Random(20_000)
    cases = [case for _ in range(CASES) for case in cases_of(random)]
    answers = call_all([call for call, _ in cases])
    different = [(call, ours, theirs) for (call, ours), theirs in zip(cases, answers, strict=True) if ours != theirs]
    assert different[:5] == []

    # The generator did its work: enough cases where something happens, ties and astral characters among them.
    transforms = [(call, ours) for call, ours in cases if call[0] == "transform"]
    assert sum(call[1] != ours for call, ours in transforms) > CASES
    sides = {"left": [ours for call, ours in transforms if call[3] == "left"]}
    sides["right"] = [ours for call, ours in transforms if call[3] == "right"]
    assert sum(left != right for left, right in zip(sides["left"], sides["right"], strict=True)) > CASES // 20
    assert sum(any(ord(char) > 0xFFFF for char in call[1]) for call, _ in cases if call[0] == "apply") > CASES // 2
