"""What operations mean, written down a second time and as plainly as can be: one list item per code point."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rayrooms.protocol import Operation


@dataclass(frozen=True)
class Cell:
    """A code point of the new text: of the old text, at `old`, or inserted before the one at `at` there."""

    char: str
    old: int | None
    at: int


def cells(document: str, op: Operation) -> list[Cell]:
    """The text after `op`, each code point with where it came from."""
    rest = [Cell(char, index, index) for index, char in enumerate(document)]
    result: list[Cell] = []
    for component in op:
        if isinstance(component, str):
            at = len(document) - len(rest)
            result += [Cell(char, None, at) for char in component]
            continue
        gone = component["d"] if isinstance(component, dict) else component
        for _ in range(gone) if isinstance(gone, int) else gone:
            cell = rest.pop(0)
            if isinstance(component, int):
                result.append(cell)
    return result + rest


def apply(document: str, op: Operation) -> str:
    return "".join(cell.char for cell in cells(document, op))


def is_canonical(op: Operation) -> bool:
    """No empty component, no equal neighbours, no trailing skip, each component of its type."""
    kinds: list[str] = []
    for component in op:
        if isinstance(component, dict):
            amount = component["d"]
            kinds.append("delete")
        else:
            amount = component
            kinds.append(type(component).__name__)
        if not amount or (isinstance(amount, int) and amount < 0):
            return False
    return all(a != b for a, b in itertools.pairwise(kinds)) and kinds[-1:] != ["int"]


def is_invertible(op: Operation) -> bool:
    return all(isinstance(component["d"], str) for component in op if isinstance(component, dict))


def caret(document: str, op: Operation, position: int, *, own: bool) -> int:
    """Where a caret stands after `op`: how many code points of the new text lie before it.

    Those are the old ones before it and what was inserted before those; for one's own caret also what was inserted at
    it, or with only deleted text between.
    """
    after = cells(document, op)
    kept = {cell.old for cell in after}
    before = 0
    for cell in after:
        if cell.old is not None:
            before += cell.old < position
        elif own:
            before += not any(old in kept for old in range(position, cell.at))
        else:
            before += cell.at < position
    return before
