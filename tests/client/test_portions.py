"""How edits are cut and joined for the wire, and how some are taken out of a line of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from rayrooms import text
from rayrooms.client.history import exclude
from rayrooms.client.portions import MAX_PORTION, SPELLED_OUT, cut, join, on_the_wire, weight
from rayrooms.codec import codec_for
from rayrooms.protocol import SUBPROTOCOL_JSON, CodeChange, CodeChangeData
from tests.text.generate import Step, documents, operation, steps

if TYPE_CHECKING:
    from rayrooms.protocol import Operation

LINES = st.lists(st.tuples(steps, st.sampled_from([None, None, 1, 2])), max_size=6)


def run(document: str, ops: list[Operation]) -> str:
    for op in ops:
        text.check(op)
        document = text.apply(document, op)
    return document


@given(documents, steps, st.integers(20, 60))
def test_cut_does_the_same(document: str, plan: list[Step], limit: int) -> None:
    """CL-15: an operation that is cut does what it did whole."""
    op = operation(document, plan)
    assert run(document, cut(op, limit)) == text.apply(document, op)


def test_parts_fit_into_a_message() -> None:
    """CL-15: every part of a huge edit stays under 256 KiB even where JSON escapes each character."""
    document = "\x01" * 100_000
    op: Operation = ["\x02" * 300_000, 5, {"d": document[:50_000]}, 7, "é" * 40_000]
    parts = cut(op)
    assert len(parts) > 300_000 // MAX_PORTION
    assert run(document, parts) == text.apply(document, op)
    for part in parts:
        frame = codec_for(SUBPROTOCOL_JSON).encode(CodeChange(data=CodeChangeData(room_id="r", op=on_the_wire(part))))
        assert len(frame.encode() if isinstance(frame, str) else frame) < 256 * 1024


@given(documents, st.lists(steps, max_size=8), st.integers(20, 200))
def test_joined_edits_do_the_same(document: str, plans: list[list[Step]], limit: int) -> None:
    """CL-4: edits that wait are composed into few, which do the same one after the other."""
    pending: list[Operation] = []
    content = document
    for plan in plans:
        content, op = text.apply_checked(content, operation(content, plan))
        join(pending, op, limit)
    assert run(document, pending) == content
    assert all(pending)


def test_waiting_edits_are_few() -> None:
    """CL-4: a thousand keystrokes that wait are one message, and what cancels out is none."""
    pending: list[Operation] = []
    for at in range(1_000):
        join(pending, [at, "x"] if at else ["x"])
    assert pending == [["x" * 1_000]]
    join(pending, [{"d": "x" * 1_000}])
    assert pending == []


def test_long_deletes_are_counted_on_the_wire() -> None:
    """CL-15: a short delete is sent with its text, which the room checks; a long one as a count."""
    assert on_the_wire(["a", {"d": "b"}]) == ["a", {"d": "b"}]
    long = "x" * (SPELLED_OUT + 1)
    assert on_the_wire([3, {"d": long}]) == [3, {"d": len(long)}]
    assert weight([3, {"d": "x" * 10**6}]) < SPELLED_OUT * 2


@given(documents, LINES)
def test_what_is_excluded_can_be_taken_back(document: str, plans: list[tuple[list[Step], int | None]]) -> None:
    """CL-10: the undos lead from the whole line's text to that of what stays, and back again."""
    line: list[tuple[Operation, int | None]] = []
    content = document
    last = 0
    for plan, key in plans:
        last = max(last, key or 0)
        content, op = text.apply_checked(content, operation(content, plan))
        line.append((op, key and last))  # one key does not stand on both sides of another
    excluded = exclude(line)
    without = run(document, excluded.kept)
    assert run(content, [undo.op for undo in excluded.undos]) == without
    assert run(without, [text.invert(undo.op) for undo in reversed(excluded.undos)]) == content
    assert [undo.key for undo in excluded.undos] == sorted({key for _, key in line if key}, reverse=True)


def test_excluding_leaves_the_rest() -> None:
    """CL-17: what others did elsewhere stays, what they did to the text that goes, goes with it."""
    line: list[tuple[Operation, int | None]] = [([3, "MINE"], 1), ([5, "theirs"], None), (["theirs "], None)]
    excluded = exclude(line)
    assert run("abc", excluded.kept) == "theirs abctheirs"
