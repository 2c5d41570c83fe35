"""Invitations to a room: made, looked up, listed, used and revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from sqlalchemy import func, or_, update
from sqlmodel import col, select

from persistence.repositories.base import BaseRepository
from persistence.tables import Invitation, RoomMember

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlmodel.sql.expression import Select

    from rayrooms.protocol import Role

    Granting = Mapping[Role, Collection[Role]]


class InvitationRepository(BaseRepository[Invitation]):
    """An invitation comes with the present role of who made it, None when they are no longer a member."""

    table: ClassVar[type[Invitation]] = Invitation

    async def add(self, invitation: Invitation) -> Invitation:
        """Raise ConflictError(already_exists) for a taken id, NotFoundError(room_not_found) without the room."""
        return await self._insert(invitation, f"The invitation {invitation.id} already exists.")

    async def find(self, room_id: str, invitation_id: str) -> tuple[Invitation, Role | None] | None:
        found = await self._session.exec(
            _with_maker(room_id).where(col(Invitation.room_id) == room_id, col(Invitation.id) == invitation_id)
        )
        row = found.first()
        return None if row is None else (row[0], cast("Role | None", row[1]))

    async def page(
        self, room_id: str, *, limit: int, offset: int = 0, granting: Granting | None = None
    ) -> list[tuple[Invitation, Role | None]]:
        """Return the newest invitations first.

        With `granting`, which maps a role to the roles that grant it, only those that hold now: neither revoked nor
        expired, and made by someone whose role still grants theirs.
        """
        statement = _with_maker(room_id).where(col(Invitation.room_id) == room_id)
        if granting is not None:
            statement = statement.where(
                col(Invitation.revoked_at).is_(None),
                col(Invitation.expires_at) > func.now(),
                or_(
                    *(
                        (col(Invitation.role) == role) & col(RoomMember.role).in_(granters)
                        for role, granters in granting.items()
                    )
                ),
            )
        rows = await self._session.exec(
            statement.order_by(col(Invitation.created_at).desc(), col(Invitation.id)).limit(limit).offset(offset)
        )
        return [(invitation, cast("Role | None", role)) for invitation, role in rows.all()]

    async def count_use(self, invitation_id: str) -> bool:
        """Count a membership made or raised; return False, having counted nothing, when it is revoked."""
        counted = await self._session.exec(
            update(Invitation)
            .where(col(Invitation.id) == invitation_id, col(Invitation.revoked_at).is_(None))
            .values(uses=Invitation.uses + 1)
            .returning(col(Invitation.id))
        )
        return counted.first() is not None

    async def revoke(self, room_id: str, invitation_id: str) -> bool:
        """Revoke an invitation; return False, having changed nothing, when there is none or it is revoked already."""
        revoked = await self._session.exec(
            update(Invitation)
            .where(
                col(Invitation.room_id) == room_id,
                col(Invitation.id) == invitation_id,
                col(Invitation.revoked_at).is_(None),
            )
            .values(revoked_at=func.now())
            .returning(col(Invitation.id))
        )
        return revoked.first() is not None


def _with_maker(room_id: str) -> Select[Invitation, str | None]:
    makers = (col(RoomMember.user_id) == col(Invitation.created_by)) & (col(RoomMember.room_id) == room_id)
    return select(Invitation, RoomMember.role).join(RoomMember, makers, isouter=True)
