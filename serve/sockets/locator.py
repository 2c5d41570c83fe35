"""Finds the owners of rooms: asks the directory actor, patiently while that restarts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import ray
from ray.exceptions import RayActorError, RayError, RayTaskError

from actors.directory.actor import start_directory
from rayrooms.errors import RayroomsError, UnavailableError

if TYPE_CHECKING:
    from actors.directory.notices import Notices
    from actors.directory.overview import AwakeRoom, Gateway
    from actors.directory.retirement import Drained
    from actors.host.config import RoomAddress

_LOCATE_TIMEOUT = 60.0
_PING_TIMEOUT = 3.0
_LOOK_TIMEOUT = 5.0
_DRAIN_TIMEOUT = 600.0
_RETRY = 0.05


class Locator:
    """Asks the directory. Every method raises UnavailableError when it does not answer in time."""

    def __init__(self) -> None:
        self._directory: Any = None
        self._looking = asyncio.Lock()

    async def locate(self, room_id: str, failed_epoch: int) -> RoomAddress:
        """Where the room lives; wakes it. Raises NotFoundError for an unknown room."""
        address: RoomAddress = await self._ask(_LOCATE_TIMEOUT, "locate", room_id, failed_epoch)
        return address

    async def peek(self, room_id: str) -> RoomAddress | None:
        """Where the room lives if it is awake."""
        address: RoomAddress | None = await self._ask(_LOCATE_TIMEOUT, "peek", room_id)
        return address

    async def forget(self, room_id: str) -> None:
        """End a live room without storing it."""
        await self._ask(_LOCATE_TIMEOUT, "forget", room_id)

    async def changed(self, room_id: str) -> None:
        """Have every gateway look again at the people of a room that sleeps."""
        await self._ask(_LOCATE_TIMEOUT, "changed", room_id)

    async def notices(self, board: str, after: int) -> Notices:
        """What is new about rooms that sleep; waits for it a while. See `NoticeBoard.read`."""
        notices: Notices = await self._ask(_LOCATE_TIMEOUT, "notices", board, after)
        return notices

    async def rooms(self) -> list[RoomAddress]:
        """All rooms that are awake."""
        rooms: list[RoomAddress] = await self._ask(_PING_TIMEOUT, "rooms")
        return rooms

    async def look_at(self, room_ids: list[str] | None) -> list[AwakeRoom]:
        """What these rooms (None: all) do, as far as they are awake, by id."""
        rooms: list[AwakeRoom] = await self._ask(_LOOK_TIMEOUT, "look_at", room_ids)
        return rooms

    async def attend(self, gateway: Gateway) -> None:
        """Tell the directory how this gateway is."""
        await self._ask(_PING_TIMEOUT, "attend", gateway)

    async def depart(self, gateway_id: str) -> None:
        """Tell the directory that this gateway goes."""
        await self._ask(_PING_TIMEOUT, "depart", gateway_id)

    async def gateways(self) -> list[Gateway]:
        """The gateways that gave a sign of life lately."""
        gateways: list[Gateway] = await self._ask(_PING_TIMEOUT, "gateways")
        return gateways

    async def drain_node(self, node_id: str) -> Drained:
        """Have a node take no more rooms, and move those that it has."""
        drained: Drained = await self._ask(_DRAIN_TIMEOUT, "drain_node", node_id)
        return drained

    async def drained_nodes(self) -> list[str]:
        """The nodes that get no rooms, by id."""
        drained: list[str] = await self._ask(_PING_TIMEOUT, "drained_nodes")
        return drained

    async def reopen_node(self, node_id: str) -> None:
        """Let a node take rooms again."""
        await self._ask(_LOCATE_TIMEOUT, "reopen_node", node_id)

    async def leave(self, node_id: str) -> bool:
        """Have the directory end if it lives on that node; whoever asks next makes it anew. True when it did.

        As when its process dies: it restarts from what the room actors own, and who was asking asks again.
        """
        if await self._ask(_PING_TIMEOUT, "place") != node_id:
            return False
        await asyncio.to_thread(ray.kill, await self._handle())  # its own exit would wait for all that it was asked
        self._directory = None
        return True

    async def ping(self) -> None:
        """Return once the directory has answered."""
        await self._ask(_PING_TIMEOUT, "ping")

    async def _ask(self, limit: float, method: str, *args: str | int | list[str] | Gateway | None) -> Any:  # noqa: ANN401 - the method's type
        try:
            async with asyncio.timeout(limit):
                while True:
                    try:
                        return await getattr(await self._handle(), method).remote(*args)
                    except RayTaskError as error:
                        if isinstance(error.cause, RayroomsError):
                            raise error.cause from None
                        raise
                    except (RayActorError, ValueError):
                        self._directory = None  # dead, or not there yet: look it up again
                    await asyncio.sleep(_RETRY)
        except (TimeoutError, RayError) as error:
            raise UnavailableError("The directory of rooms does not answer.") from error

    async def _handle(self) -> Any:  # noqa: ANN401 - Ray's handles are untyped
        if self._directory is None:
            async with self._looking:
                if self._directory is None:
                    self._directory = await asyncio.to_thread(start_directory)
        return self._directory
