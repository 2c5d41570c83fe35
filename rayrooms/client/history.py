"""Taking some operations out of a line of history, as if they had never been made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from rayrooms import text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rayrooms.protocol import Operation

K = TypeVar("K")


class Undo(NamedTuple, Generic[K]):
    """Takes back all operations that were marked with `key`."""

    key: K
    op: Operation


class Excluded(NamedTuple, Generic[K]):
    """`kept` are the operations that stay, each made after the one before it.

    `undos`, newest key first and each made after the one before it, lead from the text after the whole line to the
    text after `kept`.
    """

    kept: list[Operation]
    undos: list[Undo[K]]


def exclude(line: Iterable[tuple[Operation, K | None]]) -> Excluded[K]:
    """Take the operations marked with a key out of `line`, each of which was made after the one before it.

    All must be invertible, and those of one key must not stand on both sides of another's. What a later operation did
    to a text that goes, goes with it; what it did elsewhere stays. The undos of what went so far are carried along:
    each operation that stays is transformed over them and they over it, so both ways round meet in one text (TP1).
    """
    kept: list[Operation] = []
    undos: list[Undo[K]] = []
    for op, key in line:
        if key is not None:
            undo = text.invert(op)
            if undos and undos[0].key == key:
                undos[0] = Undo(key, text.compose(undo, undos[0].op))
            else:
                undos.insert(0, Undo(key, undo))
            continue
        staying = op
        for index, undo_ in enumerate(undos):
            undos[index] = Undo(undo_.key, text.transform(undo_.op, staying, "right"))
            staying = text.transform(staying, undo_.op, "left")
        kept.append(staying)
    return Excluded(kept, undos)
