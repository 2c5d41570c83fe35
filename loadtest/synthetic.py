"""Documents and sessions that nobody wrote, as traces."""

from __future__ import annotations

import random

from loadtest.merge import merge
from loadtest.trace import Trace, TraceEdit
from rayrooms import text

EDITS = 10_500
CHARACTERS = 105_000
_RUN = 20
"""Edits that go on where the one before ended."""
_DELETED = 5
"""Characters that every other run deletes first."""
_KEYS = "etaoin shrdlu\n"
_MOVES, _SLIPS = 0.02, 0.1


def document(edits: int = EDITS, characters: int = CHARACTERS, seed: int = 5) -> Trace:
    """One author's `edits`, each of a word, together about `characters`, in runs at random places. Same each time."""
    rng = random.Random(seed)
    length = characters // edits
    size = cursor = 0
    made: list[TraceEdit] = []
    for number in range(edits):
        if number % _RUN == 0:
            cursor = rng.randrange(size + 1)
        deleted = min(_DELETED, size - cursor) if number % (2 * _RUN) == 0 else 0
        word = f"{rng.randrange(10**9):09d} ".ljust(length, "-")
        op = text.from_position_edit("replace", cursor, content=word, length=deleted)
        made.append(TraceEdit(0, (number,), op))
        cursor += len(word)
        size += len(word) - deleted
    return Trace("synthetic", 1, made, merge(made).text)


def session(edits: int, seed: int = 1) -> Trace:
    """One author's keystrokes: mostly characters, one after the other, with slips taken back and changes of place."""
    rng = random.Random(seed)
    size = cursor = 0
    made: list[TraceEdit] = []
    for number in range(edits):
        if rng.random() < _MOVES:
            cursor = rng.randrange(size + 1)
        if cursor and rng.random() < _SLIPS:
            cursor, size = cursor - 1, size - 1
            op = text.from_position_edit("delete", cursor, content="", length=1)
        else:
            op = text.from_position_edit("insert", cursor, content=rng.choice(_KEYS), length=0)
            cursor, size = cursor + 1, size + 1
        made.append(TraceEdit(0, (number,), op))
    return Trace("session", 1, made, merge(made).text)


def churn(edits: int) -> Trace:
    """One author's `edits`, an even number, that write a word and take it away again."""
    word = "history "
    made = [
        TraceEdit(0, (number,), [{"d": len(word)}] if number % 2 else [word]) for number in range(edits - edits % 2)
    ]
    return Trace("churn", 1, made, "")
