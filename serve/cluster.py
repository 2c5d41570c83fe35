"""The cluster as an operator sees it: its machines by Ray, their persistence actors, and what the directory knows."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import ray
from ray.exceptions import RayError

from persistence.actor import persistence_name
from persistence.writer import WriterStats
from rayrooms.errors import UnavailableError

if TYPE_CHECKING:
    from actors.directory.overview import AwakeRoom, Gateway
    from serve.sockets.locator import Locator

_ANSWER_WITHIN = 2.0


class Node(msgspec.Struct, frozen=True):
    """A machine; `writer` is what its persistence actor says, None when it does not, or there is none yet."""

    node_id: str
    address: str
    writer: WriterStats | None


class RayCluster:
    """The Cluster of a gateway. Whoever does not answer in time is shown as such; the others are not kept waiting."""

    def __init__(self, locator: Locator) -> None:
        self._locator = locator

    async def nodes(self) -> list[Node]:
        try:
            async with asyncio.timeout(_ANSWER_WITHIN):
                found = await asyncio.to_thread(ray.nodes)
        except (TimeoutError, RayError) as error:
            raise UnavailableError("Ray does not say which machines there are.") from error
        alive = [(str(node["NodeID"]), str(node["NodeManagerAddress"])) for node in found if node["Alive"]]
        return list(await asyncio.gather(*(_look_at(node_id, address) for node_id, address in sorted(alive))))

    async def gateways(self) -> list[Gateway]:
        return await self._locator.gateways()

    async def awake(self) -> dict[str, str]:
        return {address.room_id: address.node_id for address in await self._locator.rooms()}

    async def look_at(self, room_ids: list[str]) -> list[AwakeRoom]:
        return await self._locator.look_at(room_ids)

    async def reopen(self, room_id: str) -> None:
        await self._locator.forget(room_id)


async def _look_at(node_id: str, address: str) -> Node:
    try:
        async with asyncio.timeout(_ANSWER_WITHIN):
            actor: Any = await asyncio.to_thread(ray.get_actor, persistence_name(node_id))
            return Node(node_id, address, await actor.stats.remote())
    except (TimeoutError, ValueError, RayError):  # a ValueError: there is no such actor
        return Node(node_id, address, None)
