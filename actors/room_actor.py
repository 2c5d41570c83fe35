"""The room actor: a thin Ray shell around the RoomHosts of its slots, one unless it is told otherwise."""

import asyncio
import gc
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Self

import msgspec
import ray
from ray.actor import ActorClass

from actors.archive import ActorArchive
from actors.host.config import Activation, HostStatus, RoomAddress, RoomConfig, RoomProcess
from actors.host.live_room import LiveRoom
from actors.host.room_host import RoomHost
from actors.main_thread import MainThread
from persistence.telemetry import logs

logger = logging.getLogger(__name__)


class RoomActor:
    """Blank until the directory activates it. It is never restarted: a dead room gets a new owner and epoch.

    Each of its slots has one room at most, with a port and a feed of its own; they share the process and its loop.
    Not decorated, so that Ray ships it by name and not by value; the fleet makes the Ray actor of it.
    """

    _main: MainThread

    def __new__(cls) -> Self:
        """Ray does this on the main thread of the worker, all else beside it; and once where actors are made from."""
        actor = super().__new__(cls)
        if not issubclass(cls, ActorClass):
            actor._main = MainThread()
        return actor

    async def start(self, place: RoomProcess) -> HostStatus:
        """Listen for gateways.

        It is told the settings it needs: to read them all would take memory that only counts in room processes.
        """
        node_id = ray.get_runtime_context().get_node_id()
        logs.configure(place.log_format, place.log_level, node=node_id)
        self._directory = place.directory
        self._yawns: dict[str, asyncio.Task[None]] = {}
        archive = ActorArchive(place.persistence)
        await archive.find()
        self._new_host = partial(
            RoomHost,
            archive,
            node_ip=place.node_ip,
            listen_ip=place.listen_ip,
            feed_path=Path(place.feed_path),
            node_id=node_id,
            on_end=self._fenced,
            on_idle=self._idle,
            room_type=_room_type(place.traces, place.traces_share, node_id),
        )
        self._hosts = [self._new_host() for _ in range(place.slots)]
        for host in self._hosts:
            await host.start()
        gc.freeze()  # all that was imported stays; without this every full collection walks it again
        return self._hosts[0].status()

    async def activate(self, order: Activation, config: RoomConfig, slot: int = 0) -> RoomAddress:
        """Own a room; see `RoomHost.activate`."""
        address = await self._hosts[slot].activate(order, config)
        self._pace()
        return address

    async def release(self, slot: int = 0) -> None:
        """Store the room and be blank again; see `RoomHost.release`."""
        await self._hosts[slot].release()
        self._pace()

    async def sleep(self, slot: int = 0) -> bool:
        """Store the room and be blank again, while its people stay connected; see `RoomHost.sleep`."""
        slept = await self._hosts[slot].sleep()
        self._pace()
        return slept

    async def abandon(self, slot: int = 0) -> None:
        """Be blank again without storing anything: the room was deleted."""
        await self._hosts[slot].abandon()
        self._pace()

    async def renew(self, slot: int) -> None:
        """Give up what is in a slot, as if its process had died, and have the slot as good as new."""
        host = self._new_host()
        await host.start()
        given_up, self._hosts[slot] = self._hosts[slot], host
        await given_up.close()
        self._pace()

    async def status(self, slot: int = 0) -> HostStatus:
        """What this actor does now; a room's share of the memory is that of one of its rooms."""
        status = self._hosts[slot].status()
        if status.figures is None:
            return status
        memory = status.figures.memory_bytes // self._rooms
        return msgspec.structs.replace(status, figures=msgspec.structs.replace(status.figures, memory_bytes=memory))

    @property
    def _rooms(self) -> int:
        return sum(host.address is not None for host in self._hosts)

    def _pace(self) -> None:
        """Take actor calls at once while a slot is blank: what a room is told while it lives comes over its links."""
        if self._rooms == len(self._hosts):
            self._main.slow_down()
        else:
            self._main.speed_up()

    def _idle(self, room_id: str) -> None:
        if room_id not in self._yawns:
            yawn = asyncio.create_task(asyncio.to_thread(self._ask_to_sleep, room_id))
            self._yawns[room_id] = yawn
            yawn.add_done_callback(lambda _: self._yawns.pop(room_id))

    def _ask_to_sleep(self, room_id: str) -> None:
        """Waits for Ray. A directory that is just being made anew is asked the next time."""
        with suppress(ValueError):
            directory: Any = ray.get_actor(self._directory)
            directory.sleep_if_idle.remote(room_id)

    def _fenced(self, reason: str) -> None:
        if self._rooms:  # nothing was said of the others
            logger.warning("room actor %d gives up a room: %s", os.getpid(), reason)
            self._pace()
            return
        logger.warning("room actor %d ends itself: %s", os.getpid(), reason)
        # exit_actor() only works inside an actor task; the news came over the feed. Nothing is left to store: a newer
        # owner holds the room, and a tidy end would only give a stale one more time.
        os._exit(0)


def _room_type(traces: str, share: float, node_id: str) -> Callable[..., LiveRoom]:
    """What rooms are made of: others where edits are traced."""
    if not traces:
        return LiveRoom
    from actors.host.traced_room import TracedRoom  # noqa: PLC0415 - only where it is needed
    from persistence.telemetry.span_export import tracer  # noqa: PLC0415

    return partial(TracedRoom, tracer=tracer(traces, share, node=node_id))
