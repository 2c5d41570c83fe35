"""Restoring: one file into one room, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, insert, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from persistence import tables
from persistence.backup import records
from persistence.backup.check import examine
from persistence.backup.file import BackupReader
from persistence.backup.stored import RESTORED
from persistence.epochs import fresh_epoch
from persistence.repositories import OPERATOR, RoomRepository
from rayrooms import text
from rayrooms.errors import ConflictError, InvalidError

if TYPE_CHECKING:
    from pathlib import Path

    from sqlmodel.ext.asyncio.session import AsyncSession

    from persistence.backup.check import Contents
    from persistence.database import Database

_PAGE_ROWS: Final = 500
_PAGE_BYTES: Final = 4 * 1024 * 1024
_IN_THE_ROOM: Final = (
    tables.RoomMember,
    tables.Invitation,
    tables.Operation,
    tables.Message,
    tables.DocumentSnapshot,
    tables.ConflictResolution,
)


@dataclass(frozen=True, slots=True)
class Restored:
    """A room that was restored: its version, the epoch above which its owners are, whether there was one before."""

    room_id: str
    version: int
    epoch: int
    replaced: bool


async def restore(database: Database, path: Path, *, room_id: str | None = None, replace: bool = False) -> Restored:
    """Make the room of a file, under another id if one is given; with `replace`, in the place of the one that exists.

    Nobody sees anything of it before all of it is there. Whoever owns the replaced room is fenced. A copy under another
    id has no invitations: the links that were given out lead to the room that they were made for.

    Raises InvalidError for a file that cannot be restored, ConflictError(already_exists) when there is such a room and
    it is not to be replaced, UnavailableError when file or database cannot be read. Then nothing was changed.
    """
    found = examine(path)
    target = room_id or found.room.id
    try:
        async with database.session() as session:
            existing = await _hold(session, target)
            if existing is not None and not replace:
                raise ConflictError(f"The room {target} already exists.", code="already_exists")
            epoch = await fresh_epoch(session, existing.owner_epoch if existing else 0)
            if existing is None:
                await RoomRepository(session).create(_room(found.room, target, epoch))
            else:
                await _empty(session, _room(found.room, target, epoch))
            await _fill(session, path, target, epoch, found)
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise InvalidError(f"{path} cannot be restored: the database does not take it ({reason}).") from error
    return Restored(target, found.version, epoch, replaced=existing is not None)


async def _hold(session: AsyncSession, room_id: str) -> tables.Room | None:
    """The room, which nobody claims, deletes or writes to before this transaction ends."""
    return (await session.exec(select(tables.Room).where(tables.Room.id == room_id).with_for_update())).first()


async def _empty(session: AsyncSession, room: tables.Room) -> None:
    """Take everything out of the room. The row itself stays: a claim that waits for it finds the room, and not none."""
    connection = await session.connection()
    for table in _IN_THE_ROOM:
        await connection.execute(delete(table).where(col(table.room_id) == room.id))
    values = room.model_dump(exclude={"id"})
    await connection.execute(update(tables.Room).where(col(tables.Room.id) == room.id).values(**values))
    deleted = {"room_id": room.id, "action": "room_deleted", "actor_id": OPERATOR, "at": tables.utc_now()}
    await connection.execute(insert(tables.AuditEvent).values(**deleted))


async def _fill(session: AsyncSession, path: Path, room_id: str, epoch: int, found: Contents) -> None:
    """Write what is in the file; it is read anew, and has to be what it was."""
    pages = _Pages(session, room_id, epoch)
    reader = BackupReader(path)
    for record, size in reader:
        if isinstance(record, records.Room):
            if record != found.room:
                raise InvalidError(f"{path} cannot be restored: it was changed meanwhile.")
        elif not isinstance(record, records.Invitation) or room_id == found.room.id:
            await pages.add(record, size)
    if reader.counts != found.counts:
        raise InvalidError(f"{path} cannot be restored: it was changed meanwhile.")
    restored = {"room_id": room_id, "action": RESTORED, "actor_id": OPERATOR, "at": tables.utc_now()}
    await pages.end()
    await (await session.connection()).execute(insert(tables.AuditEvent).values(**restored))


class _Pages:
    """Rows on their way into their tables, some at a time."""

    def __init__(self, session: AsyncSession, room_id: str, epoch: int) -> None:
        self._session = session
        self._room_id = room_id
        self._epoch = epoch
        self._table: type[tables.Table] | None = None
        self._rows: list[dict[str, Any]] = []
        self._bytes = 0

    async def add(self, record: records.Record, size: int) -> None:
        """Take a row; `size` is about how many bytes it has."""
        table, row = _row(record, self._room_id, self._epoch)
        if table is not self._table or len(self._rows) >= _PAGE_ROWS or self._bytes + size > _PAGE_BYTES:
            await self.end()
        self._table = table
        self._rows.append(row)
        self._bytes += size

    async def end(self) -> None:
        """Write what was taken."""
        if self._table is not None and self._rows:
            await (await self._session.connection()).execute(insert(self._table), self._rows)
        self._rows, self._bytes = [], 0


def _room(record: records.Room, room_id: str, epoch: int) -> tables.Room:
    return tables.Room(
        id=room_id,
        name=record.name,
        description=record.description,
        owner_id=record.owner_id,
        private=record.private,
        max_users=record.max_users,
        language=record.language,
        owner_epoch=epoch,
        created_at=record.created_at,
        updated_at=record.updated_at,
    )


def _row(record: records.Record, room_id: str, epoch: int) -> tuple[type[tables.Table], dict[str, Any]]:
    """The table that a record stands in, and its row there."""
    match record:
        case records.Member():
            return tables.RoomMember, {"room_id": room_id, "active": False, **_fields(record)}
        case records.Invitation():
            return tables.Invitation, {"room_id": room_id, **_fields(record)}
        case records.Operation():
            return tables.Operation, operation_row(record, room_id, epoch)
        case records.Message():
            return tables.Message, {"room_id": room_id, **_fields(record)}
        case records.Snapshot():
            size = len(record.content.encode())
            return tables.DocumentSnapshot, {
                "room_id": room_id,
                "version_epoch": epoch if record.version else 0,
                "size_bytes": size,
                **_fields(record),
            }
        case records.Conflict():
            fields = _fields(record)
            return tables.ConflictResolution, {"room_id": room_id, "kind": fields.pop("conflict"), **fields}
        case records.AuditEvent():
            return tables.AuditEvent, {"room_id": room_id, **_fields(record)}
        case records.Room():
            raise TypeError("A room is not in a room.")


def operation_row(record: records.Operation, room_id: str, epoch: int) -> dict[str, Any]:
    """An operation as the writer stores it."""
    described = text.describe(record.op)
    return {
        "room_id": room_id,
        "op_type": described.type,
        "position": described.position,
        "content": described.content,
        "epoch": epoch,
        **_fields(record),
    }


def _fields(record: records.Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__struct_fields__}
