"""The log of a room as one: what Postgres has and what only the live room's memory has yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from persistence.repositories import DocumentSnapshotRepository, OperationRepository
from rayrooms.errors import ConflictError, UnavailableError
from rayrooms.text import describe
from serve.schemas.operations import LoggedOperation

if TYPE_CHECKING:
    from persistence.database import Database
    from persistence.tables import Operation as OperationRow
    from rayrooms.protocol import EditType
    from serve.services.live import LiveOp, LiveRooms, LiveState


@dataclass(frozen=True, slots=True)
class Head:
    """Where a room's document stands; `live` is its state in memory, None when asleep."""

    version: int
    last_update: datetime | None
    live: LiveState | None


class RoomHistory:
    """Reads of a live room see its memory, reads of a sleeping one come from Postgres and do not wake it.

    Memory is always read first: whatever leaves it between the two reads is in Postgres by then, so that the two join
    without a gap.
    """

    def __init__(self, database: Database, live: LiveRooms) -> None:
        self._database = database
        self._live = live

    async def head(self, room_id: str) -> Head:
        """The newest version."""
        live = await self._live.peek(room_id)
        if live is not None:
            return Head(live.version, None if live.last_update is None else at_utc(live.last_update), live)
        async with self._database.session() as session:
            newest = await OperationRepository(session).head(room_id)
            if newest is not None:
                return Head(newest[0], newest[1], None)
            snapshot = await DocumentSnapshotRepository(session).newest(room_id)
        return Head(0, None, None) if snapshot is None else Head(snapshot.version, snapshot.created_at, None)

    async def operations(self, room_id: str, after: int, upto: int) -> list[LoggedOperation]:
        """The commits of (after, upto], ascending and without gaps.

        Raises ConflictError(version_too_old) when the log begins later, UnavailableError(room_load_failed) when it has
        a gap: a caller is never given what does not apply.
        """
        if upto <= after:
            return []
        tail = await self._live.tail(room_id, after, upto) or []
        in_memory_from = tail[0].version if tail else upto + 1
        merged: list[LoggedOperation] = []
        if in_memory_from > after + 1:
            async with self._database.session() as session:
                rows = await OperationRepository(session).range(
                    room_id, after, in_memory_from - 1, limit=in_memory_from - 1 - after
                )
            merged += [_from_row(row) for row in rows]
        merged += [_from_live(room_id, entry) for entry in tail]
        for expected, operation in enumerate(merged, after + 1):
            if operation.version == expected:
                continue
            if expected == after + 1:
                raise ConflictError(f"The log no longer reaches back to version {after}.", code="version_too_old")
            raise UnavailableError(f"The log has a gap before version {operation.version}.", code="room_load_failed")
        return merged


def at_utc(seconds: float) -> datetime:
    """Unix time as a timestamp."""
    return datetime.fromtimestamp(seconds, UTC)


def operation_id(room_id: str, version: int) -> str:
    """The name of a commit: unique, since a version is committed once."""
    return f"{room_id}:{version}"


def _from_row(row: OperationRow) -> LoggedOperation:
    return LoggedOperation(
        operation_id=operation_id(row.room_id, row.version),
        version=row.version,
        op_type=cast("EditType", row.op_type),
        position=row.position,
        content=row.content,
        op=row.op,
        user_id=row.user_id,
        client_id=row.client_id,
        seq=row.seq,
        timestamp=row.at,
    )


def _from_live(room_id: str, entry: LiveOp) -> LoggedOperation:
    described = describe(entry.op)
    return LoggedOperation(
        operation_id=operation_id(room_id, entry.version),
        version=entry.version,
        op_type=described.type,
        position=described.position,
        content=described.content,
        op=entry.op,
        user_id=entry.user_id,
        client_id=entry.client_id,
        seq=entry.seq,
        timestamp=at_utc(entry.at),
    )
