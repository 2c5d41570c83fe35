"""Rooms: finding, deleting, and claiming them for a new owner; the words that they are searched by."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from sqlalchemy import ColumnElement, delete, false, func, literal_column, update
from sqlmodel import col, select

from persistence.repositories.base import BaseRepository
from persistence.tables import ConflictResolution, Operation, Room, RoomMember
from rayrooms.errors import NotFoundError

_SEARCHED: Final[ColumnElement[str]] = literal_column(
    "to_tsvector('simple'::regconfig, (rooms.name || ' '::text) || rooms.description)"
)
"""The expression that the search index stands on."""

_WORDS_MAX: Final = 16
_WORD_MAX: Final = 64


class RoomRepository(BaseRepository[Room]):
    table: ClassVar[type[Room]] = Room

    async def find(self, room_id: str) -> Room | None:
        return await self._one(select(Room).where(Room.id == room_id))

    async def get(self, room_id: str) -> Room:
        """Raise NotFoundError(room_not_found) when there is none."""
        room = await self.find(room_id)
        if room is None:
            raise no_room(room_id)
        return room

    async def hold(self, room_id: str) -> Room:
        """The room, which is not deleted before this transaction ends. Raise NotFoundError(room_not_found)."""
        room = await self._one(select(Room).where(Room.id == room_id).with_for_update(read=True, key_share=True))
        if room is None:
            raise no_room(room_id)
        return room

    async def visited(self, room_id: str, user_id: str) -> tuple[Room, RoomMember | None]:
        """The room and the user's membership, in one query. Raise NotFoundError(room_not_found) without the room."""
        theirs = (col(RoomMember.room_id) == col(Room.id)) & (col(RoomMember.user_id) == user_id)
        found = await self._session.exec(
            select(Room, RoomMember).join(RoomMember, theirs, isouter=True).where(col(Room.id) == room_id)
        )
        visited = found.first()
        if visited is None:
            raise no_room(room_id)
        return visited

    async def create(self, room: Room) -> Room:
        """Raise ConflictError(already_exists) when the id is taken."""
        return await self._insert(room, f"The room {room.id} already exists.")

    async def delete(self, room_id: str) -> None:
        """Delete the room with everything in it; raises NotFoundError(room_not_found).

        The row is locked first: a flush under way ends before, and a later one finds no room and writes nothing.
        """
        locked = await self._one(select(Room).where(Room.id == room_id).with_for_update())
        if locked is None:
            raise no_room(room_id)
        for table in (Operation, ConflictResolution):
            await self._session.exec(delete(table).where(col(table.room_id) == room_id))
        await self._session.exec(delete(Room).where(col(Room.id) == room_id))

    async def claim(self, room_id: str) -> int:
        """Make all earlier owners stale: raise the owner epoch by one and return it; NotFoundError(room_not_found)."""
        claimed = await self._session.exec(
            update(Room)
            .where(col(Room.id) == room_id)
            .values(owner_epoch=Room.owner_epoch + 1)
            .returning(col(Room.owner_epoch))
        )
        row = claimed.one_or_none()
        if row is None:
            raise no_room(room_id)
        return int(row[0])

    async def epoch(self, room_id: str) -> int:
        """Return the present owner's epoch, 0 before the first; raises NotFoundError(room_not_found)."""
        epoch = (await self._session.exec(select(Room.owner_epoch).where(Room.id == room_id))).first()
        if epoch is None:
            raise no_room(room_id)
        return epoch


def matches(search: str) -> ColumnElement[bool]:
    """The condition that a room's name or description has words which begin with all those of `search`."""
    words = re.findall(r"\w+", search)
    if not words:
        return false()
    query = " & ".join(f"{word[:_WORD_MAX]}:*" for word in words[:_WORDS_MAX])
    return _SEARCHED.op("@@", is_comparison=True)(func.to_tsquery(literal_column("'simple'::regconfig"), query))


def no_room(room_id: str) -> NotFoundError:
    """What is raised for a room that is not there, or has to look so."""
    return NotFoundError(f"There is no room {room_id}.", code="room_not_found")
