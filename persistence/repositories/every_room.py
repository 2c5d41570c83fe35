"""Queries over all rooms, whoever they belong to: for those who run the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import func
from sqlmodel import col, select

from persistence.repositories.base import BaseRepository
from persistence.tables import Operation, Room

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

_HEAD = select(Operation.version).where(Operation.room_id == Room.id).order_by(col(Operation.version).desc()).limit(1)
_VERSION = _HEAD.correlate(Room).scalar_subquery()
_EDITED = (
    select(Operation.at)
    .where(Operation.room_id == Room.id)
    .order_by(col(Operation.version).desc())
    .limit(1)
    .correlate(Room)
    .scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class StoredRoom:
    """A room as it is stored: its newest durable version (0 before the first edit) and when that was made."""

    room: Room
    version: int
    edited_at: datetime | None


class EveryRoomRepository(BaseRepository[Room]):
    """Rooms by id; nothing is read of what is in them."""

    table: ClassVar[type[Room]] = Room

    async def ids(self, after: str = "", *, limit: int) -> list[str]:
        """The ids that come after that one, ascending."""
        found = await self._session.exec(
            select(Room.id).where(col(Room.id) > after).order_by(col(Room.id)).limit(limit)
        )
        return list(found.all())

    async def stored(self, room_ids: Collection[str]) -> list[StoredRoom]:
        """Those of the rooms that there are, by id."""
        found = await self._session.exec(
            select(Room, _VERSION, _EDITED).where(col(Room.id).in_(room_ids)).order_by(col(Room.id))
        )
        return [StoredRoom(room, version or 0, edited_at) for room, version, edited_at in found.all()]

    async def count(self) -> int:
        """How many rooms there are."""
        return (await self._session.exec(select(func.count()).select_from(Room))).one()
