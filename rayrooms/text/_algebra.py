"""What operations do to texts and to one another: apply, transform, compose, invert.

The room runs `apply_checked` and `transform` for every edit, so both are written for the common case: one place
touched, mostly far from the other operation's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rayrooms.errors import InvalidError
from rayrooms.text._components import Taker, length, push, size

if TYPE_CHECKING:
    from rayrooms.protocol import Operation

Side = Literal["left", "right"]
"""On a tie, the insert of the "left" operation comes first in the text."""


def apply(text: str, op: Operation) -> str:
    """The text after `op`.

    Raises InvalidError (invalid_operation) when `op` reaches past the end or deletes other text than it says.
    """
    parts: list[str] = []
    at = 0
    for component in op:
        if isinstance(component, int):
            parts.append(text[at : at + component])
            at += component
        elif isinstance(component, str):
            parts.append(component)
        else:
            at = _end_of_delete(text, at, component["d"])
    if at > len(text):
        raise _past_the_end(len(text))
    parts.append(text[at:])
    return "".join(parts)


def apply_checked(text: str, op: Operation) -> tuple[str, Operation]:
    """The text after `op`, and `op` made invertible, in one walk: `apply` and `make_invertible` together.

    Raises InvalidError (invalid_operation) when `op` does not fit the text.
    """
    parts: list[str] = []
    at = 0
    invertible = op
    for index, component in enumerate(op):
        if isinstance(component, int):
            parts.append(text[at : at + component])
            at += component
        elif isinstance(component, str):
            parts.append(component)
        else:
            gone = component["d"]
            end = _end_of_delete(text, at, gone)
            if isinstance(gone, int):
                if invertible is op:
                    invertible = op.copy()
                invertible[index] = {"d": text[at:end]}
            at = end
    if at > len(text):
        raise _past_the_end(len(text))
    parts.append(text[at:])
    return "".join(parts), invertible


def make_invertible(text: str, op: Operation) -> Operation:
    """`op` with the text of `text` in its counted deletes; `op` itself when it has none.

    Raises InvalidError (invalid_operation) when `op` does not fit the text.
    """
    at = 0
    invertible = op
    for index, component in enumerate(op):
        if isinstance(component, int):
            at += component
        elif not isinstance(component, str):
            gone = component["d"]
            end = _end_of_delete(text, at, gone)
            if isinstance(gone, int):
                if invertible is op:
                    invertible = op.copy()
                invertible[index] = {"d": text[at:end]}
            at = end
    if at > len(text):
        raise _past_the_end(len(text))
    return invertible


def transform(op: Operation, other: Operation, side: Side) -> Operation:
    """`op`, made for the same text as `other`, rewritten for the text after `other`.

    Of two inserts at one place that of the "left" operation comes first. Deletes may be counted or carry their text,
    on both sides, and stay what they were. `op` itself is returned when nothing changes.
    """
    if not other or not op:
        return op

    first = other[0]
    if isinstance(first, int) and _end(op) < first:
        return op
    first = op[0]
    if isinstance(first, int):
        end = grown = 0
        for component in other:
            if isinstance(component, int):
                end += component
            elif isinstance(component, str):
                grown += len(component)
            else:
                gone = size(component["d"])
                end += gone
                grown -= gone
        if end < first:
            return [first + grown, *op[1:]]

    return _transform_touching(op, other, side)


def compose(a: Operation, b: Operation) -> Operation:
    """One operation with the effect of `a` and then `b`.

    Only for what nobody else has seen yet: transforming over the result may differ from transforming over `a` and then
    `b`. Raises InvalidError (invalid_operation) when `b` deletes other text than `a` inserts.
    """
    result: Operation = []
    taker = Taker(a)
    for component in b:
        if isinstance(component, str):
            push(result, component)
            continue
        gone = None if isinstance(component, int) else component["d"]
        total = length(component)
        done = 0
        while done < total:
            if isinstance(taker.peek(), dict):
                push(result, taker.take_whole())
                continue
            piece = taker.take(total - done)
            start, done = done, done + length(piece)
            if gone is None:
                push(result, piece)
            elif isinstance(piece, int):
                push(result, {"d": gone[start:done] if isinstance(gone, str) else piece})
            elif isinstance(gone, str) and gone[start:done] != piece:
                raise _other_text()
    return _with_rest(result, taker)


def invert(op: Operation) -> Operation:
    """The operation that takes back `op`.

    Raises InvalidError (invalid_operation) when a delete of `op` is only counted: see `make_invertible`.
    """
    result: Operation = []
    for component in op:
        if isinstance(component, int):
            result.append(component)
        elif isinstance(component, str):
            result.append({"d": component})
        else:
            gone = component["d"]
            if isinstance(gone, int):
                raise InvalidError("A counted delete cannot be taken back.", code="invalid_operation")
            result.append(gone)
    return result


def is_noop(op: Operation) -> bool:
    """Whether `op` leaves every text as it is."""
    return not op


def length_delta(op: Operation) -> int:
    """By how many code points a text grows by `op`; negative when it shrinks."""
    delta = 0
    for component in op:
        if isinstance(component, str):
            delta += len(component)
        elif not isinstance(component, int):
            delta -= size(component["d"])
    return delta


def _transform_touching(op: Operation, other: Operation, side: Side) -> Operation:
    """Walk `op` along `other`: the general case of `transform`."""
    result: Operation = []
    taker = Taker(op)
    for component in other:
        if isinstance(component, str):
            if side == "left" and isinstance(taker.peek(), str):
                push(result, taker.take_whole())
            push(result, len(component))
            continue
        kept = isinstance(component, int)
        left = length(component)
        while left > 0:
            if isinstance(taker.peek(), str):
                push(result, taker.take_whole())
                continue
            piece = taker.take(left)
            left -= length(piece)
            if kept:
                push(result, piece)
    return _with_rest(result, taker)


def _with_rest(result: Operation, taker: Taker) -> Operation:
    """`result` with all that `taker` still holds, less a trailing skip."""
    while taker.peek() is not None:
        push(result, taker.take_whole())
    if result and isinstance(result[-1], int):
        result.pop()
    return result


def _end(op: Operation) -> int:
    """The offset, in the text before `op`, up to which `op` walks."""
    end = 0
    for component in op:
        if isinstance(component, int):
            end += component
        elif not isinstance(component, str):
            end += size(component["d"])
    return end


def _end_of_delete(text: str, start: int, gone: int | str) -> int:
    """Where a delete at `start` ends; a counted one may end past the text."""
    if isinstance(gone, int):
        return start + gone
    if not text.startswith(gone, start):
        raise _other_text()
    return start + len(gone)


def _other_text() -> InvalidError:
    return InvalidError("The operation deletes other text than stands there.", code="invalid_operation")


def _past_the_end(size_of_text: int) -> InvalidError:
    message = f"The operation reaches past the end of the text, which has {size_of_text} code points."
    return InvalidError(message, code="invalid_operation")
