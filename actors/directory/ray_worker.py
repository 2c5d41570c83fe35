"""A room actor behind its Ray handle."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import ray
from ray.exceptions import GetTimeoutError, RayActorError, RayTaskError

from actors.directory.worker import WorkerLostError
from rayrooms.errors import RayroomsError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from actors.host.config import Activation, HostStatus, RoomAddress, RoomConfig, RoomProcess

_STATUS_TIMEOUT = 3.0
_START_TIMEOUT = 60.0
_WORK_TIMEOUT = 40.0


class RayWorker:
    """See `Worker`."""

    def __init__(self, handle: Any, node_id: str) -> None:  # noqa: ANN401 - Ray's handles are untyped
        self._handle = handle
        self.node_id = node_id

    async def start(self, place: RoomProcess) -> None:
        """Have it listen; see `RoomActor.start`. Raises WorkerLostError."""
        await _ask(self._handle.start.remote(place), _START_TIMEOUT)

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
