"""Finds and names conflicts: two concurrent operations that touch the same place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rayrooms.protocol import Operation


class Touch(NamedTuple):
    """The stretch `[start, end]` of the document that an operation touches; `end > start` when it deletes."""

    start: int
    end: int
    deletes: bool


class ConflictRecord(NamedTuple):
    """`version` was transformed over `other_version` and both touched the same place."""

    version: int
    other_version: int
    user_id: str
    other_user_id: str
    kind: str
    strategy: str
    at: float


STRATEGY = "transform"
"""How every conflict is resolved here: both intentions are kept by transforming the later one."""

_NOTHING = Touch(-1, -2, deletes=False)


def touched(op: Operation) -> Touch:
    """The stretch that an invertible or numeric operation touches, in the document before it."""
    at, start, end, deletes = 0, -1, -2, False
    for component in op:
        if isinstance(component, int):
            at += component
            continue
        if start < 0:
            start = at
        if not isinstance(component, str):
            gone = component["d"]
            at += gone if isinstance(gone, int) else len(gone)
            deletes = True
        end = at
    return Touch(start, end, deletes) if start >= 0 else _NOTHING


def conflict_kind(mine: Touch, other: Touch) -> str | None:
    """The kind of a conflict between two operations on the same document, such as "insert-delete"; None for none.

    Two deletes conflict when they overlap, an insert conflicts with a delete that surrounds it, and two inserts when
    they stand at the same place.
    """
    if mine is _NOTHING or other is _NOTHING or mine.start > other.end or other.start > mine.end:
        return None
    if mine.deletes and other.deletes:
        if mine.start >= other.end or other.start >= mine.end:
            return None
        return "delete-delete"
    if mine.deletes:
        return "delete-insert" if mine.start < other.start < mine.end else None
    if other.deletes:
        return "insert-delete" if other.start < mine.start < other.end else None
    return "insert-insert" if mine.start == other.start else None
