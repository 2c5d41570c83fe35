"""One transaction for all rooms of the node: owners are locked, stale ones left out, the rest written set by set."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection, AsyncCursor

    from persistence.feed import MemberSeen
    from persistence.writer.batch import Batch, Owner, RoomRecords

# The share lock lets nobody claim or delete the room before this transaction ends. A row that somebody else has locked
# is skipped instead of waited for: one room must not hold up the others.
_LOCK: Final = """
SELECT r.id, (SELECT o.version FROM operations o WHERE o.room_id = r.id ORDER BY o.version DESC LIMIT 1)
FROM rooms r JOIN unnest(%b::text[], %b::int8[]) AS f (room_id, epoch) ON r.id = f.room_id AND r.owner_epoch = f.epoch
ORDER BY r.id FOR SHARE OF r SKIP LOCKED"""

_EPOCHS: Final = "SELECT id, owner_epoch FROM rooms WHERE id = ANY(%b::text[])"

_OPERATIONS: Final = """
INSERT INTO operations (room_id, version, op_type, position, content, op, user_id, client_id, seq, epoch, at)
SELECT room_id, version, op_type, position, content, op::jsonb, user_id, client_id, seq, epoch, to_timestamp(at)
FROM unnest(%b::text[], %b::int8[], %b::text[], %b::int4[], %b::text[], %b::text[], %b::text[], %b::text[], %b::int8[],
            %b::int8[], %b::float8[])
  AS o (room_id, version, op_type, position, content, op, user_id, client_id, seq, epoch, at)
ON CONFLICT DO NOTHING"""

_FORKED: Final = """
SELECT DISTINCT f.room_id
FROM unnest(%b::text[], %b::int8[], %b::text[], %b::int8[], %b::int8[]) AS f (room_id, version, client_id, seq, epoch)
LEFT JOIN operations o ON o.room_id = f.room_id AND o.version = f.version
WHERE (o.client_id, o.seq, o.epoch) IS DISTINCT FROM (f.client_id, f.seq, f.epoch)"""

_SNAPSHOTS: Final = """
INSERT INTO document_snapshots (room_id, version, version_epoch, content, size_bytes, clients, created_at)
SELECT room_id, version, version_epoch, content, octet_length(content), clients::jsonb, to_timestamp(at)
FROM unnest(%b::text[], %b::int8[], %b::int8[], %b::text[], %b::text[], %b::float8[])
  AS s (room_id, version, version_epoch, content, clients, at)
ON CONFLICT DO NOTHING"""

_PRUNE: Final = """
DELETE FROM document_snapshots s
USING (
  SELECT r.room_id, (SELECT k.version FROM document_snapshots k WHERE k.room_id = r.room_id
                     ORDER BY k.version DESC OFFSET %b - 1 LIMIT 1) AS oldest_kept
  FROM unnest(%b::text[]) AS r (room_id)
) AS kept
WHERE s.room_id = kept.room_id AND s.version < kept.oldest_kept"""

_MESSAGES: Final = """
INSERT INTO messages (room_id, id, user_id, name, content, reply_to, reactions, edited, deleted, created_at)
SELECT room_id, id, user_id, name, content, reply_to, reactions::jsonb, edited, deleted, to_timestamp(at)
FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::bool[], %b::bool[],
            %b::float8[])
  AS m (room_id, id, user_id, name, content, reply_to, reactions, edited, deleted, at)
ON CONFLICT (room_id, id) DO UPDATE
SET content = excluded.content, reactions = excluded.reactions, edited = excluded.edited, deleted = excluded.deleted"""

_CONFLICTS: Final = """
INSERT INTO conflict_resolutions (room_id, version, other_version, user_id, other_user_id, kind, strategy, created_at)
SELECT room_id, version, other_version, user_id, other_user_id, kind, strategy, to_timestamp(at)
FROM unnest(%b::text[], %b::int8[], %b::int8[], %b::text[], %b::text[], %b::text[], %b::text[], %b::float8[])
  AS c (room_id, version, other_version, user_id, other_user_id, kind, strategy, at)
ON CONFLICT DO NOTHING"""

_MEMBERS: Final = """
UPDATE room_members m SET active = s.active, last_seen = to_timestamp(s.at)
FROM unnest(%b::text[], %b::text[], %b::bool[], %b::float8[]) AS s (room_id, user_id, active, at)
WHERE m.room_id = s.room_id AND m.user_id = s.user_id AND (m.last_seen IS NULL OR m.last_seen <= to_timestamp(s.at))"""

_to_json = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Outcome:
    """What became of each owner's records.

    `stale` tells the room's present epoch, 0 when it is gone; `refused` tells why, and in `written` as well means that
    what came before the refused record is written; `locked` rooms are to be tried again.
    """

    written: set[Owner] = field(default_factory=set)
    stale: dict[Owner, int] = field(default_factory=dict)
    refused: dict[Owner, str] = field(default_factory=dict)
    locked: set[Owner] = field(default_factory=set)

    def merge(self, other: Outcome) -> Outcome:
        return Outcome(
            self.written | other.written,
            self.stale | other.stale,
            self.refused | other.refused,
            self.locked | other.locked,
        )


class ForkedError(Exception):
    """Rooms whose log already holds other operations under the same versions; the transaction was rolled back."""

    def __init__(self, room_ids: set[str]) -> None:
        super().__init__(room_ids)
        self.room_ids = room_ids


async def write(connection: AsyncConnection, batch: Batch, *, snapshots_kept: int) -> Outcome:
    """Write the batch in one transaction and say what became of it.

    Raises ForkedError, and psycopg's errors; either way nothing was written.
    """
    outcome = Outcome()
    async with connection.transaction(), connection.cursor(binary=True) as cursor:
        rooms: list[RoomRecords] = []
        heads = await _lock(cursor, batch, outcome)
        for owner, records in batch.rooms.items():
            if owner.is_gateway:
                rooms.append(records)
            elif owner in heads:
                gap = records.gap_after(heads[owner])
                if gap is not None:
                    outcome.refused[owner] = gap
                    continue
                rooms.append(records)
            if records.poison is not None and owner not in outcome.stale:
                outcome.refused[owner] = records.poison
        await _insert_operations(cursor, rooms)
        await _insert_snapshots(cursor, rooms, snapshots_kept)
        await _upsert_messages(cursor, rooms)
        await _insert_conflicts(cursor, rooms)
        await _update_members(cursor, rooms)
    outcome.written.update(records.owner for records in rooms)
    return outcome


async def _lock(cursor: AsyncCursor, batch: Batch, outcome: Outcome) -> dict[Owner, int]:
    """Lock the rooms whose owners are the present ones; return the heads of their logs."""
    asked = [owner for owner in batch.rooms if not owner.is_gateway]
    if not asked:
        return {}
    room_ids = [owner.room_id for owner in asked]
    await cursor.execute(_LOCK, [room_ids, [owner.epoch for owner in asked]], prepare=True)
    present: dict[str, int] = {room_id: head or 0 for room_id, head in await cursor.fetchall()}
    if len(present) == len(asked):
        return {owner: present[owner.room_id] for owner in asked}
    await cursor.execute(_EPOCHS, [room_ids], prepare=True)
    epochs: dict[str, int] = dict(await cursor.fetchall())
    heads: dict[Owner, int] = {}
    for owner in asked:
        if epochs.get(owner.room_id) != owner.epoch:
            outcome.stale[owner] = epochs.get(owner.room_id, 0)
        elif owner.room_id in present:
            heads[owner] = present[owner.room_id]
        else:
            outcome.locked.add(owner)
    return heads


async def _insert_operations(cursor: AsyncCursor, rooms: list[RoomRecords]) -> None:
    rows = [
        (
            room.owner.room_id,
            op.version,
            edit.type,
            edit.position,
            edit.content,
            op.op.decode(),
            op.user_id,
            op.client_id,
            op.seq,
            room.owner.epoch,
            op.at,
        )
        for room in rooms
        for op, edit in room.ops.values()
    ]
    if not rows:
        return
    columns = _columns(rows)
    await cursor.execute(_OPERATIONS, columns, prepare=True)
    if cursor.rowcount == len(rows):
        return
    # Some were there already: the same ones, sent again, or those of another owner.
    room_ids, versions, client_ids, seqs, epochs = (columns[at] for at in (0, 1, 7, 8, 9))
    await cursor.execute(_FORKED, [room_ids, versions, client_ids, seqs, epochs])
    forked = {room_id for (room_id,) in await cursor.fetchall()}
    if forked:
        raise ForkedError(forked)


async def _insert_snapshots(cursor: AsyncCursor, rooms: list[RoomRecords], kept: int) -> None:
    rows = [
        (
            room.owner.room_id,
            snapshot.version,
            snapshot.version_epoch,
            snapshot.content,
            _to_json(snapshot.clients).decode(),
            snapshot.at,
        )
        for room in rooms
        for snapshot in room.snapshots.values()
    ]
    if rows:
        await cursor.execute(_SNAPSHOTS, _columns(rows))
        await cursor.execute(_PRUNE, [kept, sorted({row[0] for row in rows})])


async def _upsert_messages(cursor: AsyncCursor, rooms: list[RoomRecords]) -> None:
    rows = [
        (
            room.owner.room_id,
            message.id,
            message.user_id,
            message.name,
            message.content,
            message.reply_to,
            _to_json(message.reactions).decode(),
            message.edited,
            message.deleted,
            message.at,
        )
        for room in rooms
        for message in room.messages.values()
    ]
    if rows:
        await cursor.execute(_MESSAGES, _columns(rows), prepare=True)


async def _insert_conflicts(cursor: AsyncCursor, rooms: list[RoomRecords]) -> None:
    rows = [
        (
            room.owner.room_id,
            conflict.version,
            conflict.other_version,
            conflict.user_id,
            conflict.other_user_id,
            conflict.kind,
            conflict.strategy,
            conflict.at,
        )
        for room in rooms
        for conflict in room.conflicts.values()
    ]
    if rows:
        await cursor.execute(_CONFLICTS, _columns(rows), prepare=True)


async def _update_members(cursor: AsyncCursor, rooms: list[RoomRecords]) -> None:
    latest: dict[tuple[str, str], MemberSeen] = {}
    for room in rooms:
        for key, seen in room.members.items():
            if key not in latest or latest[key].at <= seen.at:
                latest[key] = seen
    rows = [(room_id, user_id, seen.active, seen.at) for (room_id, user_id), seen in sorted(latest.items(), key=_key)]
    if rows:
        await cursor.execute(_MEMBERS, _columns(rows), prepare=True)


def _key(item: tuple[tuple[str, str], MemberSeen]) -> tuple[str, str]:
    return item[0]


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
