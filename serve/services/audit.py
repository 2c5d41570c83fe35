"""The audit log of a room, as its owner and admins read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from persistence.repositories import AuditRepository
from serve.auth.roles import Permission
from serve.schemas.audit import AuditEntry, AuditPage

if TYPE_CHECKING:
    from persistence.database import Database
    from persistence.repositories import AuditAction
    from persistence.tables import AuditEvent
    from rayrooms.protocol import Role
    from serve.auth.access import RoomAccess
    from serve.auth.tokens import Identity


class AuditService:
    """Only reads: whatever changes a membership records it in the same transaction."""

    def __init__(self, database: Database, access: RoomAccess) -> None:
        self._database = database
        self._access = access

    async def page(self, room_id: str, identity: Identity, *, limit: int, before: int | None) -> AuditPage:
        """The changes before the event `before`, newest first."""
        await self._access.visit(room_id, identity, Permission.AUDIT)
        async with self._database.session() as session:
            rows = await AuditRepository(session).page(room_id, limit=limit + 1, before=before)
        items = [_entry(row) for row in rows[:limit]]
        return AuditPage(items=items, limit=limit, next=items[-1].event_id if len(rows) > limit else None)


def _entry(row: AuditEvent) -> AuditEntry:
    assert row.id is not None
    return AuditEntry(
        event_id=row.id,
        room_id=row.room_id,
        at=row.at,
        action=cast("AuditAction", row.action),
        actor_id=row.actor_id,
        user_id=row.user_id,
        role=cast("Role | None", row.role),
        previous_role=cast("Role | None", row.previous_role),
        invitation_id=row.invitation_id,
        private=row.private,
    )
