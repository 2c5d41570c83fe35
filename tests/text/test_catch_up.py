"""Why what was committed as one operation must reach every client as one operation."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from rayrooms import text

from .reference import call_all

if TYPE_CHECKING:
    from rayrooms.protocol import Operation

DOCUMENT = "a"
FIRST: Operation = [{"d": "a"}]
SECOND: Operation = ["Y"]
PENDING: Operation = [1, "X"]


def server(document: str, commits: list[Operation], pending: Operation) -> str:
    """The room's text after it has taken `pending`, made at `document`, behind `commits`."""
    for commit in commits:
        document = text.apply(document, commit)
        pending = text.transform(pending, commit, "left")
    return text.apply(document, pending)


def client(document: str, received: list[Operation], pending: Operation) -> str:
    """The text of the author of `pending` after it has received what was committed before it."""
    document = text.apply(document, pending)
    for op in received:
        document = text.apply(document, text.transform(op, pending, "right"))
        pending = text.transform(pending, op, "left")
    return document


def test_composed_catch_up_diverges() -> None:
    """OT-15: the counter-example. A delete and an insert composed put an insert between them on the other side."""
    one_by_one = text.transform(text.transform(PENDING, FIRST, "left"), SECOND, "left")
    composed = text.compose(FIRST, SECOND)
    assert composed == ["Y", {"d": "a"}]
    assert one_by_one == ["X"]
    assert text.transform(PENDING, composed, "left") == [1, "X"]

    assert server(DOCUMENT, [FIRST, SECOND], PENDING) == "XY"
    assert client(DOCUMENT, [FIRST, SECOND], PENDING) == "XY"
    assert client(DOCUMENT, [composed], PENDING) == "YX"


def test_the_reference_diverges_there_too() -> None:
    """OT-15: it is the type that is not closed under composition, not this implementation."""
    composed, by_first = call_all([("compose", FIRST, SECOND), ("transform", PENDING, FIRST, "left")])
    over_composed, one_by_one = call_all(
        [("transform", PENDING, composed, "left"), ("transform", by_first, SECOND, "left")]
    )
    assert (one_by_one, over_composed) == (["X"], [1, "X"])


def test_op_by_op_catch_up_never_diverges() -> None:
    """OT-15: over all small operations on a small text, op by op always converges and composed sometimes does not."""

    def small(size: int, inserted: str) -> list[Operation]:
        skips: list[Operation] = [[at] if at else [] for at in range(size + 1)]
        inserts: list[Operation] = [[*skip, inserted] for skip in skips]
        deletes: list[Operation] = [[*skip, {"d": n}] for at, skip in enumerate(skips) for n in range(1, size - at + 1)]
        return [*inserts, *deletes]

    document = "ab"
    runs = diverged = 0
    for first, pending in itertools.product(small(2, "Y"), small(2, "X")):
        between = text.apply(document, first)
        for second in small(len(between), "Z"):
            truth = server(document, [first, second], pending)
            assert client(document, [first, second], pending) == truth
            runs += 1
            diverged += client(document, [text.compose(first, second)], pending) != truth
    assert (runs, diverged) == (222, 4)
