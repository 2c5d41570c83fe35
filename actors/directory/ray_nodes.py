"""The nodes of the Ray cluster, each with its persistence actor; those that do not answer are left out."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING, Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from actors.directory.listing import nodes_alive
from persistence.actor import PersistenceActor, persistence_name
from rayrooms.errors import UnavailableError

if TYPE_CHECKING:
    from actors.directory.placement import Node
    from persistence.node import NodePlace

logger = logging.getLogger(__name__)

_PERSISTENCE: Any = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1, max_concurrency=1_000)(  # type: ignore[call-overload]
    PersistenceActor
)
_BELIEVED = 1.0
"""Seconds for which a list of the cluster's nodes is believed."""
_LIST_TIMEOUT = 30.0
_LIST_PATIENCE = 0.5
"""Seconds that whoever wants to know the nodes waits for news of them when there is an older list."""
_PROBE = 2.0
_PROBE_PAUSE = 1.0


class RayNodes:
    """Which nodes there are, and how each is spoken to.

    Ray takes up to a minute to give up a node that it cannot reach. Whoever waits for its persistence actor in vain
    says so (`silent`); until that answers again, the others go on without it.
    """

    def __init__(self) -> None:
        self._alive: dict[str, Node] = {}
        self._looked = -math.inf
        self._looking: asyncio.Task[None] | None = None
        self._began = -math.inf
        self._persistence: dict[str, Any] = {}
        self._finding: dict[str, asyncio.Task[bool]] = {}
        self._unheard: set[str] = set()
        """Nodes whose persistence actor was made from here and has not answered yet."""
        self._silent: dict[str, asyncio.Task[None]] = {}

    async def alive(self) -> dict[str, Node]:
        """The nodes that Ray believes in, by their id; those that it last did while it does not say.

        It does not while the head is replaced. Raises UnavailableError when it has not said yet.
        """
        now = asyncio.get_running_loop().time()
        if now > self._looked + _BELIEVED:
            if self._looking is None:
                self._looking = asyncio.create_task(self._look())
                self._began = now
            if not self._alive:
                await asyncio.shield(self._looking)
            elif now < self._began + _LIST_PATIENCE:  # later comers go by the old list at once
                await asyncio.wait([self._looking], timeout=_LIST_PATIENCE)
        return self._alive

    async def _look(self) -> None:
        try:
            found = await nodes_alive(within=_LIST_TIMEOUT)
            self._alive = {node.node_id: node for node in found}
            for node_id in self._persistence.keys() - self._alive.keys():
                del self._persistence[node_id]
            self._unheard &= self._alive.keys()
        except UnavailableError as error:
            if not self._alive:
                raise
            logger.warning("going by the nodes that there were: %s", error)
        finally:
            self._looked = asyncio.get_running_loop().time()
            self._looking = None

    async def answering(self) -> list[Node]:
        """The nodes that answer, as far as is known. One that is alone counts in any case."""
        alive = await self.alive()
        if len(alive) == 1:
            return list(alive.values())
        return [node for node_id, node in alive.items() if node_id not in self._silent]

    async def persistence(self, node_id: str) -> Any:  # noqa: ANN401 - Ray's handles are untyped
        """The persistence actor of a node, made when it is not there. Waits for Ray if it is not known yet."""
        if node_id not in self._persistence and not await self._found(node_id):
            made = await asyncio.to_thread(_make_persistence, node_id)
            if self._persistence.setdefault(node_id, made) is made:
                self._unheard.add(node_id)
        return self._persistence[node_id]

    async def _found(self, node_id: str) -> bool:
        finding = self._finding.get(node_id)
        if finding is None:  # one look at a time: while Ray does not answer, each keeps a thread
            finding = self._finding[node_id] = asyncio.create_task(self._find(node_id))
            finding.add_done_callback(lambda _: self._finding.pop(node_id))
        return await asyncio.shield(finding)

    async def _find(self, node_id: str) -> bool:
        try:
            found = await asyncio.to_thread(ray.get_actor, persistence_name(node_id))
        except ValueError:
            return False
        self._persistence.setdefault(node_id, found)
        return True

    def is_known(self, node_id: str) -> bool:
        """Whether `may_hold_records` is known without waiting."""
        return node_id in self._unheard or node_id in self._persistence

    async def may_hold_records(self, node_id: str) -> bool:
        """Whether a node may hold what is not stored: it has a persistence actor, and that is not just being made.

        Waits for Ray if it is not known yet.
        """
        return node_id not in self._unheard and (node_id in self._persistence or await self._found(node_id))

    def is_new(self, node_id: str) -> bool:
        """Whether nothing has been heard of a node's persistence actor yet."""
        return node_id not in self._persistence or node_id in self._unheard

    def heard(self, node_id: str) -> None:
        """A persistence actor has answered."""
        self._unheard.discard(node_id)

    def forget(self, node_id: str) -> None:
        """A persistence actor may be dead for good: look it up again next time."""
        self._persistence.pop(node_id, None)

    async def place(self, node_id: str) -> NodePlace | None:
        """What a node says of itself; None when it does not answer in 2 s."""
        try:
            async with asyncio.timeout(_PROBE):
                place: NodePlace = await (await self.persistence(node_id)).ready.remote()
        except (TimeoutError, RayError):
            self.forget(node_id)
            return None
        self.heard(node_id)
        return place

    # -------------------------------------------------------------- silence

    def silent(self, node_id: str) -> None:
        """A node does not answer: go on without it until it does."""
        if node_id not in self._silent:
            logger.warning("node %s does not answer; its rooms go elsewhere", node_id)
            self._silent[node_id] = asyncio.create_task(self._listen(node_id))

    async def _listen(self, node_id: str) -> None:
        try:
            while node_id in await self.alive():
                if await self.place(node_id) is not None:
                    logger.warning("node %s answers again", node_id)
                    return
                await asyncio.sleep(_PROBE_PAUSE)
        finally:
            del self._silent[node_id]


def _make_persistence(node_id: str) -> Any:  # noqa: ANN401 - Ray's handles are untyped
    return _PERSISTENCE.options(
        name=persistence_name(node_id),
        get_if_exists=True,
        lifetime="detached",
        scheduling_strategy=NodeAffinitySchedulingStrategy(node_id, soft=False),
    ).remote(node_id)
