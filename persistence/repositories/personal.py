"""Queries from one person's point of view: the rooms that they may read, and where they are active."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, cast

from sqlalchemy import func, select, union_all
from sqlmodel import col
from sqlmodel import select as select_rows

from persistence.repositories.base import BaseRepository
from persistence.repositories.rooms import matches
from persistence.tables import Operation, Room, RoomMember, User

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Select

    from rayrooms.protocol import Role

RoomScope = Literal["mine", "public", "all"]
"""The rooms that a user is a member of, the public ones, or both."""

_LAST_EDIT = (
    select_rows(Operation.at)
    .where(Operation.room_id == Room.id)
    .order_by(col(Operation.version).desc())
    .limit(1)
    .correlate(Room)
    .scalar_subquery()
)
_NEWEST_FIRST = (col(Room.created_at).desc(), col(Room.id))


@dataclass(frozen=True, slots=True)
class ListedRoom:
    """A room as one person sees it in a list; `role` is theirs, `edited_at` the time of its last stored commit."""

    room: Room
    role: Role | None
    owner_name: str | None
    edited_at: datetime | None


class PersonalRepository(BaseRepository[RoomMember]):
    """Rooms and memberships of one user."""

    table: ClassVar[type[RoomMember]] = RoomMember

    async def rooms(
        self, user_id: str, *, scope: RoomScope, search: str | None = None, limit: int, offset: int = 0
    ) -> list[ListedRoom]:
        """List rooms with the user's role in each, newest first: their own, the public ones, or both.

        `search` is words, each of which must begin some word of name or description. Each branch of the union walks an
        index of its own and stops at the depth of the page.
        """
        depth = offset + limit
        mine = (
            _candidates(search)
            .join(RoomMember, col(RoomMember.room_id) == col(Room.id))
            .where(col(RoomMember.user_id) == user_id)
        )
        if scope == "mine":
            chosen = _newest(mine, depth)
        else:
            chosen = _newest(_candidates(search).where(~col(Room.private)), depth)
            if scope == "all":
                chosen = union_all(chosen, _newest(mine.where(col(Room.private)), depth)).subquery().select()
        page = chosen.subquery()
        rows = await self._session.exec(
            select_rows(Room, RoomMember.role, User.name, _LAST_EDIT)
            .join(page, page.c.id == col(Room.id))
            .outerjoin(User, col(User.id) == col(Room.owner_id))
            .outerjoin(RoomMember, (col(RoomMember.room_id) == col(Room.id)) & (col(RoomMember.user_id) == user_id))
            .order_by(*_NEWEST_FIRST)
            .limit(limit)
            .offset(offset)
        )
        return [ListedRoom(room, cast("Role | None", role), name, at) for room, role, name, at in rows.all()]

    async def owned(self, user_id: str) -> int:
        """Return how many rooms the user owns."""
        counted = await self._session.exec(
            select_rows(func.count())
            .select_from(RoomMember)
            .where(RoomMember.user_id == user_id, RoomMember.role == "owner")
        )
        return counted.one()

    async def active(self, user_id: str, *, limit: int) -> list[RoomMember]:
        """List memberships under which the user is connected, last joined first."""
        return await self._all(
            select_rows(RoomMember)
            .where(RoomMember.user_id == user_id, col(RoomMember.active))
            .order_by(col(RoomMember.joined_at).desc(), col(RoomMember.room_id))
            .limit(limit)
        )

    async def last_seen(self, user_id: str) -> datetime | None:
        """Return when the user was last active in any room."""
        newest = await self._session.exec(
            select_rows(func.max(RoomMember.last_seen)).where(RoomMember.user_id == user_id)
        )
        return newest.one()


def _candidates(search: str | None) -> Select[str]:
    statement = select(col(Room.id))
    return statement.where(matches(search)) if search and search.strip() else statement


def _newest(statement: Select[str], depth: int) -> Select[str]:
    return statement.order_by(*_NEWEST_FIRST).limit(depth).subquery().select()
