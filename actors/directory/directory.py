"""The directory of rooms: one owner per room, activated once however many ask, restarted when it dies."""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import TYPE_CHECKING

from actors.directory.pool import WarmPool
from actors.directory.worker import WorkerLostError
from actors.host.config import Activation
from rayrooms.errors import RayroomsError, UnavailableError

if TYPE_CHECKING:
    from actors.directory.worker import Fleet, Worker
    from actors.host.config import RoomAddress, RoomConfig

logger = logging.getLogger(__name__)

_ATTEMPTS = 3
_PARALLEL_ACTIVATIONS = 8
_PARALLEL_RELEASES = 16


class Owner:
    """The actor that owns a room, and where it is reached."""

    __slots__ = ("address", "worker")

    def __init__(self, worker: Worker, address: RoomAddress) -> None:
        self.worker = worker
        self.address = address


class Directory:
    """Knows the owner of each live room. Its truth is the owner epoch in Postgres and the actors themselves.

    A restart loses nothing: `recover` asks the actors that exist what they own.
    """

    def __init__(self, fleet: Fleet, config: RoomConfig, *, warm: int) -> None:
        self._fleet = fleet
        self._config = config
        self._pool = WarmPool(fleet, size=warm)
        self._owners: dict[str, Owner] = {}
        self._activating: dict[str, asyncio.Task[RoomAddress]] = {}
        self._releasing: dict[str, asyncio.Task[bool]] = {}
        self._gate = asyncio.Semaphore(_PARALLEL_ACTIVATIONS)
        self._closing = False

    async def recover(self) -> None:
        """Learn what exists already, then fill the warm pool."""
        for worker, status in await self._fleet.existing():
            address = status.address
            if address is None:
                self._pool.give(worker)
                continue
            known = self._owners.get(address.room_id)
            if known is None or known.address.epoch < address.epoch:
                self._owners[address.room_id] = Owner(worker, address)
        self._pool.refill()

    # -------------------------------------------------------------- finding

    def peek(self, room_id: str) -> RoomAddress | None:
        """Where the room lives, if it is awake."""
        owner = self._owners.get(room_id)
        return owner.address if owner is not None else None

    def rooms(self) -> list[RoomAddress]:
        """All rooms that are awake."""
        return [owner.address for owner in self._owners.values()]

    async def locate(self, room_id: str, failed_epoch: int = 0) -> RoomAddress:
        """Where the room lives; it is activated when it sleeps or its owner died.

        `failed_epoch` is the epoch of an owner that the caller could not reach. Raises NotFoundError for an unknown
        room and UnavailableError when it cannot be loaded now.
        """
        releasing = self._releasing.get(room_id)
        if releasing is not None:
            await asyncio.wait([releasing])
        owner = self._owners.get(room_id)
        if owner is not None:
            if owner.address.epoch > failed_epoch or await self._alive(owner):
                return owner.address
            if self._owners.get(room_id) is owner:
                del self._owners[room_id]
                await owner.worker.kill()
        if self._closing:
            raise UnavailableError("The server is shutting down.")
        task = self._activating.get(room_id)
        if task is None:
            task = asyncio.create_task(self._activate(room_id))
            self._activating[room_id] = task
            task.add_done_callback(lambda _: self._activating.pop(room_id, None))
        return await asyncio.shield(task)

    async def _alive(self, owner: Owner) -> bool:
        try:
            status = await owner.worker.status()
        except WorkerLostError:
            return False
        return status.address is not None and status.address.epoch == owner.address.epoch

    async def _activate(self, room_id: str) -> RoomAddress:
        async with self._gate:
            for _ in range(_ATTEMPTS):
                # Whoever owned the room last may be gone, but what it wrote to its feed still counts (G4).
                await self._fleet.drain(room_id)
                epoch = await self._fleet.claim(room_id)
                worker = await self._pool.take()
                order = Activation(room_id, epoch, secrets.token_urlsafe(24))
                try:
                    address = await worker.activate(order, self._config)
                except WorkerLostError:
                    logger.warning("an actor died while it woke room %s; trying another", room_id)
                    await worker.kill()
                    continue
                except RayroomsError:
                    self._pool.give(worker)
                    raise
                self._owners[room_id] = Owner(worker, address)
                return address
        raise UnavailableError("The room could not be started; try again.", code="room_unavailable")

    # -------------------------------------------------------------- letting go

    async def release(self, room_id: str) -> bool:
        """Store a room and let its actor go; True when it was awake. Raises UnavailableError if it cannot be stored."""
        task = self._releasing.get(room_id)
        if task is None:
            task = asyncio.create_task(self._release(room_id))
            self._releasing[room_id] = task
            task.add_done_callback(lambda _: self._releasing.pop(room_id, None))
        return await asyncio.shield(task)

    async def _release(self, room_id: str) -> bool:
        owner = self._owners.get(room_id)
        if owner is None:
            return False
        try:
            await owner.worker.release()
        except WorkerLostError:
            await owner.worker.kill()
        else:
            self._pool.give(owner.worker)
        if self._owners.get(room_id) is owner:
            del self._owners[room_id]
        return True

    async def release_if_idle(self, room_id: str) -> bool:
        """Release a room that says that nobody is in it, if that still holds."""
        owner = self._owners.get(room_id)
        if owner is None:
            return False
        try:
            status = await owner.worker.status()
        except WorkerLostError:
            return False
        return status.sessions == 0 and await self.release(room_id)

    async def forget(self, room_id: str) -> None:
        """End a live room without storing it: it is being deleted."""
        owner = self._owners.pop(room_id, None)
        if owner is None:
            return
        try:
            await owner.worker.abandon()
        except WorkerLostError:
            await owner.worker.kill()
        else:
            self._pool.give(owner.worker)

    async def release_all(self) -> list[str]:
        """Store every room and take no more; returns the rooms that could not be stored."""
        self._closing = True
        self._pool.close()
        gate = asyncio.Semaphore(_PARALLEL_RELEASES)

        async def release(room_id: str) -> str | None:
            async with gate:
                try:
                    await self.release(room_id)
                except RayroomsError as error:
                    logger.error("room %s was not released: %s", room_id, error)  # noqa: TRY400 - the sentence is enough
                    return room_id
                return None

        await asyncio.gather(*self._activating.values(), return_exceptions=True)
        failed = await asyncio.gather(*(release(room_id) for room_id in list(self._owners)))
        await self._fleet.flush()
        return [room_id for room_id in failed if room_id is not None]
