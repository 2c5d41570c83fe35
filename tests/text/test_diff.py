"""The operation between two texts: right always, small where it can be, cheap in any case."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING

from hypothesis import given, settings

from rayrooms import text

from . import oracle
from .generate import Step, documents, operation, steps

if TYPE_CHECKING:
    from rayrooms.protocol import Operation

MANY = settings(max_examples=300)


def changed(op: Operation) -> int:
    """How many code points an invertible operation inserts and deletes."""
    return sum(len(c) if isinstance(c, str) else len(str(c["d"])) for c in op if not isinstance(c, int))


@MANY
@given(documents, documents)
def test_diff_leads_from_old_to_new(old: str, new: str) -> None:
    """OT-13: the result is canonical, invertible and right, for texts that have nothing in common too."""
    op = text.diff(old, new)
    text.check(op)
    assert oracle.is_invertible(op)
    assert text.apply(old, op) == new
    assert (op == []) == (old == new)


@MANY
@given(documents, steps)
def test_diff_is_no_larger_than_the_edit(document: str, plan: list[Step]) -> None:
    """OT-13: within its bound, diff finds an edit that changes the fewest code points."""
    op = text.make_invertible(document, operation(document, plan))
    assert changed(text.diff(document, text.apply(document, op))) <= changed(op)


def test_diff_is_shortest() -> None:
    """OT-13: as short as the longest common subsequence allows, on every pair of texts of up to five letters."""

    def longest_common(old: str, new: str) -> int:
        row = [0] * (len(new) + 1)
        for a in old:
            above, row = row, [0]
            for j, b in enumerate(new):
                row.append(above[j] + 1 if a == b else max(above[j + 1], row[j]))
        return row[-1]

    texts = ["".join(letters) for size in range(6) for letters in itertools.product("ab", repeat=size)]
    for old, new in itertools.product(texts, texts):
        op = text.diff(old, new)
        assert text.apply(old, op) == new
        assert changed(op) == len(old) + len(new) - 2 * longest_common(old, new)


def test_diff_keeps_what_lies_between_distant_edits() -> None:
    """OT-13: large texts with edits far apart differ only there, by code points or else by lines."""
    old = "".join(f"line {n}\n" for n in range(20_000))
    lines = old.splitlines(keepends=True)
    lines[100] = "line 1OO\n"
    lines[19_000] = "x" + lines[19_000]
    assert changed(text.diff(old, "".join(lines))) == 5
    pasted = "".join(f"pasted {n}\n" for n in range(60))
    lines[5_000] += pasted
    op = text.diff(old, "".join(lines))
    assert changed(op) == 5 + len(pasted)
    assert text.apply(old, op) == "".join(lines)


def test_diff_of_large_unlike_texts_is_one_replacement() -> None:
    """OT-13: beyond the bound the differing middle is replaced as a whole."""
    source = random.Random(7)
    old = "same head " + "".join(source.choices("abcdefgh\n", k=50_000)) + " same tail"
    new = "same head " + "".join(source.choices("abcdefgh\n", k=50_000)) + " same tail"
    op = text.diff(old, new)
    assert len(op) == 3
    assert text.apply(old, op) == new
