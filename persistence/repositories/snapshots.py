"""Snapshots of whole documents."""

from __future__ import annotations

from typing import ClassVar

from sqlmodel import col, select

from persistence.repositories.base import BaseRepository
from persistence.tables import DocumentSnapshot


class DocumentSnapshotRepository(BaseRepository[DocumentSnapshot]):
    table: ClassVar[type[DocumentSnapshot]] = DocumentSnapshot

    async def newest(self, room_id: str, *, upto: int | None = None) -> DocumentSnapshot | None:
        """Return the newest snapshot, or the newest of a version that is at most `upto`."""
        statement = select(DocumentSnapshot).where(DocumentSnapshot.room_id == room_id)
        if upto is not None:
            statement = statement.where(DocumentSnapshot.version <= upto)
        return await self._one(statement.order_by(col(DocumentSnapshot.version).desc()).limit(1))
