"""The cluster as an operator sees it: its machines by Ray, their persistence actors, and what the directory knows."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import msgspec
import ray
from ray.core.generated import autoscaler_pb2
from ray.exceptions import RayError, RpcError

from actors.directory.listing import nodes_alive
from actors.directory.overview import ATTENDANCE_EVERY
from persistence.actor import persistence_name
from persistence.writer import WriterStats
from rayrooms.errors import UnavailableError

if TYPE_CHECKING:
    from actors.directory.overview import AwakeRoom, Gateway
    from actors.directory.placement import Node
    from serve.sockets.locator import Locator

_ANSWER_WITHIN = 2.0
_DRAIN_WITHIN = 35.0
"""Seconds in which Serve looks for another place for the gateway; it stops the old one then in any case."""
_ALL_KNOWN = ATTENDANCE_EVERY + 3.0
"""Seconds after which every gateway has told a new directory that it is there."""


class NodeState(msgspec.Struct, frozen=True):
    """A node; `writer` is what its persistence actor says, None when it does not, or there is none yet."""

    node_id: str
    address: str
    writer: WriterStats | None


class NodeDrained(msgspec.Struct, frozen=True):
    """How many rooms a node had to give up, and whether it was to give up only these."""

    node_id: str
    rooms: int
    keeps_gateway: bool


class RayCluster:
    """The Cluster of a gateway. Whoever does not answer in time is shown as such; the others are not kept waiting."""

    def __init__(self, locator: Locator) -> None:
        self._locator = locator

    async def nodes(self) -> list[NodeState]:
        alive = await nodes_alive(within=_ANSWER_WITHIN)
        return list(await asyncio.gather(*map(_look_at, sorted(alive, key=lambda node: node.node_id))))

    async def gateways(self) -> list[Gateway]:
        return await self._locator.gateways()

    async def awake(self) -> dict[str, str]:
        return {address.room_id: address.node_id for address in await self._locator.rooms()}

    async def look_at(self, room_ids: list[str]) -> list[AwakeRoom]:
        return await self._locator.look_at(room_ids)

    async def drained_nodes(self) -> frozenset[str]:
        return frozenset(await self._locator.drained_nodes())

    async def drain(self, node_id: str, *, keep_gateway: bool) -> NodeDrained:
        rooms = (await self._locator.drain_node(node_id)).rooms
        if not keep_gateway:
            await asyncio.to_thread(_send_gateways_away, node_id)
            if await self._locator.leave(node_id):
                await asyncio.sleep(_ALL_KNOWN)
        return NodeDrained(node_id, rooms, keeps_gateway=keep_gateway)

    async def reopen_node(self, node_id: str) -> None:
        await self._locator.reopen_node(node_id)

    async def reopen(self, room_id: str) -> None:
        await self._locator.forget(room_id)


async def _look_at(node: Node) -> NodeState:
    try:
        async with asyncio.timeout(_ANSWER_WITHIN):
            actor: Any = await asyncio.to_thread(ray.get_actor, persistence_name(node.node_id))
            return NodeState(node.node_id, node.ip, await actor.stats.remote())
    except (TimeoutError, ValueError, RayError):  # a ValueError: there is no such actor
        return NodeState(node.node_id, node.ip, None)


def _send_gateways_away(node_id: str) -> None:
    """Have Ray call the node a draining one: Serve then starts its gateway elsewhere, and stops the one there.

    Raises UnavailableError.
    """
    worker: Any = ray._private.worker.global_worker  # noqa: SLF001 - as `ray drain-node` does; there is no other way
    reasons: Any = autoscaler_pb2
    reason = reasons.DrainNodeReason.Value("DRAIN_NODE_REASON_PREEMPTION")
    deadline = int((time.time() + _DRAIN_WITHIN) * 1000)
    try:
        accepted, why = worker.gcs_client.drain_node(node_id, reason, "an operator drains it", deadline)
    except RpcError as error:
        raise UnavailableError("Ray does not take the order to drain the node.") from error
    if not accepted:
        raise UnavailableError(f"Ray does not let the node go: {why}")
