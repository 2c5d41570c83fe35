"""Operations seen from places in the text: carets and selections that ride along, edits given by position."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from rayrooms.errors import InvalidError
from rayrooms.protocol import EditType, Range
from rayrooms.text._check import MAX_COUNT, check_text
from rayrooms.text._components import size

if TYPE_CHECKING:
    from rayrooms.protocol import Operation


class PositionEdit(msgspec.Struct, frozen=True):
    """An operation as people read it: the first offset it touches, and the text that came or, if none came, went."""

    type: EditType
    position: int
    content: str


def transform_position(position: int, op: Operation, *, own: bool = False) -> int:
    """Where a caret at `position` stands after `op`.

    A caret inside deleted text falls to where the delete began. An insert at the caret leaves it on its left; with
    `own`, for the caret of the one who typed, it pushes the caret right.
    """
    at = 0
    for component in op:
        if at > position or (at == position and not own):
            break
        if isinstance(component, int):
            at += component
        elif isinstance(component, str):
            at += len(component)
            position += len(component)
        else:
            position -= min(size(component["d"]), position - at)
    return position


def transform_range(r: Range, op: Operation, *, own: bool = False) -> Range:
    """The selection after `op`, each of its ends moved as `transform_position` moves a caret."""
    anchor = transform_position(r.anchor, op, own=own)
    head = anchor if r.head == r.anchor else transform_position(r.head, op, own=own)
    return Range(anchor, head)


def from_position_edit(kind: EditType, position: int, *, content: str | None, length: int | None) -> Operation:
    """The operation for an edit given by position, as stock clients send it.

    `insert` takes `content`; `replace` takes `content` and the `length` that goes, and puts the content first;
    `delete` takes `length`, or else the deleted text as `content`, which then must be what stands there. An edit of
    nothing is the empty operation.

    Raises InvalidError: malformed when a field is missing, negative or too large, invalid_text for content that cannot
    be stored.
    """
    _check_count("position", position)
    if length is not None:
        _check_count("length", length)
    if content is not None:
        check_text(content)

    inserted: str | None
    gone: int | str | None
    match kind:
        case "insert":
            inserted, gone = content, 0
        case "delete":
            inserted, gone = "", content if length is None else length
        case "replace":
            inserted, gone = content, length
        case _:
            raise InvalidError(f"An edit is of type insert, delete or replace, not {kind!r}.")
    if inserted is None or gone is None:
        raise InvalidError(f"An edit of type {kind} lacks its content or length.")

    op: Operation = [position] if position and (inserted or gone) else []
    if inserted:
        op.append(inserted)
    if gone:
        op.append({"d": gone})
    return op


def describe(op: Operation) -> PositionEdit:
    """What `op` does, for people; the empty operation reads as an insert of nothing at 0.

    The content joins all that is inserted or, when nothing is, all deleted text that `op` carries.
    """
    inserted = "".join(component for component in op if isinstance(component, str))
    deletes = [component["d"] for component in op if isinstance(component, dict)]
    position = op[0] if op and isinstance(op[0], int) else 0
    if not deletes:
        return PositionEdit("insert", position, inserted)
    if inserted:
        return PositionEdit("replace", position, inserted)
    return PositionEdit("delete", position, "".join(gone for gone in deletes if isinstance(gone, str)))


def _check_count(field: str, value: int) -> None:
    if type(value) is not int or not 0 <= value <= MAX_COUNT:
        raise InvalidError(f"{field} must be an integer from 0 to {MAX_COUNT}.")
