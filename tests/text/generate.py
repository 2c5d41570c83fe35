"""Documents and operations for the tests, from Hypothesis or from a seeded random generator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from hypothesis import strategies as st

from rayrooms import text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from rayrooms.protocol import Operation

PIECES = (
    "a",
    "b",
    " ",
    "\n",
    "\r\n",
    "é",
    "e\u0301",  # the same letter with a combining accent
    "\u0301",
    "漢",
    "字",
    "한",
    "\u1112\u1161\u11ab",  # the same syllable in parts
    "שלום",
    "\uffff",
    "\ue000",  # sorts after the surrogates in UTF-16
    "\ud7ff",
    "😀",
    "\U0001d4b3",
    "\U0010ffff",
    "👍🏽",
    "🇨🇭",
    "👩‍👩‍👧",
    "\u200d",
    "\ufe0f",
    "\u2028",
)
"""What goes wrong when offsets are not code points: astral, combining, joined and paired characters."""

Kind = Literal["skip", "insert", "count", "spell"]
Step = tuple[Kind, int, str]
"""What to do next in the document, for how many code points, and with what text."""

KINDS: tuple[Kind, ...] = ("skip", "skip", "insert", "count", "spell")

pieces = st.sampled_from(PIECES) | st.characters(exclude_categories=["Cs"], exclude_characters="\0")
documents = st.lists(pieces, max_size=24).map("".join)
_inserts: st.SearchStrategy[Step] = st.tuples(
    st.just("insert"), st.just(0), st.lists(pieces, min_size=1, max_size=4).map("".join)
)
_others: st.SearchStrategy[Step] = st.sampled_from(
    [(kind, count, "") for kind in KINDS if kind != "insert" for count in range(1, 9)]
)
steps = st.lists(st.sampled_from(KINDS).flatmap(lambda kind: _inserts if kind == "insert" else _others), max_size=8)


def build(document: str, plan: Sequence[Step]) -> Operation:
    """An operation that fits the document, as the steps have it; canonical once it is normalized."""
    op: Operation = []
    at = 0
    for kind, count, inserted in plan:
        end = min(at + count, len(document))
        if kind == "insert":
            op.append(inserted)
        elif end > at:
            op.append({"skip": end - at, "count": {"d": end - at}, "spell": {"d": document[at:end]}}[kind])  # type: ignore[arg-type]  # each value is a component
            at = end
    return op


def operation(document: str, plan: Sequence[Step]) -> Operation:
    return text.normalize(build(document, plan))


def random_document(random: Random, size: int = 12) -> str:
    return "".join(random.choices(PIECES, k=random.randrange(size)))


def random_plan(random: Random) -> list[Step]:
    return [
        (random.choice(KINDS), random.randint(1, 6), "".join(random.choices(PIECES, k=random.randint(1, 3))))
        for _ in range(random.randint(1, 6))
    ]
