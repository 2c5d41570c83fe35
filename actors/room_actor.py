"""The room actor: a thin Ray shell around a RoomHost."""

import asyncio
import gc
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Self

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
        self._yawn: asyncio.Task[None] | None = None
        archive = ActorArchive(place.persistence)
        await archive.find()
        self._host = RoomHost(
            archive,
            node_ip=place.node_ip,
            listen_ip=place.listen_ip,
            feed_path=Path(place.feed_path),
            node_id=node_id,
            on_end=self._end,
            on_idle=self._idle,
            room_type=_room_type(place.traces, place.traces_share, node_id),
        )
        await self._host.start()
        gc.freeze()  # all that was imported stays; without this every full collection walks it again
        return self._host.status()

    async def activate(self, order: Activation, config: RoomConfig) -> RoomAddress:
        """Own a room; see `RoomHost.activate`."""
        address = await self._host.activate(order, config)
        self._main.slow_down()  # what a room is told while it lives comes over its links
        return address

    async def release(self) -> None:
        """Store the room and be blank again; see `RoomHost.release`."""
        await self._host.release()
        self._main.speed_up()

    async def sleep(self) -> bool:
        """Store the room and be blank again, while its people stay connected; see `RoomHost.sleep`."""
        slept = await self._host.sleep()
        if slept:
            self._main.speed_up()
        return slept

    async def abandon(self) -> None:
        """Be blank again without storing anything: the room was deleted."""
        await self._host.abandon()
        self._main.speed_up()

    async def status(self) -> HostStatus:
        """What this actor does now."""
        return self._host.status()

    def _idle(self, room_id: str) -> None:
        if self._yawn is None or self._yawn.done():
            self._yawn = asyncio.create_task(asyncio.to_thread(self._ask_to_sleep, room_id))

    def _ask_to_sleep(self, room_id: str) -> None:
        """Waits for Ray. A directory that is just being made anew is asked the next time."""
        with suppress(ValueError):
            directory: Any = ray.get_actor(self._directory)
            directory.sleep_if_idle.remote(room_id)

    def _end(self, reason: str) -> None:
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
