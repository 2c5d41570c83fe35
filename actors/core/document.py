"""A document in pieces, so that an edit costs about the same in a long text as in a short one."""

from __future__ import annotations

import msgspec

from actors.core.conflicts import touched
from rayrooms import text
from rayrooms.protocol import Operation

PIECE = 8_192
"""Code points of a piece when it is made. It may grow to twice that."""


class Change(msgspec.Struct, frozen=True, gc=False):
    """What an operation makes of a document: `op` made invertible, the length after it, and the pieces concerned."""

    op: Operation
    length: int
    first: int
    last: int
    becomes: str


class Document:
    """A text that operations change. An operation copies the pieces from its first place to its last, and no others.

    A plain string would be copied twice for each edit, which for a million characters takes longer than all else that
    a room does with it.
    """

    def __init__(self, content: str = "") -> None:
        self._pieces = _cut(content)
        self._length = len(content)
        self._whole: str | None = content

    def __len__(self) -> int:
        return self._length

    @property
    def content(self) -> str:
        """The whole text, put together once for each state of the document in which anybody asks for it."""
        if self._whole is None:
            self._whole = "".join(self._pieces)
        return self._whole

    def plan(self, op: Operation) -> Change:
        """What `op`, a canonical operation, would do. Raises InvalidError (invalid_operation) when it does not fit."""
        touch = touched(op)
        start, end = max(touch.start, 0), max(touch.end, 0)  # of what does nothing: the beginning
        if end > self._length:
            text.apply_checked(self.content, op)  # says why not
        first, base = self._find(start, 0, 0)
        last, _ = self._find(end, first, base)
        here = self._pieces[first] if first == last else "".join(self._pieces[first : last + 1])
        skip = start - base
        becomes, made = text.apply_checked(here, _shifted(op, base, skip))
        length = self._length + touch.grown
        if not base or made is op:
            return Change(made, length, first, last, becomes)
        return Change([start, *(made[1:] if skip else made)], length, first, last, becomes)

    def make(self, change: Change) -> None:
        """Make a change that was planned in this state of the document."""
        pieces = _cut(change.becomes) if len(change.becomes) > 2 * PIECE else [change.becomes]
        self._pieces[change.first : change.last + 1] = pieces
        self._length = change.length
        self._whole = None
        if len(pieces) == 1 and len(change.becomes) < PIECE // 4 and len(self._pieces) > 1:
            self._join(change.first)

    def _join(self, index: int) -> None:
        """Make one piece of a short one and its neighbour."""
        left = index - 1 if index else 0
        both = self._pieces[left] + self._pieces[left + 1]
        self._pieces[left : left + 2] = _cut(both) if len(both) > 2 * PIECE else [both]

    def _find(self, at: int, index: int, base: int) -> tuple[int, int]:
        """The piece that holds place `at` or ends there, and where it begins; looked for from a piece before it."""
        pieces = self._pieces
        while base + len(pieces[index]) < at:
            base += len(pieces[index])
            index += 1
        return index, base


def _shifted(op: Operation, base: int, skip: int) -> Operation:
    """`op` for the part of the text that begins at `base`, in which its first change is at `skip`."""
    if not base:
        return op
    return [skip, *op[1:]] if skip else op[1:]


def _cut(content: str) -> list[str]:
    return [content[at : at + PIECE] for at in range(0, len(content), PIECE)] or [""]
