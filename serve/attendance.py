"""A gateway's sign of life: every few seconds it tells the directory that it is there and how many sockets it holds."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING

import ray

from actors.directory.overview import ATTENDANCE_EVERY, Gateway
from rayrooms.errors import RayroomsError

if TYPE_CHECKING:
    from serve.sockets.hubs import RoomHubs
    from serve.sockets.locator import Locator
    from serve.sockets.open_connections import OpenConnections


class GatewayAttendance:
    """Runs from `start` to `end`. A directory that does not answer is told the next time."""

    def __init__(self, locator: Locator, hubs: RoomHubs, connections: OpenConnections) -> None:
        self._locator = locator
        self._hubs = hubs
        self._connections = connections
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._attend(), name="attendance")

    async def _attend(self) -> None:
        node_id = ray.get_runtime_context().get_node_id()
        while True:
            present = Gateway(
                self._hubs.gateway_id, node_id, os.getpid(), len(self._connections), rooms=len(self._hubs)
            )
            with suppress(RayroomsError):
                await self._locator.attend(present)
            await asyncio.sleep(ATTENDANCE_EVERY)

    async def end(self) -> None:
        """Tell the directory, if it answers at once, that this gateway goes."""
        if self._task is not None:
            self._task.cancel()
        with suppress(RayroomsError, TimeoutError):
            async with asyncio.timeout(1.0):
                await self._locator.depart(self._hubs.gateway_id)
