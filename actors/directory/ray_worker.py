"""A slot of a room actor, as the directory deals with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ray.exceptions import RayTaskError

from actors.directory.worker import WorkerLostError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from actors.directory.ray_process import RayProcess
    from actors.host.config import Activation, HostStatus, RoomAddress, RoomConfig

_STATUS_TIMEOUT = 3.0
_WORK_TIMEOUT = 40.0


class RayWorker:
    """See `Worker`. `let_go` is how it is ended: its process may have other rooms."""

    def __init__(self, process: RayProcess, slot: int, *, let_go: Callable[[RayWorker], Awaitable[None]]) -> None:
        self.process = process
        self.slot = slot
        self._let_go = let_go

    @property
    def node_id(self) -> str:
        """Where it is."""
        return self.process.node_id

    async def activate(self, order: Activation, config: RoomConfig) -> RoomAddress:
        address: RoomAddress = await self.process.ask("activate", order, config, slot=self.slot, within=_WORK_TIMEOUT)
        return address

    async def release(self) -> None:
        await self.process.ask("release", slot=self.slot, within=_WORK_TIMEOUT)

    async def sleep(self) -> bool:
        slept: bool = await self.process.ask("sleep", slot=self.slot, within=_WORK_TIMEOUT)
        return slept

    async def abandon(self) -> None:
        await self.process.ask("abandon", slot=self.slot, within=_STATUS_TIMEOUT)

    async def status(self) -> HostStatus:
        try:
            status: HostStatus = await self.process.ask("status", slot=self.slot, within=_STATUS_TIMEOUT)
        except RayTaskError as error:  # it was made by a directory that died before it could start it
            raise WorkerLostError(str(error)) from error
        self.process.node_id = status.node_id
        return status

    async def renewed(self) -> bool:
        """Whether it could be made as good as new within its process, which answers; see `RoomActor.renew`."""
        if self.process.is_silent:
            return False
        try:
            await self.process.ask("renew", self.slot, within=_STATUS_TIMEOUT)
        except (WorkerLostError, RayTaskError):
            return False
        return True

    async def kill(self) -> None:
        await self._let_go(self)
