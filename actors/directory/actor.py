"""The directory actor: a thin Ray shell around a Directory, found by its name.

Whoever looks the actor up imports this module, each room process among them, so what only the actor itself needs is
imported when it is made: a database client and its friends would be a third of a room's memory.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from actors.core.state import RoomLimits
from actors.directory.listing import home_node
from actors.host.config import RoomConfig

if TYPE_CHECKING:
    from actors.directory.directory import Directory
    from actors.directory.notices import Notices
    from actors.directory.overview import AwakeRoom, Gateway
    from actors.directory.retirement import Drained
    from actors.host.config import RoomAddress
    from persistence.settings import Settings

DIRECTORY = "directory"
_THREADS = 32
"""In which it waits for Ray. While Ray has no head each actor that is to be made keeps one, and those that are to be
ended must not wait for them."""
_A_LITTLE = 1
"""Bytes. What needs no resource at all Ray starts on any node, whichever it is told to prefer."""


def room_config(settings: Settings) -> RoomConfig:
    """What every room actor is told, from the settings."""
    return RoomConfig(
        limits=RoomLimits(
            max_document=settings.max_document,
            max_chat=settings.max_chat,
            log_window=settings.log_window,
            chat_tail=settings.chat_tail,
            typing_timeout=settings.typing_timeout,
        ),
        snapshot_every=settings.snapshot_every,
        backlog_max_records=settings.backlog_max_records,
        backlog_max_bytes=settings.backlog_max_bytes,
        idle_after=settings.room_idle,
    )


class DirectoryActor:
    """Restarts by itself and then asks the room actors what they own before it answers anybody."""

    def __init__(self) -> None:
        from actors.directory.directory import Directory  # noqa: PLC0415
        from actors.directory.fleet import RayFleet  # noqa: PLC0415
        from actors.directory.overview import Attendance  # noqa: PLC0415
        from persistence.settings import get_settings  # noqa: PLC0415
        from persistence.telemetry.process import start_reporting  # noqa: PLC0415

        asyncio.get_event_loop().set_default_executor(ThreadPoolExecutor(_THREADS))
        settings = get_settings()
        self._node_id = ray.get_runtime_context().get_node_id()
        fleet = RayFleet(settings, directory=DIRECTORY)
        self._directory = Directory(
            fleet, room_config(settings), warm=settings.warm_pool, budget=settings.room_awake_budget
        )
        self._attendance = Attendance()
        self._recovery: asyncio.Task[None] | None = None
        self._reporting = start_reporting(
            settings,
            lambda: self._directory.tally.readings(awake=len(self._directory.rooms())),
            node=self._node_id,
        )

    async def _ready(self) -> Directory:
        if self._recovery is None or (self._recovery.done() and self._recovery.exception() is not None):
            self._recovery = asyncio.create_task(self._directory.recover())
        await asyncio.shield(self._recovery)
        return self._directory

    async def ping(self) -> None:
        """Return once the directory is ready."""
        await self._ready()

    async def peek(self, room_id: str) -> RoomAddress | None:
        """See `Directory.peek`."""
        return await (await self._ready()).peek(room_id)

    async def changed(self, room_id: str) -> None:
        """See `Directory.changed`."""
        (await self._ready()).changed(room_id)

    async def notices(self, board: str, after: int) -> Notices:
        """See `Directory.notices`."""
        return await (await self._ready()).notices(board, after)

    async def locate(self, room_id: str, failed_epoch: int = 0) -> RoomAddress:
        """See `Directory.locate`."""
        return await (await self._ready()).locate(room_id, failed_epoch)

    async def release(self, room_id: str) -> bool:
        """See `Directory.release`."""
        return await (await self._ready()).release(room_id)

    async def sleep_if_idle(self, room_id: str) -> bool:
        """See `Directory.sleep_if_idle`."""
        return await (await self._ready()).sleep_if_idle(room_id)

    async def forget(self, room_id: str) -> None:
        """See `Directory.forget`."""
        await (await self._ready()).forget(room_id)

    async def rooms(self) -> list[RoomAddress]:
        """See `Directory.rooms`."""
        return (await self._ready()).rooms()

    async def drain_node(self, node_id: str) -> Drained:
        """See `Retirement.drain`."""
        return await (await self._ready()).retirement.drain(node_id)

    async def drained_nodes(self) -> list[str]:
        """See `Retirement.drained`."""
        return (await self._ready()).retirement.drained()

    async def reopen_node(self, node_id: str) -> None:
        """See `Retirement.reopen`."""
        await (await self._ready()).retirement.reopen(node_id)

    async def look_at(self, room_ids: list[str] | None) -> list[AwakeRoom]:
        """See `overview.look_at`."""
        from actors.directory.overview import look_at  # noqa: PLC0415

        return await look_at((await self._ready()).owners(), room_ids)

    async def attend(self, gateway: Gateway) -> None:
        """See `Attendance.signed`; so with the two methods below."""
        self._attendance.signed(gateway)

    async def depart(self, gateway_id: str) -> None:
        self._attendance.left(gateway_id)

    async def gateways(self) -> list[Gateway]:
        return self._attendance.present()

    async def place(self) -> str:
        """The id of the node on which it lives."""
        return self._node_id

    async def release_all(self) -> list[str]:
        """See `Directory.release_all`."""
        return await (await self._ready()).release_all()


def start_directory() -> Any:  # noqa: ANN401 - Ray's handles are untyped
    """The directory actor of this cluster, made when it is not there; restarts by itself. Waits for Ray.

    It lives on the head, where no other node's end takes it along, and elsewhere only while the head is drained.
    """
    with suppress(ValueError):
        return ray.get_actor(DIRECTORY)
    remote: Any = ray.remote(  # type: ignore[call-overload]
        num_cpus=0, memory=_A_LITTLE, max_restarts=-1, max_task_retries=-1, max_concurrency=10_000
    )(DirectoryActor)
    home = NodeAffinitySchedulingStrategy(home_node(), soft=True)
    return remote.options(name=DIRECTORY, get_if_exists=True, lifetime="detached", scheduling_strategy=home).remote()
