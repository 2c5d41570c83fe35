"""Finds and names conflicts: two concurrent operations that touch the same place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from actors.core.bridge import Foreign
    from rayrooms.protocol import Operation


class Touch(msgspec.Struct, frozen=True, gc=False):
    """The stretch `[start, end]` of the document that an operation touches; `end > start` when it deletes.

    `grown` is by how many code points it lets the text grow.
    """

    start: int
    end: int
    deletes: bool
    grown: int

    def moved(self, by: int) -> Touch:
        """The same stretch where the text before it has grown."""
        return Touch(self.start + by, self.end + by, self.deletes, self.grown)


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

NOTHING = Touch(-1, -2, deletes=False, grown=0)
"""What an operation touches that does nothing."""
_KEPT = 512


def touched(op: Operation) -> Touch:
    """The stretch that an invertible or numeric operation touches, in the document before it."""
    at, start, end, deletes, grown = 0, -1, -2, False, 0
    for component in op:
        if isinstance(component, int):
            at += component
            continue
        if start < 0:
            start = at
        if isinstance(component, str):
            grown += len(component)
        else:
            gone = component["d"]
            size = gone if isinstance(gone, int) else len(gone)
            at += size
            grown -= size
            deletes = True
        end = at
    return Touch(start, end, deletes, grown) if start >= 0 else NOTHING


class Touches:
    """What the newest commits touch, reckoned once for all the authors who had not seen them."""

    def __init__(self) -> None:
        self._known: dict[int, Touch] = {}

    def of(self, foreign: Foreign) -> Touch:
        """What a commit touches on the line of history of the author that it is foreign to."""
        commit = foreign.commit
        if foreign.op is not commit.op:  # the author was ahead of it
            return touched(foreign.op)
        touch = self._known.get(commit.version)
        if touch is None:
            touch = self._known[commit.version] = touched(commit.op)
            if len(self._known) > _KEPT:
                del self._known[next(iter(self._known))]
        return touch


def conflict_kind(mine: Touch, other: Touch) -> str | None:
    """The kind of a conflict between two operations on the same document, such as "insert-delete"; None for none.

    Two deletes conflict when they overlap, an insert conflicts with a delete that surrounds it, and two inserts when
    they stand at the same place.
    """
    if mine is NOTHING or other is NOTHING or mine.start > other.end or other.start > mine.end:
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
