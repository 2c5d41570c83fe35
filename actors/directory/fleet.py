"""The directory's actors as they run in Ray: room actors and one persistence actor per node."""

from __future__ import annotations

import asyncio
import math
import uuid
from typing import TYPE_CHECKING, Any

import ray
from ray.exceptions import GetTimeoutError, RayActorError, RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from actors.archive import call
from actors.directory.worker import WorkerLostError
from actors.room_actor import RoomActor
from persistence.actor import PersistenceActor, persistence_name
from rayrooms.errors import RayroomsError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from actors.directory.worker import Worker
    from actors.host.config import Activation, HostStatus, RoomAddress, RoomConfig
    from persistence.settings import Settings

ROOM_PREFIX = "room-actor-"
_ROOM: Any = ray.remote(num_cpus=0, max_restarts=0, max_concurrency=1_000)(RoomActor)  # type: ignore[call-overload]
_PERSISTENCE: Any = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1, max_concurrency=1_000)(  # type: ignore[call-overload]
    PersistenceActor
)
_STATUS_TIMEOUT = 3.0
_START_TIMEOUT = 60.0
_WORK_TIMEOUT = 40.0
_DRAIN_TIMEOUT = 5.0
_RETRY = 0.1
_NODES_KNOWN = 1.0
"""Seconds for which a list of the cluster's nodes is believed."""


class RayWorker:
    """A room actor behind its Ray handle."""

    def __init__(self, handle: Any, node_id: str) -> None:  # noqa: ANN401 - Ray's handles are untyped
        self._handle = handle
        self.node_id = node_id

    async def activate(self, order: Activation, config: RoomConfig) -> RoomAddress:
        address: RoomAddress = await _ask(self._handle.activate.remote(order, config), _WORK_TIMEOUT)
        return address

    async def release(self) -> None:
        await _ask(self._handle.release.remote(), _WORK_TIMEOUT)

    async def sleep(self) -> bool:
        slept: bool = await _ask(self._handle.sleep.remote(), _WORK_TIMEOUT)
        return slept

    async def abandon(self) -> None:
        await _ask(self._handle.abandon.remote(), _STATUS_TIMEOUT)

    async def status(self) -> HostStatus:
        try:
            status: HostStatus = await _ask(self._handle.status.remote(), _STATUS_TIMEOUT)
        except RayTaskError as error:  # it was made by a directory that died before it could start it
            raise WorkerLostError(str(error)) from error
        self.node_id = status.node_id
        return status

    async def kill(self) -> None:
        await asyncio.to_thread(ray.kill, self._handle, no_restart=True)


async def _ask(reference: Awaitable[Any], timeout: float) -> Any:  # noqa: ANN401, ASYNC109 - the callee's type
    """Await a room actor. Raises WorkerLostError when it is dead or silent, and the project's errors as raised."""
    try:
        return await asyncio.wait_for(reference, timeout)
    except RayTaskError as error:
        if isinstance(error.cause, RayroomsError):
            raise error.cause from None
        raise
    except (RayActorError, GetTimeoutError, TimeoutError) as error:
        raise WorkerLostError(str(error)) from error


class RayFleet:
    """Room actors and persistence actors of one Ray cluster, spread over its nodes by their number of rooms."""

    def __init__(self, settings: Settings, *, directory: str) -> None:
        self._settings = settings
        self._directory = directory
        self._placed: dict[str, int] = {}
        self._writers: dict[str, Any] = {}
        self._alive: list[str] = []
        self._looked = -math.inf

    # -------------------------------------------------------------- persistence actors

    def _persistence(self, node_id: str) -> Any:  # noqa: ANN401 - Ray's handles are untyped
        """The persistence actor of a node, made when it is not there."""
        if node_id not in self._writers:
            self._writers[node_id] = _PERSISTENCE.options(
                name=persistence_name(node_id),
                get_if_exists=True,
                lifetime="detached",
                scheduling_strategy=NodeAffinitySchedulingStrategy(node_id, soft=False),
            ).remote(node_id)
        return self._writers[node_id]

    async def _patiently(self, node_id: str, method: str, *args: str | float) -> Any:  # noqa: ANN401 - the method's type
        """Ask a persistence actor, again while it restarts: it is where unwritten edits may be."""
        deadline = asyncio.get_running_loop().time() + _DRAIN_TIMEOUT
        while True:
            try:
                return await call(getattr(self._persistence(node_id), method).remote(*args))
            except UnavailableError as error:
                if error.code != "room_unavailable" or asyncio.get_running_loop().time() > deadline:
                    raise
            except RayError as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise UnavailableError("The persistence actor does not answer.") from error
            self._writers.pop(node_id, None)  # should it be dead for good, there is another
            await asyncio.sleep(_RETRY)

    async def _nodes(self) -> list[str]:
        now = asyncio.get_running_loop().time()
        if now > self._looked + _NODES_KNOWN:
            nodes = await asyncio.to_thread(ray.nodes)
            self._alive, self._looked = [node["NodeID"] for node in nodes if node["Alive"]], now
        return self._alive

    async def nodes(self) -> int:
        return len(await self._nodes())

    async def claim(self, room_id: str) -> int:
        nodes = await self._nodes()
        epoch: int = await self._patiently(nodes[0], "claim", room_id)
        return epoch

    async def drain(self, room_id: str) -> None:
        async def one(node_id: str) -> None:
            if await self._patiently(node_id, "drain", room_id, _DRAIN_TIMEOUT):
                return
            # An owner that was given up for hanging has not let go of its feed. The claim that follows fences it.
            if not await self._patiently(node_id, "catch_up", room_id, _DRAIN_TIMEOUT):
                raise UnavailableError(
                    "What the room's last owner wrote is not stored yet; try again.", code="database_unavailable"
                )

        await asyncio.gather(*(one(node_id) for node_id in await self._nodes()))

    async def flush(self) -> None:
        for node_id in await self._nodes():
            await call(self._persistence(node_id).stop.remote())

    # -------------------------------------------------------------- room actors

    async def spawn(self) -> Worker:
        nodes = await self._nodes()
        node_id = min(nodes, key=lambda node: self._placed.get(node, 0))
        self._placed[node_id] = self._placed.get(node_id, 0) + 1
        await call(self._persistence(node_id).ready.remote())
        handle = _ROOM.options(
            name=f"{ROOM_PREFIX}{uuid.uuid4().hex[:12]}",
            lifetime="detached",
            scheduling_strategy=NodeAffinitySchedulingStrategy(node_id, soft=False),
        ).remote()
        settings = self._settings
        start = handle.start.remote(
            node_ip=settings.node_ip,
            listen_ip=settings.listen_ip,
            persistence=persistence_name(node_id),
            directory=self._directory,
            log_format=settings.log_format,
            log_level=settings.log_level,
            traces=settings.traces,
            traces_share=settings.traces_share,
        )
        try:
            status: HostStatus = await _ask(start, _START_TIMEOUT)
        except WorkerLostError as error:
            await RayWorker(handle, node_id).kill()  # it may come up yet, unknown to anybody
            raise UnavailableError("A room actor could not be started.") from error
        return RayWorker(handle, status.node_id)

    async def existing(self) -> list[tuple[Worker, HostStatus | None]]:
        names = await asyncio.to_thread(ray.util.list_named_actors)
        found = await asyncio.gather(*(_look_at(name) for name in names if name.startswith(ROOM_PREFIX)))
        return [one for one in found if one is not None]


async def _look_at(name: str) -> tuple[Worker, HostStatus | None] | None:
    """A room actor and what it does, as far as it says; None when there is none any more."""
    try:
        worker = RayWorker(ray.get_actor(name), "")
    except ValueError:
        return None
    try:
        return worker, await worker.status()
    except WorkerLostError:
        return worker, None
