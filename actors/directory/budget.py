"""How many rooms may be awake on each node, and which of them is to sleep first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


class AwakeBudget:
    """The awake rooms of each node, with the last edit that is known of each (unix seconds).

    What is known may be older than the truth, never newer: whoever finds a room edited since tells it (`edited`) and
    asks again, so the room that is put to sleep is the least recently edited one without anybody reporting each edit.
    """

    def __init__(self, per_node: int) -> None:
        self.per_node = per_node
        self._nodes: dict[str, dict[str, float]] = {}

    def woke(self, room_id: str, node_id: str, at: float) -> None:
        """A room is awake on a node."""
        self.gone(room_id)
        self._nodes.setdefault(node_id, {})[room_id] = at

    def gone(self, room_id: str) -> None:
        """A room is not awake any more, or never was."""
        for rooms in self._nodes.values():
            rooms.pop(room_id, None)

    def edited(self, room_id: str, at: float) -> None:
        """A room's last edit is newer than was known."""
        for rooms in self._nodes.values():
            if room_id in rooms:
                rooms[room_id] = at

    def excess(self, node_id: str) -> int:
        """How many rooms too many are awake on a node."""
        return len(self._nodes.get(node_id, ())) - self.per_node

    def awake_on(self, node_id: str) -> list[str]:
        """The rooms that are awake on a node."""
        return list(self._nodes.get(node_id, ()))

    def least_recent(self, node_id: str, besides: Collection[str] = ()) -> tuple[str, float]:
        """The room of a node that is not known to have been edited for longest, and when it was.

        Raises LookupError when there is none but those that are left out.
        """
        left = [(at, room_id) for room_id, at in self._nodes.get(node_id, {}).items() if room_id not in besides]
        if not left:
            raise LookupError(node_id)
        at, room_id = min(left)
        return room_id, at
