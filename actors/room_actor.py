"""The room actor: a thin Ray shell around a RoomHost."""

import asyncio
import gc
import os
import time

import ray

from actors.archive import ActorArchive
from actors.host.config import Activation, HostStatus, RoomAddress, RoomConfig
from actors.host.room_host import RoomHost


class RoomActor:
    """Blank until the directory activates it. It is never restarted: a dead room gets a new owner and epoch.

    Not decorated, so that Ray ships it by name and not by value; the fleet makes the Ray actor of it.
    """

    async def start(self, *, node_ip: str, listen_ip: str, persistence: str, directory: str) -> HostStatus:
        """Listen for gateways, who are told `node_ip`; `persistence` and `directory` are the names of those actors."""
        self._directory = ray.get_actor(directory)
        self._host = RoomHost(
            ActorArchive(persistence),
            node_ip=node_ip,
            listen_ip=listen_ip,
            node_id=ray.get_runtime_context().get_node_id(),
            on_end=self._end,
            on_idle=self._idle,
        )
        await self._host.start()
        gc.freeze()  # all that was imported stays; without this every full collection walks it again
        return self._host.status()

    async def activate(self, order: Activation, config: RoomConfig) -> RoomAddress:
        """Own a room; see `RoomHost.activate`."""
        return await self._host.activate(order, config)

    async def release(self) -> None:
        """Store the room and be blank again; see `RoomHost.release`."""
        await self._host.release()

    async def sleep(self) -> bool:
        """Store the room and be blank again, while its people stay connected; see `RoomHost.sleep`."""
        return await self._host.sleep()

    async def abandon(self) -> None:
        """Be blank again without storing anything: the room was deleted."""
        await self._host.abandon()

    async def status(self) -> HostStatus:
        """What this actor does now."""
        return self._host.status()

    async def _idle(self, room_id: str) -> None:
        self._directory.sleep_if_idle.remote(room_id)
        await asyncio.sleep(0)

    def _end(self, reason: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} room actor {os.getpid()} ends itself: {reason}", flush=True)  # noqa: T201
        # exit_actor() only works inside an actor task; the news came over the feed. Nothing is left to store: a newer
        # owner holds the room, and a tidy end would only give a stale one more time.
        os._exit(0)
