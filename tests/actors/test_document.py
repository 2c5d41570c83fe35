"""A document in pieces is the same text as one string, whatever is done to it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.core import document as document_module
from actors.core.document import PIECE, Document
from rayrooms import text
from rayrooms.errors import InvalidError
from tests.text import generate

if TYPE_CHECKING:
    from rayrooms.protocol import Operation


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of four code points, so that little texts have many."""
    monkeypatch.setattr(document_module, "PIECE", 4)


def checked(document: Document, op: Operation) -> None:
    """Do `op` to the document and to its text, and compare."""
    before = document.content
    outcome = tried(before, op)
    if isinstance(outcome, InvalidError):
        with pytest.raises(InvalidError) as caught:
            document.plan(op)
        assert (caught.value.code, caught.value.message) == (outcome.code, outcome.message)
        assert document.content == before
        return
    expected, invertible = outcome
    change = document.plan(op)
    assert (change.op, change.length) == (invertible, len(expected))
    assert document.content == before, "a plan changes nothing"
    document.make(change)
    assert len(document) == len(expected)
    assert document.content == expected
    assert "".join(document._pieces) == expected
    assert all(len(piece) <= 2 * document_module.PIECE for piece in document._pieces)


def tried(content: str, op: Operation) -> tuple[str, Operation] | InvalidError:
    """What `op` makes of a string, and itself made invertible; or why it does not fit."""
    try:
        return text.apply_checked(content, op)
    except InvalidError as refusal:
        return refusal


@given(content=generate.documents, all_steps=st.lists(generate.steps, max_size=6))
def test_any_operation(content: str, all_steps: list[list[generate.Step]]) -> None:
    """ROOM-21, ROOM-9: the text, the texts of deletes, and what does not fit."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(document_module, "PIECE", 4)
        document = Document(content)
        for steps in all_steps:
            checked(document, generate.operation(document.content, steps))


@given(
    content=st.text("ab", max_size=30),
    op=st.lists(st.integers(1, 12) | st.text("ab", min_size=1, max_size=3), max_size=4),
)
def test_operations_that_may_not_fit(content: str, op: list[int | str]) -> None:
    """ROOM-21: refused in the same words, with nothing changed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(document_module, "PIECE", 4)
        made: Operation = []
        for number, component in enumerate(op):
            made.append({"d": component} if number % 3 == 1 else component)
        checked(Document(content), text.normalize(made))


def test_a_long_session() -> None:
    """ROOM-21: pieces neither dwindle nor grow without end."""
    draw, document = random.Random("session"), Document("")
    for _ in range(3_000):
        size = len(document)
        at = draw.randint(0, size)
        if draw.random() < 0.55 or size < 20:
            op: Operation = [at, "x" * draw.randint(1, 12)]
        else:
            at = draw.randint(0, size - 1)
            op = [at, {"d": min(draw.randint(1, 15), size - at)}]
        checked(document, op if at else op[1:])
    assert len(document._pieces) <= 2 + len(document)  # hundreds of pieces of about four
    assert len(document) > 200


def test_an_edit_of_a_long_text_copies_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """ROOM-21: the pieces that it touches, wherever it is."""
    monkeypatch.setattr(document_module, "PIECE", PIECE)
    document = Document("x" * 1_000_000)
    for at in (0, 1, PIECE, 500_000, 999_999, 1_000_000):
        change = document.plan([at, "y"] if at else ["y"])
        assert len(change.becomes) <= 2 * PIECE + 1
        document.make(change)
    assert document.content.count("y") == 6
    assert len(document) == 1_000_006
