"""How much one edit message carries: large operations are cut, small unsent ones are joined."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rayrooms import text

if TYPE_CHECKING:
    from rayrooms.protocol import Component, Operation

MAX_PORTION = 32_000
"""Code points. Six bytes each in the worst JSON case, so that a message stays well under the usual 256 KiB."""
SPELLED_OUT = 1_000
"""Deletes up to so many code points are sent with their text, which the room then checks; longer ones as a count."""
_COMPONENT = 16
"""What a component costs besides its text."""


def weight(op: Operation) -> int:
    """About how much of a message `op` fills, in code points."""
    total = 0
    for component in op:
        total += _COMPONENT
        if isinstance(component, str):
            total += len(component)
        elif not isinstance(component, int):
            total += _weight_of_delete(component["d"])
    return total


def cut(op: Operation, limit: int = MAX_PORTION) -> list[Operation]:
    """Operations of at most about `limit` each that one after the other do what `op` does."""
    if weight(op) <= limit:
        return [op] if op else []
    parts: list[Operation] = [[]]
    done = 0
    room = limit

    def next_part() -> int:
        parts.append([done])
        return limit

    for component in op:
        if isinstance(component, int):
            parts[-1].append(component)
            done += component
        elif isinstance(component, str):
            at = 0
            while at < len(component):
                if room <= _COMPONENT:
                    room = next_part()
                piece = component[at : at + room - _COMPONENT]
                parts[-1].append(piece)
                at += len(piece)
                done += len(piece)
                room -= len(piece) + _COMPONENT
        else:
            cost = _weight_of_delete(component["d"]) + _COMPONENT
            if cost > room:
                room = next_part()
            parts[-1].append(component)
            room -= cost
    return [part for part in (text.normalize(part) for part in parts) if part]


def join(pending: list[Operation], op: Operation, limit: int = MAX_PORTION) -> None:
    """Append an unsent `op` to `pending`, composed with the last one where both fit into one message."""
    for part in cut(op, limit):
        if pending and weight(pending[-1]) + weight(part) <= limit:
            composed = text.compose(pending[-1], part)
            if text.is_noop(composed):
                pending.pop()
            else:
                pending[-1] = composed
        else:
            pending.append(part)


def on_the_wire(op: Operation) -> Operation:
    """`op` as it is sent: long deletes as a count."""
    return [_counted(component) for component in op]


def _counted(component: Component) -> Component:
    if isinstance(component, dict) and isinstance(component["d"], str) and len(component["d"]) > SPELLED_OUT:
        return {"d": len(component["d"])}
    return component


def _weight_of_delete(gone: int | str) -> int:
    return 0 if isinstance(gone, int) else min(len(gone), SPELLED_OUT)
