"""Where new room actors go: to the node that carries the fewest of them for each of its cores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from rayrooms.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


class Node(msgspec.Struct, frozen=True):
    """A node of the cluster: the address under which Ray knows it, how many cores it says it has.

    `metrics_port` is that of Ray's metrics agent there, 0 when it runs none.
    """

    node_id: str
    ip: str
    cpus: float = 1.0
    is_head: bool = False
    metrics_port: int = 0


class Placement:
    """Counts the room actors of each node, whatever they do, and chooses the node for the next one."""

    def __init__(self) -> None:
        self._actors: dict[str, int] = {}
        self._shut: set[str] = set()

    def added(self, node_id: str) -> None:
        """There is, or will be in a moment, one actor more on a node."""
        self._actors[node_id] = self._actors.get(node_id, 0) + 1

    def ended(self, node_id: str) -> None:
        """There is one actor less on a node."""
        left = self._actors.get(node_id, 0) - 1
        if left > 0:
            self._actors[node_id] = left
        else:
            self._actors.pop(node_id, None)

    def actors(self, node_id: str) -> int:
        """How many actors a node carries."""
        return self._actors.get(node_id, 0)

    # -------------------------------------------------------------- nodes that take no more

    @property
    def shut(self) -> Collection[str]:
        """The nodes that take no more actors."""
        return frozenset(self._shut)

    def shut_down(self, node_id: str) -> None:
        """A node takes no more actors: it is about to go."""
        self._shut.add(node_id)

    def open_up(self, node_id: str) -> None:
        """A node takes actors again."""
        self._shut.discard(node_id)

    def choose(self, nodes: Iterable[Node]) -> Node:
        """The node for one more actor. Raises UnavailableError when none takes any."""
        fit = [node for node in nodes if node.node_id not in self._shut]
        if not fit:
            raise UnavailableError("No node of the cluster takes rooms now; try again.", code="room_unavailable")
        return min(fit, key=lambda node: (self.actors(node.node_id) + 1) / max(node.cpus, 1.0))
