"""How edits are cut and joined for the wire."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rayrooms import text
from rayrooms.client.history import exclude
from rayrooms.client.portions import SPELLED_OUT, cut, join, on_the_wire, weight
from rayrooms.codec import codec_for
from rayrooms.protocol import CodeChange, CodeChangeData, Operation
from tests.text.generate import documents_with_operations


@given(documents_with_operations(), st.integers(20, 60))
def test_cut_does_the_same(made: tuple[str, Operation], limit: int) -> None:
    """CL-15: an operation that is cut does what it did whole, and no part is much heavier than the limit."""
    document, op = made
    parts = cut(op, limit)
    content = document
    for part in parts:
        text.check(part)
        content = text.apply(content, part)
    assert content == text.apply(document, op)
