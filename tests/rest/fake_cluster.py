"""A stand-in for the cluster: one machine, on which the rooms of the stand-in for live rooms are awake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.directory.overview import AwakeRoom, Gateway
from actors.host.figures import RoomFigures
from persistence.writer import WriterStats
from rayrooms.errors import ConflictError, UnavailableError
from serve.cluster import NodeDrained, NodeState

if TYPE_CHECKING:
    from .fake_live import FakeLive

NODE = "node-1"


class FakeCluster:
    """Implements Cluster. `away` holds the names of the methods that do not answer, `hanging` rooms that do not."""

    def __init__(self, live: FakeLive) -> None:
        self.away: set[str] = set()
        self.hanging: set[str] = set()
        self.reopened: list[str] = []
        self.drained: list[str] = []
        self.looked_at: list[list[str]] = []
        self._live = live

    def _answer(self, method: str) -> None:
        if method in self.away:
            raise UnavailableError(f"{method} does not answer.")

    async def nodes(self) -> list[NodeState]:
        self._answer("nodes")
        return [
            NodeState(NODE, "10.0.0.1", WriterStats(3, 5, 700, 11, 2, 7.25, True)),
            NodeState("node-2", "10.0.0.2", None),
        ]

    async def gateways(self) -> list[Gateway]:
        self._answer("gateways")
        return [Gateway("gw-1", NODE, 100, 4, 2), Gateway("gw-2", NODE, 101, 3, 1)]

    async def awake(self) -> dict[str, str]:
        self._answer("awake")
        return dict.fromkeys(self._live.rooms, NODE)

    async def look_at(self, room_ids: list[str]) -> list[AwakeRoom]:
        self._answer("look_at")
        self.looked_at.append(room_ids)
        return [self._look_at(room_id) for room_id in sorted(room_ids) if room_id in self._live.rooms]

    async def drained_nodes(self) -> frozenset[str]:
        self._answer("drained_nodes")
        return frozenset(self.drained)

    async def drain(self, node_id: str, *, keep_gateway: bool) -> NodeDrained:
        if node_id in self.drained:
            raise ConflictError("There is no other node that could take the rooms.")
        self.drained.append(node_id)
        return NodeDrained(node_id, 3, keeps_gateway=keep_gateway)

    async def reopen_node(self, node_id: str) -> None:
        self.drained.remove(node_id)

    async def reopen(self, room_id: str) -> None:
        self.reopened.append(room_id)

    def _look_at(self, room_id: str) -> AwakeRoom:
        room = self._live.rooms[room_id]
        figures = None
        if room_id not in self.hanging:
            figures = RoomFigures(2, room.version, room.durable, room.version, 0.125, 1_000_000)
        return AwakeRoom(room_id, "10.0.0.1", 4000, room.epoch, 77, NODE, 3, 1000.5, figures)
