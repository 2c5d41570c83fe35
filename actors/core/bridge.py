"""Places an author's operation into the room's order, also when the author sends ahead of its acknowledgements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from actors.core.log import Commit
from rayrooms import text
from rayrooms.protocol import Operation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rayrooms.protocol import Range


class Foreign(msgspec.Struct, gc=False):
    """A commit by someone else, as an operation on the author's own line of history."""

    commit: Commit
    op: Operation


class Bridge:
    """What others committed that an author had not seen when it made its newest edit.

    An edit's context is the version its author has seen plus all the author's own earlier edits. The bridge holds the
    others' commits above that version, each transformed over the author's own edits, so that the next edit can be
    transformed over them (the two-dimensional state space of Jupiter, Nichols et al. 1995, kept per author and only
    as wide as what is in flight).

    An author with one edit in flight never needs the second half of that work, so it is deferred until an edit
    arrives that was really made ahead of an acknowledgement.
    """

    __slots__ = ("_deferred", "_foreign", "_upto", "last_own", "seen")

    def __init__(self, version: int) -> None:
        self._foreign: list[Foreign] = []
        self._deferred: Operation | None = None
        self._upto = version
        self.seen = version
        self.last_own = 0

    def advance(self, version: int, commits: Iterable[Commit], client_id: str, head: int) -> list[Foreign]:
        """Move the context to `version` and take in `commits`, all those above the last call's head.

        Returns the foreign commits that the next edit must be transformed over, in order.
        """
        if version >= self.last_own:
            self._deferred = None
        elif self._deferred is not None:
            op = self._deferred
            for foreign in self._foreign:
                over = foreign.op
                foreign.op = text.transform(over, op, "right")
                op = text.transform(op, over, "left")
            self._deferred = None
        self._foreign = [foreign for foreign in self._foreign if foreign.commit.version > version]
        self._foreign.extend(
            Foreign(commit, commit.op)
            for commit in commits
            if commit.client_id != client_id and commit.version > version
        )
        self._upto = head
        self.seen = version
        return self._foreign

    @property
    def upto(self) -> int:
        """The room version up to which commits have been taken in."""
        return self._upto

    def sent(self, op: Operation, version: int) -> None:
        """Note that `op`, as its author made it, was committed as `version`."""
        self._deferred = op
        self._upto = version
        self.last_own = version


def place_range(item: Range, foreign: list[Foreign]) -> Range:
    """A selection in the author's context, moved over what the author had not seen."""
    for one in foreign:
        item = text.transform_range(item, one.op)
    return item
