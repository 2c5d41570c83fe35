"""What Postgres holds of a room, as the records of a file: read row by row, never all at once.

Whoever does not read one of these iterators to its end closes it (`contextlib.aclosing`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import func, select
from sqlmodel import col

from persistence import tables
from persistence.backup import records

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from sqlalchemy import Row, Select
    from sqlmodel.ext.asyncio.session import AsyncSession

RESTORED: Final = "room_restored"
"""What the audit log says of a restore. It is about this server's copy of the room, and not part of a backup."""

_PAGE: Final = 500
"""Rows in memory at a time: operations and messages have at most the size of a client's message."""


@dataclass(frozen=True, slots=True)
class _Source:
    """The table from which one kind of records comes, and the columns that order it."""

    kind: type[records.Record]
    table: Any
    order: tuple[str, ...]
    page: int = _PAGE

    def select(self, room_id: str) -> Select[*tuple[Any, ...]]:
        names = (_COLUMNS.get((self.kind, name), name) for name in self.kind.__struct_fields__)
        columns = [getattr(self.table, name) for name in names]
        statement = select(*columns).where(self.table.room_id == room_id)
        return statement.order_by(*(getattr(self.table, name) for name in self.order))

    def record(self, row: Row[*tuple[Any, ...]]) -> Any:  # noqa: ANN401 - it is of the source's kind
        return self.kind(*(_in_utc(value) for value in row))


_COLUMNS: Final[dict[tuple[type[records.Record], str], str]] = {(records.Conflict, "conflict"): "kind"}
"""Columns that are called otherwise than the field: `kind` tells the lines of a file apart."""

_OPERATIONS: Final = _Source(records.Operation, tables.Operation, ("version",))
_SOURCES: Final = (
    _Source(records.Member, tables.RoomMember, ("joined_at", "user_id")),
    _Source(records.Invitation, tables.Invitation, ("created_at", "id")),
    _OPERATIONS,
    _Source(records.Message, tables.Message, ("created_at", "id")),
    _Source(records.Snapshot, tables.DocumentSnapshot, ("version",), page=1),
    _Source(records.Conflict, tables.ConflictResolution, ("version", "other_version")),
    _Source(records.AuditEvent, tables.AuditEvent, ("id",)),
)


def room_record(row: tables.Room) -> records.Room:
    """The room itself."""
    return records.Room(*(_in_utc(getattr(row, name)) for name in records.Room.__struct_fields__))


async def contents(session: AsyncSession, room_id: str) -> AsyncGenerator[records.Record]:
    """All that belongs to the room, in the order of a file."""
    connection = await session.connection()
    for source in _SOURCES:
        statement = source.select(room_id)
        if source.table is tables.AuditEvent:
            statement = _since_it_was_made(statement, room_id)
        rows = await connection.stream(statement, execution_options={"yield_per": source.page})
        try:
            async for row in rows:
                record = source.record(row)
                yield _without_what_was_taken_back(record) if isinstance(record, records.Message) else record
        finally:
            await rows.close()


async def operations(
    session: AsyncSession, room_id: str, after: int = 0, upto: int | None = None
) -> AsyncGenerator[records.Operation]:
    """The operations with versions in (after, upto], ascending; `upto` None means to the end."""
    connection = await session.connection()
    statement = _OPERATIONS.select(room_id).where(col(tables.Operation.version) > after)
    if upto is not None:
        statement = statement.where(col(tables.Operation.version) <= upto)
    rows = await connection.stream(statement, execution_options={"yield_per": _PAGE})
    try:
        async for row in rows:
            yield _OPERATIONS.record(row)
    finally:
        await rows.close()


def _since_it_was_made(events: Select[*tuple[Any, ...]], room_id: str) -> Select[*tuple[Any, ...]]:
    """Who had the room's id before is nobody's business, as in `AuditRepository.page`."""
    row = tables.AuditEvent
    deleted = select(func.max(row.id)).where(col(row.room_id) == room_id, col(row.action) == "room_deleted")
    return events.where(col(row.id) > func.coalesce(deleted.scalar_subquery(), 0), col(row.action) != RESTORED)


def _without_what_was_taken_back(message: records.Message) -> records.Message:
    """Nothing of what a deleted one said, even if its row still holds it."""
    return msgspec.structs.replace(message, content="", reactions={}) if message.deleted else message


def _in_utc(value: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    return value.astimezone(UTC) if isinstance(value, datetime) else value
