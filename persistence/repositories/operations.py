"""The log of committed operations, read by version and by edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sqlmodel import col, select

from persistence.repositories.base import BaseRepository
from persistence.tables import Operation

if TYPE_CHECKING:
    from datetime import datetime


class OperationRepository(BaseRepository[Operation]):
    table: ClassVar[type[Operation]] = Operation

    async def range(self, room_id: str, after: int, upto: int | None, *, limit: int) -> list[Operation]:
        """Return at most `limit` operations with versions in (after, upto], ascending; `upto` None means to the end."""
        statement = select(Operation).where(Operation.room_id == room_id, Operation.version > after)
        if upto is not None:
            statement = statement.where(Operation.version <= upto)
        return await self._all(statement.order_by(col(Operation.version)).limit(limit))

    async def page(self, room_id: str, *, limit: int, before: int | None = None) -> list[Operation]:
        """Return the newest operations first, those below version `before` when it is given."""
        statement = select(Operation).where(Operation.room_id == room_id)
        if before is not None:
            statement = statement.where(Operation.version < before)
        return await self._all(statement.order_by(col(Operation.version).desc()).limit(limit))

    async def head(self, room_id: str) -> tuple[int, datetime] | None:
        """Return the newest version and its time, None when nothing was ever committed."""
        newest = await self._session.exec(
            select(Operation.version, Operation.at)
            .where(Operation.room_id == room_id)
            .order_by(col(Operation.version).desc())
            .limit(1)
        )
        return newest.first()

    async def result_of(self, room_id: str, client_id: str, seq: int) -> int | None:
        """Return the version that the client's edit `seq` became, None when it is not in the log."""
        found = await self._session.exec(
            select(Operation.version).where(
                Operation.room_id == room_id, Operation.client_id == client_id, Operation.seq == seq
            )
        )
        return found.first()

    async def last_seq(self, room_id: str, client_id: str) -> tuple[int, int] | None:
        """Return the client's newest `(seq, version)` in the log, None when it has none."""
        found = await self._session.exec(
            select(Operation.seq, Operation.version)
            .where(Operation.room_id == room_id, Operation.client_id == client_id)
            .order_by(col(Operation.seq).desc())
            .limit(1)
        )
        return found.first()
