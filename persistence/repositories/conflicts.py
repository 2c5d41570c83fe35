"""How concurrent operations on the same place were resolved."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import func
from sqlmodel import col, select

from persistence.repositories.base import BaseRepository
from persistence.tables import ConflictResolution


class ConflictRepository(BaseRepository[ConflictResolution]):
    table: ClassVar[type[ConflictResolution]] = ConflictResolution

    async def page(self, room_id: str, *, limit: int, offset: int = 0) -> list[ConflictResolution]:
        """Return the newest conflicts first."""
        return await self._all(
            select(ConflictResolution)
            .where(ConflictResolution.room_id == room_id)
            .order_by(col(ConflictResolution.version).desc(), col(ConflictResolution.other_version).desc())
            .limit(limit)
            .offset(offset)
        )

    async def summary(self, room_id: str) -> dict[str, int]:
        """Return how many conflicts of each kind the room has had."""
        counted = await self._session.exec(
            select(ConflictResolution.kind, func.count())
            .where(ConflictResolution.room_id == room_id)
            .group_by(col(ConflictResolution.kind))
        )
        return dict(counted.all())
