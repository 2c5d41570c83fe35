"""The directory of rooms: one owner per room, activated once however many ask, restarted when it dies."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from typing import TYPE_CHECKING

from actors.directory.budget import AwakeBudget
from actors.directory.notices import NoticeBoard
from actors.directory.pool import WarmPool
from actors.directory.retirement import Retirement
from actors.directory.tally import DirectoryTally
from actors.directory.worker import WorkerLostError
from actors.host.config import Activation
from rayrooms.errors import RayroomsError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from actors.directory.notices import Notices
    from actors.directory.worker import Fleet, Worker
    from actors.host.config import HostStatus, RoomAddress, RoomConfig

logger = logging.getLogger(__name__)

_ATTEMPTS = 3
_PARALLEL_ACTIVATIONS = 8
_PARALLEL_RELEASES = 16
_PARALLEL_SLEEPS = 4
"""Rooms of one node that are put to sleep at the same time."""
_UNDISTURBED = 1.0
"""Seconds for which a room that was edited or woken stays awake, however many others want its place."""
_SLEEP_RETRY = 1.0
_NOTICES_PATIENCE = 20.0
_HANGING_TRIES = 5
_HANGING_RETRY = 1.0


class Owner:
    """The actor that owns a room, and where it is reached."""

    __slots__ = ("address", "worker")

    def __init__(self, worker: Worker, address: RoomAddress) -> None:
        self.worker = worker
        self.address = address


class Directory:
    """Knows the owner of each live room. Its truth is the owner epoch in Postgres and the actors themselves.

    A restart loses nothing: `recover` asks the actors that exist what they own. At most `budget` rooms are awake on a
    node for long: beyond, the least recently edited one is put to sleep at once, whoever is connected to it. There are
    never more actors than the budget of all nodes and the warm pool together.
    """

    def __init__(
        self, fleet: Fleet, config: RoomConfig, *, warm: int, budget: int, clock: Callable[[], float] = time.time
    ) -> None:
        self.tally = DirectoryTally()
        self._fleet = fleet
        self._config = config
        self._clock = clock
        self._warm = warm
        self._budget = AwakeBudget(budget)
        self._board = NoticeBoard()
        self._pool = WarmPool(fleet, size=warm, limit=self._most_actors)
        self._owners: dict[str, Owner] = {}
        self._activating: dict[str, asyncio.Task[RoomAddress]] = {}
        self._releasing: dict[str, asyncio.Task[bool]] = {}
        self._thinning: dict[str, int] = {}
        """How many rooms of each node that has too many are being seen to."""
        self._tired: set[str] = set()
        """Rooms that are being put to sleep for the budget."""
        self._gate = asyncio.Semaphore(_PARALLEL_ACTIVATIONS)
        self._errands: set[asyncio.Task[None]] = set()
        self._hanging = 0
        self._woken_meanwhile: set[str] = set()
        self._closing = False
        self.retirement = Retirement(fleet, self._pool, self._budget, self)
        """Takes rooms off nodes."""

    async def recover(self) -> None:
        """Learn what exists already, then fill the warm pool.

        May raise UnavailableError, and is then to be tried again.
        """
        # Whatever may fail comes before anything is taken in: taken in twice, an owner would count as an old one.
        found, retired = await self._fleet.existing(), await self._fleet.retired()
        for worker, status in found:
            if status is None:
                self._hanging += 1
                self._run(self._find_later(worker))
            else:
                await self._adopt(worker, status)
        for node_id in retired:
            self._pool.shut(node_id)
        self._pool.refill()

    async def _adopt(self, worker: Worker, status: HostStatus) -> None:
        """Take in an actor that a directory before this one has made."""
        address = status.address
        if address is None:
            self._pool.keep(worker)
            return
        known = self._owners.get(address.room_id)
        if known is not None and known.address.epoch >= address.epoch:
            await worker.kill()  # it was given up: the room has a newer owner
            return
        if known is not None:
            self._lost(address.room_id)
            await self._pool.end(known.worker)
        self._owners[address.room_id] = Owner(worker, address)
        self._pool.adopt(worker)
        self._budget.woke(address.room_id, worker.node_id, status.last_edit)
        self._thin_out(worker.node_id)

    async def _find_later(self, worker: Worker) -> None:
        """Take in an actor that hangs once it answers; end it if it does not: nobody else knows of it.

        Nor is it of use when its room was woken meanwhile, even if that sleeps again by now: what it holds is old.
        """
        status = None
        for _ in range(_HANGING_TRIES):
            try:
                status = await worker.status()
                break
            except WorkerLostError:
                await asyncio.sleep(_HANGING_RETRY)
        if status is None or (status.address is not None and status.address.room_id in self._woken_meanwhile):
            await worker.kill()
        else:
            await self._adopt(worker, status)
        self._hanging -= 1
        if not self._hanging:
            self._woken_meanwhile.clear()

    def _run(self, errand: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _most_actors(self) -> int:
        """How many room actors there may be."""
        return self._budget.per_node * len(await self._fleet.nodes()) + max(self._warm, 1)

    # -------------------------------------------------------------- finding

    async def peek(self, room_id: str) -> RoomAddress | None:
        """Where the room lives if it is awake, once it is not on its way to wake or to sleep."""
        under_way = self._activating.get(room_id) or self._releasing.get(room_id)
        if under_way is not None:
            await asyncio.wait([under_way])
        owner = self._owners.get(room_id)
        return owner.address if owner is not None else None

    def changed(self, room_id: str) -> None:
        """Tell gateways that what is stored of a sleeping room has changed."""
        self._board.post(room_id, "changed")

    async def notices(self, board: str, after: int) -> Notices:
        """What gateways are to know of rooms that sleep there, since `after`; waits a while for something new."""
        return await self._board.read(board, after, _NOTICES_PATIENCE)

    def rooms(self) -> list[RoomAddress]:
        """All rooms that are awake."""
        return [owner.address for owner in self._owners.values()]

    def owners(self) -> list[Owner]:
        """The owners of all rooms that are awake."""
        return list(self._owners.values())

    async def locate(self, room_id: str, failed_epoch: int = 0) -> RoomAddress:
        """Where the room lives; it is activated when it sleeps or its owner died.

        `failed_epoch` is the epoch of an owner that the caller could not reach. Raises NotFoundError for an unknown
        room and UnavailableError when it cannot be loaded now.
        """
        releasing = self._releasing.get(room_id)
        owner = self._owners.get(room_id)
        if releasing is not None:
            if owner is not None and owner.address.epoch <= failed_epoch:
                await self._end_if_hung(owner)
            await asyncio.wait([releasing])
        owner = self._owners.get(room_id)
        if owner is not None:
            if owner.address.epoch > failed_epoch or await self._alive(owner):
                return owner.address
            if self._owners.get(room_id) is owner:
                self._lost(room_id)
                await self._pool.end(owner.worker)
        if self._closing:
            raise UnavailableError("The server is shutting down.")
        task = self._activating.get(room_id)
        if task is None:
            task = asyncio.create_task(self.tally.activation(self._activate(room_id)))
            self._activating[room_id] = task
            task.add_done_callback(lambda _: self._activating.pop(room_id, None))
        return await asyncio.shield(task)

    async def _alive(self, owner: Owner) -> bool:
        try:
            status = await owner.worker.status()
        except WorkerLostError:
            return False
        return status.address is not None and status.address.epoch == owner.address.epoch

    async def _end_if_hung(self, owner: Owner) -> None:
        """Kill an owner that does not answer: nobody has to wait until the order to let go of its room times out."""
        try:
            await owner.worker.status()
        except WorkerLostError:
            await owner.worker.kill()

    async def _activate(self, room_id: str) -> RoomAddress:
        async with self._gate:
            if self._hanging:
                self._woken_meanwhile.add(room_id)
            for _ in range(_ATTEMPTS):
                taking = asyncio.create_task(self._pool.take())
                try:
                    # Whoever owned the room last may be gone, but what it wrote to its feed still counts (G4).
                    await self._fleet.drain(room_id)
                    epoch = await self._fleet.claim(room_id)
                except RayroomsError:
                    self._run(self._pool.put_back(taking))
                    raise
                worker = await taking
                order = Activation(room_id, epoch, secrets.token_urlsafe(24))
                try:
                    address = await worker.activate(order, self._config)
                except WorkerLostError:
                    logger.warning(
                        "an actor died while it woke room %s; trying another",
                        room_id,
                        extra={"room_id": room_id, "epoch": epoch},
                    )
                    await self._pool.end(worker)
                    continue
                except RayroomsError:
                    self._pool.give(worker)
                    raise
                self._owners[room_id] = Owner(worker, address)
                self._budget.woke(room_id, worker.node_id, self._clock())
                self._board.post(room_id, "awake")
                self._thin_out(worker.node_id)
                return address
        raise UnavailableError("The room could not be started; try again.", code="room_unavailable")

    # -------------------------------------------------------------- letting go

    async def release(self, room_id: str) -> bool:
        """Store a room and let its actor go; True when it was awake. Raises UnavailableError if it cannot be stored."""
        under_way = self._releasing.get(room_id)
        if under_way is not None and await asyncio.shield(under_way):
            return True  # else it was to fall asleep, and stayed awake
        return await self._letting_go(room_id, self._release(room_id))

    async def sleep(self, room_id: str) -> bool:
        """Let a room fall asleep under the people who are connected to it; False when it sleeps, or stays awake.

        Raises UnavailableError if it cannot be stored.
        """
        if room_id not in self._owners or self._closing:
            return False
        return await self._letting_go(room_id, self._sleep(room_id))

    async def _letting_go(self, room_id: str, work: Coroutine[None, None, bool]) -> bool:
        """Let go of a room once, whoever asks, and let those who look for it wait meanwhile."""
        task = self._releasing.get(room_id)
        if task is None:
            task = asyncio.create_task(work)
            self._releasing[room_id] = task
            task.add_done_callback(lambda _: self._releasing.pop(room_id, None))
        else:
            work.close()
        return await asyncio.shield(task)

    async def _release(self, room_id: str) -> bool:
        owner = self._owners.get(room_id)
        if owner is None:
            return False
        try:
            await owner.worker.release()
        except WorkerLostError:
            await self._pool.end(owner.worker)
        else:
            self._pool.give(owner.worker)
        if self._owners.get(room_id) is owner:
            self._lost(room_id)
        return True

    async def _sleep(self, room_id: str) -> bool:
        owner = self._owners[room_id]
        try:
            slept = await owner.worker.sleep()
        except WorkerLostError:
            return False  # whoever misses it will say so
        if slept:
            self.tally.slept += 1
            self._pool.give(owner.worker)
            if self._owners.get(room_id) is owner:
                self._lost(room_id)
        return slept

    def _lost(self, room_id: str) -> None:
        """A room has no owner any more."""
        del self._owners[room_id]
        self._budget.gone(room_id)

    async def sleep_if_idle(self, room_id: str) -> bool:
        """Put a room to sleep that says that nobody has edited it for long, if that still holds."""
        owner = self._owners.get(room_id)
        if owner is None:
            return False
        try:
            status = await owner.worker.status()
        except WorkerLostError:
            return False
        return self._clock() - status.last_edit > self._config.idle_after and await self.sleep(room_id)

    async def forget(self, room_id: str) -> None:
        """End a live room without storing it: it is being deleted."""
        releasing = self._releasing.get(room_id)
        if releasing is not None:
            await asyncio.wait([releasing])
        owner = self._owners.get(room_id)
        if owner is None:
            self.changed(room_id)  # gateways may have people in it all the same
            return
        self._lost(room_id)
        try:
            await owner.worker.abandon()
        except WorkerLostError:
            await self._pool.end(owner.worker)
        else:
            self._pool.give(owner.worker)

    # -------------------------------------------------------------- the budget

    def _thin_out(self, node_id: str) -> None:
        """Put rooms of a node to sleep in the background while too many are awake there."""
        busy = self._thinning.get(node_id, 0)
        for _ in range(min(self._budget.excess(node_id), _PARALLEL_SLEEPS) - busy):
            self._thinning[node_id] = self._thinning.get(node_id, 0) + 1
            self._run(self._thin(node_id))

    async def _thin(self, node_id: str) -> None:
        """Put rooms to sleep for as long as more are too many than others see to."""
        try:
            while self._budget.excess(node_id) >= self._thinning[node_id] and not self._closing:
                try:
                    room_id, believed = self._budget.least_recent(node_id, self._tired)
                except LookupError:
                    return
                self._tired.add(room_id)
                try:
                    await self._let_sleep(room_id, believed)
                finally:
                    self._tired.discard(room_id)
        finally:
            self._thinning[node_id] -= 1
            if not self._thinning[node_id]:
                del self._thinning[node_id]

    async def _let_sleep(self, room_id: str, believed: float) -> None:
        """Put a room to sleep that is believed to be the least recently edited one; or learn that it is not."""
        owner = self._owners[room_id]
        try:
            status = await owner.worker.status()
        except WorkerLostError:
            if self._owners.get(room_id) is owner:
                self._lost(room_id)
                await self._pool.end(owner.worker)
            return
        if status.last_edit > believed:
            self._budget.edited(room_id, status.last_edit)
            return
        awake = self._clock() - believed
        if awake < _UNDISTURBED:
            await asyncio.sleep(_UNDISTURBED - awake)
            return
        try:
            slept = await self.sleep(room_id)
        except RayroomsError as error:
            logger.warning("room %s stays awake: %s", room_id, error, extra={"room_id": room_id, "code": error.code})
            slept = False
            await asyncio.sleep(_SLEEP_RETRY)
        if not slept and room_id in self._owners:
            self._budget.edited(room_id, self._clock())

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
                    logger.error(  # noqa: TRY400 - the sentence is enough
                        "room %s was not released: %s", room_id, error, extra={"room_id": room_id, "code": error.code}
                    )
                    return room_id
                return None

        await asyncio.gather(*self._activating.values(), return_exceptions=True)
        failed = await asyncio.gather(*(release(room_id) for room_id in list(self._owners)))
        await self._fleet.flush()
        return [room_id for room_id in failed if room_id is not None]
