"""The audit log: who changed who belongs to a room, and as what."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Literal

from sqlalchemy import func, insert
from sqlmodel import col, select

from persistence.repositories.base import BaseRepository
from persistence.tables import AuditEvent

if TYPE_CHECKING:
    from rayrooms.protocol import Role

AuditAction = Literal[
    "room_created",
    "room_deleted",
    "room_restored",
    "member_added",
    "member_joined",
    "member_left",
    "member_removed",
    "role_changed",
    "invitation_created",
    "invitation_accepted",
    "invitation_revoked",
]


OPERATOR: Final = "rayrooms-operator"
"""Who acts when it is whoever runs the server, and no user of it."""


class AuditRepository(BaseRepository[AuditEvent]):
    """Written in the transaction of the change itself, so that neither is ever there without the other.

    That transaction holds the room's row (`RoomRepository.hold`, or a row that refers to it) before it records, so
    that a deletion is the last event of its room, by id too.
    """

    table: ClassVar[type[AuditEvent]] = AuditEvent

    async def record(
        self,
        room_id: str,
        action: AuditAction,
        actor_id: str,
        *,
        user_id: str | None = None,
        role: Role | None = None,
        previous_role: Role | None = None,
        invitation_id: str | None = None,
        private: bool | None = None,
    ) -> None:
        """Note what `actor_id` did, to `user_id` if to anybody; `role` and `previous_role` are that user's."""
        event = AuditEvent(
            room_id=room_id,
            action=action,
            actor_id=actor_id,
            user_id=user_id,
            role=role,
            previous_role=previous_role,
            invitation_id=invitation_id,
            private=private,
        )
        await self._session.exec(insert(AuditEvent).values(**event.model_dump(exclude={"id"})))

    async def page(self, room_id: str, *, limit: int, before: int | None = None) -> list[AuditEvent]:
        """Return the newest events first, those with ids below `before`.

        A room id may be taken again once its room is deleted: what came before that is nobody's business in the new
        room and left out.
        """
        deleted = (
            select(func.max(AuditEvent.id))
            .where(AuditEvent.room_id == room_id, AuditEvent.action == "room_deleted")
            .scalar_subquery()
        )
        statement = select(AuditEvent).where(
            AuditEvent.room_id == room_id, col(AuditEvent.id) > func.coalesce(deleted, 0)
        )
        if before is not None:
            statement = statement.where(col(AuditEvent.id) < before)
        return await self._all(statement.order_by(col(AuditEvent.id).desc()).limit(limit))
