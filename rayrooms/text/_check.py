"""What is a well-formed operation and a storable text: check, check_text, normalize."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rayrooms.errors import InvalidError
from rayrooms.text._components import push

if TYPE_CHECKING:
    from rayrooms.protocol import Component, Operation

MAX_COUNT = 2**31 - 1
"""The largest skip, delete or position that may be sent."""


def check_text(text: str) -> None:
    """Refuse what a Postgres text or UTF-8 cannot hold: NUL and lone surrogates.

    Raises InvalidError (invalid_text).
    """
    if "\0" in text:
        raise InvalidError("Text must not contain NUL (U+0000).", code="invalid_text")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            message = f"Text must not contain lone surrogates (U+{ord(text[error.start]):04X} at {error.start})."
            raise InvalidError(message, code="invalid_text") from None


def check(op: object) -> None:
    """Refuse anything but a canonical operation.

    Skips and counted deletes are integers (not booleans) from 1 to MAX_COUNT. Whether the operation fits a document
    is for `apply` and `make_invertible` to say.

    Raises InvalidError: invalid_text for NUL or lone surrogates in inserted or deleted text, else invalid_operation.
    """
    if type(op) is not list:
        raise _invalid("An operation is a list of components.")
    previous: type | None = None
    for component in op:
        kind = type(component)
        if kind is previous:
            raise _invalid("Neighbouring components of one kind must be joined.")
        if kind is dict:
            if len(component) != 1 or "d" not in component:
                raise _invalid('A delete is an object with the one key "d".')
            _check_amount(component["d"])
        else:
            _check_amount(component)
        previous = kind
    if previous is int:
        raise _invalid("An operation must not end with a skip.")


def normalize(op: object) -> Operation:
    """The canonical form of a well-typed operation: empty components dropped, neighbours joined, trailing skip cut.

    A counted and a spelled-out delete side by side become a counted one. Raises InvalidError as `check` does for what
    no joining mends: other types, negative counts, unknown keys, texts that cannot be stored.
    """
    if type(op) is not list:
        raise _invalid("An operation is a list of components.")
    result: Operation = []
    for component in op:
        amount = component
        if type(component) is dict:
            if len(component) != 1 or "d" not in component:
                raise _invalid('A delete is an object with the one key "d".')
            amount = component["d"]
        if (type(amount) is int and amount == 0) or (type(amount) is str and not amount):
            continue
        _check_amount(amount)
        push(result, cast("Component", component))
    if result and isinstance(result[-1], int):
        result.pop()
    check(result)  # joined counts may have grown too large
    return result


def _check_amount(amount: object) -> None:
    """Check a count or a text: a skip or an insert when bare, a delete when in an object."""
    if type(amount) is str:
        if not amount:
            raise _invalid("Inserts and deletes must not be empty.")
        check_text(amount)
    elif type(amount) is int:
        if not 0 < amount <= MAX_COUNT:
            raise _invalid(f"Skips and deletes must be from 1 to {MAX_COUNT}.")
    else:
        raise _invalid('A component is a count, a text, or {"d": count or text}.')


def _invalid(message: str) -> InvalidError:
    return InvalidError(message, code="invalid_operation")
