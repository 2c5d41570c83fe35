"""Who belongs to a room, and in which role."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import delete, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from persistence.repositories.base import BaseRepository
from persistence.tables import RoomMember
from rayrooms.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Collection

    from rayrooms.protocol import Role


class RoomMemberRepository(BaseRepository[RoomMember]):
    table: ClassVar[type[RoomMember]] = RoomMember

    async def find(self, room_id: str, user_id: str) -> RoomMember | None:
        return await self._one(select(RoomMember).where(RoomMember.room_id == room_id, RoomMember.user_id == user_id))

    async def hold(self, room_id: str, user_id: str) -> RoomMember | None:
        """The membership, which nobody else changes before this transaction ends."""
        return await self._one(
            select(RoomMember).where(RoomMember.room_id == room_id, RoomMember.user_id == user_id).with_for_update()
        )

    async def page(self, room_id: str, *, limit: int, offset: int = 0) -> list[RoomMember]:
        """List members, first joined first."""
        return await self._all(
            select(RoomMember)
            .where(RoomMember.room_id == room_id)
            .order_by(col(RoomMember.joined_at), col(RoomMember.user_id))
            .limit(limit)
            .offset(offset)
        )

    async def add(self, member: RoomMember) -> RoomMember:
        """Raise ConflictError(already_exists) for a member already, NotFoundError(room_not_found) without the room."""
        return await self._insert(member, f"{member.user_id} is already a member of {member.room_id}.")

    async def add_or_raise(self, member: RoomMember, lower: Collection[Role]) -> bool:
        """Make someone a member, or raise one whose role is among `lower`; return whether that changed anything.

        In one statement: of several at once, one changes it. The room must exist for as long as the transaction runs
        (`RoomRepository.hold`).
        """
        changed = await self._session.exec(
            insert(RoomMember)
            .values(**member.model_dump())
            .on_conflict_do_update(
                index_elements=["room_id", "user_id"],
                set_={"role": member.role},
                where=col(RoomMember.role).in_(lower),
            )
            .returning(col(RoomMember.user_id))
        )
        return changed.first() is not None

    async def remove(self, room_id: str, user_id: str) -> bool:
        """Return whether there was such a member."""
        gone = await self._session.exec(
            delete(RoomMember)
            .where(col(RoomMember.room_id) == room_id, col(RoomMember.user_id) == user_id)
            .returning(col(RoomMember.user_id))
        )
        return gone.first() is not None

    async def set_role(self, room_id: str, user_id: str, role: Role) -> None:
        """Raise NotFoundError(user_not_found) when they are not a member."""
        changed = await self._session.exec(
            update(RoomMember)
            .where(col(RoomMember.room_id) == room_id, col(RoomMember.user_id) == user_id)
            .values(role=role)
            .returning(col(RoomMember.user_id))
        )
        if changed.first() is None:
            raise NotFoundError(f"{user_id} is not a member of {room_id}.", code="user_not_found")

    async def clear_active(self, *room_ids: str) -> None:
        """Note that nobody is connected to these rooms."""
        await self._session.exec(
            update(RoomMember).where(col(RoomMember.room_id).in_(room_ids), col(RoomMember.active)).values(active=False)
        )

    async def count(self, room_id: str) -> int:
        counted = await self._session.exec(
            select(func.count()).select_from(RoomMember).where(RoomMember.room_id == room_id)
        )
        return counted.one()
