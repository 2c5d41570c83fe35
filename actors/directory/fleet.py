"""The directory's actors as they run in Ray: room actors and one persistence actor per node."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from ray.exceptions import RayError

from actors.archive import call
from actors.directory.ray_nodes import RayNodes
from actors.directory.ray_process import RayProcess, existing_processes
from actors.directory.ray_worker import RayWorker
from actors.directory.slots import Slots
from actors.directory.worker import WorkerLostError
from actors.host.config import RoomProcess
from persistence.actor import persistence_name
from rayrooms.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from actors.directory.placement import Node
    from actors.directory.worker import Worker
    from actors.host.config import HostStatus
    from persistence.node import NodePlace
    from persistence.settings import Settings

_DRAIN_TIMEOUT = 5.0
_SUSPICIOUS = 1.0
"""Seconds after which a node that still owes an answer is asked whether it is there at all."""
_STOP_TIMEOUT = 40.0
_RETRY = 0.1


class NodeSilentError(Exception):
    """A node does not answer, while others do."""


class RayFleet:
    """Room actors and persistence actors of one Ray cluster."""

    def __init__(self, settings: Settings, *, directory: str) -> None:
        self._settings = settings
        self._directory = directory
        self._nodes = RayNodes()
        self._slots: Slots[RayProcess] = Slots()

    async def nodes(self) -> Sequence[Node]:
        return await self._nodes.answering()

    async def retire(self, node_id: str, *, retired: bool) -> None:
        with suppress(NodeSilentError):  # it is as good as gone
            await self._patiently(node_id, "retire", retired=retired)

    async def retired(self) -> Sequence[str]:
        nodes = [node.node_id for node in await self.nodes()]
        places = await asyncio.gather(*map(self._nodes.place, nodes))
        return [node for node, place in zip(nodes, places, strict=True) if place is not None and place.retired]

    # -------------------------------------------------------------- persistence actors

    async def _patiently(self, node_id: str, method: str, *args: str | float, **named: bool) -> Any:  # noqa: ANN401 - the method's type
        """Ask a persistence actor, again while it restarts: it is where unwritten edits may be.

        Raises NodeSilentError when its node does not answer although others do, and UnavailableError.
        """
        deadline = asyncio.get_running_loop().time() + _DRAIN_TIMEOUT
        while True:
            try:
                return await self._unless_silent(node_id, self._ask(node_id, method, *args, **named))
            except UnavailableError as error:
                if error.code != "room_unavailable" or asyncio.get_running_loop().time() > deadline:
                    raise
            except RayError as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise UnavailableError("The persistence actor does not answer.") from error
            if node_id not in await self._nodes.alive():
                raise NodeSilentError(node_id)
            self._nodes.forget(node_id)  # should it be dead for good, there is another
            await asyncio.sleep(_RETRY)

    async def _ask(self, node_id: str, method: str, *args: str | float, **named: bool) -> Any:  # noqa: ANN401 - as above
        actor = await self._nodes.persistence(node_id)
        answer = await call(getattr(actor, method).remote(*args, **named))
        self._nodes.heard(node_id)
        return answer

    async def _unless_silent(self, node_id: str, question: Coroutine[None, None, Any]) -> Any:  # noqa: ANN401
        """Await an answer for as long as there is any sign of life from its node, or no other node to turn to."""
        asked = asyncio.create_task(question)
        try:
            while not (await asyncio.wait([asked], timeout=_SUSPICIOUS))[0]:
                if len(await self._nodes.alive()) > 1 and await self._nodes.place(node_id) is None and not asked.done():
                    self._nodes.silent(node_id)
                    raise NodeSilentError(node_id)
            return await asked
        finally:
            asked.cancel()

    async def claim(self, room_id: str) -> int:
        # A node that has just come needs seconds to make its persistence actor.
        for node in sorted(await self.nodes(), key=lambda node: self._nodes.is_new(node.node_id)):
            with suppress(NodeSilentError):
                epoch: int = await self._patiently(node.node_id, "claim", room_id)
                return epoch
        raise UnavailableError("No node of the cluster answers.")

    async def drain(self, room_id: str) -> None:
        async def one(node_id: str) -> None:
            if await self._patiently(node_id, "drain", room_id, _DRAIN_TIMEOUT):
                return
            # An owner that was given up for hanging has not let go of its feed. The claim that follows fences it.
            if not await self._patiently(node_id, "catch_up", room_id, _DRAIN_TIMEOUT):
                raise UnavailableError(
                    "What the room's last owner wrote is not stored yet; try again.", code="database_unavailable"
                )

        async def one_that_answers(node_id: str) -> None:
            # What a node acknowledged, did not store and takes along is sent again by the clients that made it.
            may = self._nodes.may_hold_records(node_id)
            with suppress(NodeSilentError):
                if await (may if self._nodes.is_known(node_id) else self._unless_silent(node_id, may)):
                    await one(node_id)

        await asyncio.gather(*(one_that_answers(node.node_id) for node in await self.nodes()))

    async def flush(self) -> None:
        async def stop(node_id: str) -> None:
            try:
                async with asyncio.timeout(_STOP_TIMEOUT):
                    await self._ask(node_id, "stop")
            except TimeoutError as error:
                raise UnavailableError("A persistence actor does not answer.") from error

        await asyncio.gather(*(stop(node.node_id) for node in await self.nodes()))

    # -------------------------------------------------------------- room actors

    async def spawn(self, node: Node) -> Worker:
        taken = self._slots.take(node.node_id)
        if taken is None:
            self._slots.add(RayProcess(node.node_id, self._settings.rooms_per_actor))
            taken = self._slots.take(node.node_id)
            assert taken is not None
        process, slot = taken
        try:
            await process.start(partial(self._place, node))
        except asyncio.CancelledError:
            self._slots.free(process, slot)
            raise
        except BaseException:
            self._slots.drop(process)
            raise
        return RayWorker(process, slot, let_go=self._let_go)

    async def _place(self, node: Node) -> RoomProcess:
        place: NodePlace = await self._ask(node.node_id, "ready")
        settings = self._settings
        return RoomProcess(
            node_ip=place.ip or node.ip,
            listen_ip=place.listen_ip,
            feed_path=place.feed_path,
            persistence=persistence_name(node.node_id),
            directory=self._directory,
            log_format=settings.log_format,
            log_level=settings.log_level,
            traces=settings.traces,
            traces_share=settings.traces_share,
            slots=settings.rooms_per_actor,
        )

    async def _let_go(self, worker: RayWorker) -> None:
        """Give up what is in a slot. Its process ends with it, unless it answers and other slots of it are taken."""
        process, slot = worker.process, worker.slot
        # Asked again, since the others may have been given up meanwhile.
        if self._slots.others(process, slot) and await worker.renewed() and self._slots.others(process, slot):
            self._slots.free(process, slot)
            return
        self._slots.drop(process)
        await process.kill()

    async def existing(self) -> list[tuple[Worker, HostStatus | None]]:
        processes = await asyncio.to_thread(existing_processes)
        self._slots = Slots()
        for process in processes:
            self._slots.add(process, taken=True)
        workers = [
            RayWorker(process, slot, let_go=self._let_go) for process in processes for slot in range(process.slots)
        ]
        return list(zip(workers, await asyncio.gather(*map(_status, workers)), strict=True))


async def _status(worker: RayWorker) -> HostStatus | None:
    """What a slot does, as far as it says."""
    try:
        return await worker.status()
    except WorkerLostError:
        return None
