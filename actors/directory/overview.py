"""What the directory tells an operator: the awake rooms with their figures, and the gateways that there are."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import msgspec

from actors.directory.worker import WorkerLostError
from actors.host.figures import RoomFigures
from persistence.exchanged import Exchanged

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from actors.directory.directory import Owner

ANSWER_WITHIN = 2.0
"""Seconds that a room has to say what it does; one that hangs is shown as one that does not answer."""

ATTENDANCE_EVERY = 5.0
"""Seconds between two signs of a gateway."""
_GONE_AFTER = 3 * ATTENDANCE_EVERY


class AwakeRoom(Exchanged, frozen=True):
    """A room in memory and where it is reached; `figures` is None when it does not answer.

    `sessions` are connections, `last_edit` is unix time.
    """

    room_id: str
    host: str
    port: int
    epoch: int
    pid: int
    node_id: str
    sessions: int = 0
    last_edit: float = 0.0
    figures: RoomFigures | None = None


class Gateway(Exchanged, frozen=True):
    """A gateway replica with the sockets that it holds, and how many rooms it is linked to."""

    gateway_id: str
    node_id: str
    pid: int
    sockets: int
    rooms: int


async def look_at(
    owners: Sequence[Owner], room_ids: Collection[str] | None = None, *, within: float = ANSWER_WITHIN
) -> list[AwakeRoom]:
    """What these rooms (None: all) do, by id; all are asked at once, and one that takes too long is not waited for."""
    wanted = [owner for owner in owners if room_ids is None or owner.address.room_id in room_ids]
    rooms = await asyncio.gather(*(_look_at(owner, within) for owner in wanted))
    return sorted(rooms, key=lambda room: room.room_id)


async def _look_at(owner: Owner, within: float) -> AwakeRoom:
    address = owner.address
    seen = AwakeRoom(address.room_id, address.host, address.port, address.epoch, address.pid, address.node_id)
    try:
        status = await asyncio.wait_for(owner.worker.status(), within)
    except (TimeoutError, WorkerLostError):
        return seen
    if status.address is None or status.address.epoch != address.epoch:  # it was released meanwhile
        return seen
    return msgspec.structs.replace(seen, sessions=status.sessions, last_edit=status.last_edit, figures=status.figures)


class Attendance:
    """The gateways that have given a sign of life lately."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[str, tuple[float, Gateway]] = {}

    def signed(self, gateway: Gateway) -> None:
        """A gateway says how it is."""
        self._seen[gateway.gateway_id] = (self._clock(), gateway)

    def left(self, gateway_id: str) -> None:
        """A gateway goes."""
        self._seen.pop(gateway_id, None)

    def present(self) -> list[Gateway]:
        """All of them, by id. One that was killed is among them for a few more seconds."""
        now = self._clock()
        self._seen = {name: seen for name, seen in self._seen.items() if now - seen[0] < _GONE_AFTER}
        return [gateway for _, (_, gateway) in sorted(self._seen.items())]
