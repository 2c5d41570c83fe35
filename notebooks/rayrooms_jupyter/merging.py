"""How the text of a `%%room` cell and the text of its room become one: a three-way merge. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from rayrooms.errors import ConflictError
from rayrooms.text import apply, diff, transform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rayrooms.protocol import Operation

Preference = Literal["mine", "theirs"]
"""Whose text to take whole: the cell's, or the room's."""


class Shared(NamedTuple):
    """What a cell and its room had in common after the cell was last executed.

    The cell's body was replaced by `merged`, if the front end heeds that; else it still is `executed`, all of whose
    changes are in the room.
    """

    executed: str
    merged: str


def body_of(cell: str, room: str) -> str:
    """The body of a cell as IPython hands it on, which always ends in a newline, to compare with the text of a room."""
    body = cell.removesuffix("\n")
    return f"{body}\n" if room.endswith("\n") else body


def agreed_text(body: str, room: str, last: Shared | None, preference: Preference | None = None) -> str:
    """The text that both the cell with `body` and the room are to have now.

    Changes of both sides since they last agreed are kept. A blank cell takes the room's text and an empty room the
    cell's, whatever was before. Raises ConflictError when the two never agreed and both hold something else.
    """
    if preference is not None:
        return body if preference == "mine" else room
    if body == room or not body.strip():
        return room
    if not room:
        return body
    if last is None:
        raise ConflictError(
            "Both this cell and the room have a text, and they differ. Add --mine to put the cell's text into the "
            "room, or --theirs to put the room's text into the cell."
        )
    return merge(_nearest(body, (last.merged, last.executed)), body, room)


def merge(base: str, mine: str, theirs: str) -> str:
    """`theirs` with the changes that lead from `base` to `mine`.

    Text that either side deleted is gone, text that either inserted is there: once, where both inserted the same at one
    place, and theirs first where they inserted different things.
    """
    other = diff(base, theirs)
    op = _without_common_inserts(diff(base, mine), other)
    return apply(theirs, transform(op, other, "right"))


def _nearest(text: str, candidates: Sequence[str]) -> str:
    """The candidate from which the least has changed; the first of several."""
    return min(candidates, key=lambda candidate: _extent(diff(candidate, text)))


def _extent(op: Operation) -> int:
    """How many code points an operation inserts and deletes."""
    extent = 0
    for part in op:
        if isinstance(part, str):
            extent += len(part)
        elif isinstance(part, dict):
            extent += _length(part["d"])
    return extent


def _without_common_inserts(op: Operation, other: Operation) -> Operation:
    theirs = set(_inserts(other))
    mine = iter(_inserts(op))
    return [part for part in op if not isinstance(part, str) or next(mine) not in theirs]


def _inserts(op: Operation) -> list[tuple[int, str]]:
    """What an operation inserts, and at which offsets in the text before it."""
    at = 0
    inserts = []
    for part in op:
        if isinstance(part, str):
            inserts.append((at, part))
        else:
            at += part if isinstance(part, int) else _length(part["d"])
    return inserts


def _length(deleted: int | str) -> int:
    return deleted if isinstance(deleted, int) else len(deleted)
