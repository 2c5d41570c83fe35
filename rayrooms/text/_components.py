"""Reading an operation piece by piece and building a canonical one: the two halves of transform and compose."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rayrooms.protocol import Component, Operation


def size(amount: int | str) -> int:
    """How many code points a count or a text stands for."""
    return amount if isinstance(amount, int) else len(amount)


def length(component: Component) -> int:
    """How many code points a component skips, inserts or deletes."""
    if isinstance(component, int):
        return component
    return len(component) if isinstance(component, str) else size(component["d"])


def push(op: Operation, component: Component) -> None:
    """Append a non-empty component, joined with the last one when both are of one kind.

    Of two deletes that do not both know their text, a count remains.
    """
    last = op[-1] if op else None
    if isinstance(component, int):
        if isinstance(last, int):
            op[-1] = last + component
            return
    elif isinstance(component, str):
        if isinstance(last, str):
            op[-1] = last + component
            return
    elif isinstance(last, dict):
        gone, more = last["d"], component["d"]
        if isinstance(gone, str) and isinstance(more, str):
            op[-1] = {"d": gone + more}
        else:
            op[-1] = {"d": size(gone) + size(more)}
        return
    op.append(component)


class Taker:
    """Takes an operation apart from its front, in pieces of at most a given length."""

    __slots__ = ("_index", "_offset", "_op")

    def __init__(self, op: Operation) -> None:
        self._op = op
        self._index = 0
        self._offset = 0

    def peek(self) -> Component | None:
        """The component that the next piece comes from; None past the last one."""
        return self._op[self._index] if self._index < len(self._op) else None

    def take(self, limit: int) -> Component:
        """Up to `limit` code points of the next skip, insert or delete; past the last component, a skip of `limit`."""
        if self._index == len(self._op):
            return limit
        component = self._op[self._index]
        start = self._offset
        if isinstance(component, int):
            if component - start > limit:
                self._offset += limit
                return limit
            self._advance()
            return component - start
        amount = component if isinstance(component, str) else component["d"]
        if size(amount) - start > limit:
            self._offset += limit
            piece: int | str = limit if isinstance(amount, int) else amount[start : start + limit]
        else:
            self._advance()
            if not start:
                return component
            piece = amount - start if isinstance(amount, int) else amount[start:]
        return piece if isinstance(component, str) else {"d": piece}

    def take_whole(self) -> Component:
        """All that is left of the component `peek` shows; there must be one."""
        component = self._op[self._index]
        start = self._offset
        self._advance()
        if not start:
            return component
        if isinstance(component, int):
            return component - start
        if isinstance(component, str):
            return component[start:]
        amount = component["d"]
        return {"d": amount - start if isinstance(amount, int) else amount[start:]}

    def _advance(self) -> None:
        self._index += 1
        self._offset = 0
