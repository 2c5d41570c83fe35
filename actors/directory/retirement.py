"""Takes the rooms off a node that is about to go, a few at a time, so that nobody waits for long."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from persistence.exchanged import Exchanged
from rayrooms.errors import ConflictError, RayroomsError, UnavailableError

if TYPE_CHECKING:
    from actors.directory.budget import AwakeBudget
    from actors.directory.pool import WarmPool
    from actors.directory.worker import Fleet
    from actors.host.config import RoomAddress

logger = logging.getLogger(__name__)

_AT_A_TIME = 4
_PATIENCE = 120.0
_READY_PATIENCE = 60.0
_LOOK = 0.05
_RETRY = 0.5


class Drained(Exchanged, frozen=True):
    """How many rooms a node had to give up."""

    node_id: str
    rooms: int


class Rooms(Protocol):
    """What letting go of rooms needs of the directory."""

    async def sleep(self, room_id: str) -> bool: ...

    async def release(self, room_id: str) -> bool: ...

    async def locate(self, room_id: str) -> RoomAddress: ...


class Retirement:
    """Shuts nodes and moves what lives there.

    A room is stored and let go of while its people stay connected, and wakes on another node. A blank actor stands
    ready there before a room is let go of, so that nobody waits for a process to start; and it is woken at once, so
    that the rooms that follow do not count on the same actor.
    """

    def __init__(self, fleet: Fleet, pool: WarmPool, budget: AwakeBudget, rooms: Rooms) -> None:
        self._fleet = fleet
        self._pool = pool
        self._budget = budget
        self._rooms = rooms

    def drained(self) -> list[str]:
        """The nodes that take no rooms, by id."""
        return sorted(self._pool.placement.shut)

    async def reopen(self, node_id: str) -> None:
        """Let a node take rooms again."""
        await self._fleet.retire(node_id, retired=False)
        self._pool.placement.open_up(node_id)

    async def drain(self, node_id: str) -> Drained:
        """Have a node take no more rooms, and move those that live there.

        Raises ConflictError when it is the only node, and UnavailableError when rooms cannot be stored in two minutes.
        """
        others = [
            node for node in await self._fleet.nodes() if node.node_id not in {node_id, *self._pool.placement.shut}
        ]
        if not others:
            raise ConflictError("There is no other node that could take the rooms.")
        self._pool.shut(node_id)
        await self._fleet.retire(node_id, retired=True)
        moved: set[str] = set()
        deadline = asyncio.get_running_loop().time() + _PATIENCE
        at_a_time = min(_AT_A_TIME, self._pool.size)  # 0: no actor ever stands ready, and none is waited for
        while rooms := self._budget.awake_on(node_id):
            batch = rooms[: at_a_time or 1]
            await self._wait_for_actors(min(len(batch), at_a_time))
            gone = await asyncio.gather(*map(self._move, batch))
            moved.update(room_id for room_id, is_gone in zip(batch, gone, strict=True) if is_gone)
            if not any(gone):
                if asyncio.get_running_loop().time() > deadline:
                    raise UnavailableError(
                        f"{len(rooms)} rooms of the node cannot be stored.", code="database_unavailable"
                    )
                await asyncio.sleep(_RETRY)
        return Drained(node_id, len(moved))

    async def _wait_for_actors(self, wanted: int) -> None:
        """Give the pool time to have actors ready for the rooms that are moved next; go on without them in the end."""
        deadline = asyncio.get_running_loop().time() + _READY_PATIENCE
        while self._pool.ready < wanted and asyncio.get_running_loop().time() < deadline:
            self._pool.refill()
            await asyncio.sleep(_LOOK)

    async def _move(self, room_id: str) -> bool:
        try:
            # One that is too busy to fall asleep hangs up on its gateways, which then look for it.
            if not (await self._rooms.sleep(room_id) or await self._rooms.release(room_id)):
                return False
        except RayroomsError as error:
            logger.warning("room %s cannot move yet: %s", room_id, error)
            return False
        try:
            await self._rooms.locate(room_id)
        except RayroomsError as error:  # whoever says something in it tries again, and is told
            logger.warning("room %s has moved and does not wake: %s", room_id, error)
        return True
