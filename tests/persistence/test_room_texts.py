"""Rooms as plain texts: at any version, as a history, and new from a text."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from persistence import tables
from persistence.backup import history, import_text, text_at
from persistence.loader import load_room, replay
from persistence.repositories import AuditRepository, RoomRepository, UserRepository
from rayrooms import text
from rayrooms.errors import ConflictError, InvalidError, NotFoundError, RayroomsError, UnavailableError

from .lived_in import NOON, OPS, text_of

if TYPE_CHECKING:
    import psycopg

    from persistence.database import Database


async def test_the_text_at_every_version(database: Database, lived_in: str) -> None:
    """OPS-8, G1: from snapshot and log as from the log alone."""
    for version in range(len(OPS) + 1):
        assert (
            await text_at(database, lived_in, version) == text_of(version) == await replay(database, lived_in, version)
        )
    assert await text_at(database, lived_in) == text_of(len(OPS))
    with pytest.raises(InvalidError, match="is at version 5") as refusal:
        await text_at(database, lived_in, len(OPS) + 1)
    assert refusal.value.code == "future_version"
    with pytest.raises(NotFoundError):
        await text_at(database, "no-such-room")


async def test_a_damaged_log_has_no_text(database: Database, lived_in: str, sql: psycopg.Connection) -> None:
    """OPS-8: an error, never another text."""
    sql.execute('UPDATE operations SET op = \'[{"d": "no"}]\' WHERE room_id = %s AND version = 5', (lived_in,))
    with pytest.raises(UnavailableError, match="operation 5 does not fit"):
        await text_at(database, lived_in)
    sql.execute("DELETE FROM document_snapshots WHERE room_id = %s", (lived_in,))
    sql.execute("DELETE FROM operations WHERE room_id = %s AND version = 2", (lived_in,))
    with pytest.raises(UnavailableError, match="version 2 is missing"):
        await text_at(database, lived_in, 3)


async def test_the_history_is_the_log(database: Database, lived_in: str) -> None:
    """OPS-8: every operation with its author and time, first to last."""
    found = [operation async for operation in history(database, lived_in)]
    assert [operation.op for operation in found] == OPS
    assert [operation.version for operation in found] == [1, 2, 3, 4, 5]
    assert found[0].at == NOON + timedelta(seconds=1, microseconds=1)
    with pytest.raises(NotFoundError):
        [operation async for operation in history(database, "no-such-room")]


async def test_an_imported_text(database: Database) -> None:
    """OPS-8: a new room, whose history begins with the text, by its owner, in portions that a client could send."""
    async with database.session() as session:
        await UserRepository(session).upsert("importer", "Im Porter", None, "#000000")
    content = "😀line\r\n" * 20_000
    room_id = f"imported-{uuid.uuid4().hex[:8]}"
    room = tables.Room(id=room_id, name="Imported", owner_id="importer")
    version = await import_text(database, room, content)
    operations = [operation async for operation in history(database, room_id)]
    assert version == len(operations) == 3
    assert {operation.user_id for operation in operations} == {"importer"}
    assert all(len(json.dumps(one.op, ensure_ascii=False).encode()) < 256 * 1024 for one in operations)
    for operation in operations:
        text.check(operation.op)
    loaded = await load_room(database, room_id, log_preload=0, chat_tail=0)
    assert loaded.content == content == await text_at(database, room_id)
    async with database.session() as session:
        [event] = await AuditRepository(session).page(room_id, limit=9)
        _, member = await RoomRepository(session).visited(room_id, "importer")
    assert (event.action, event.actor_id) == ("room_created", "importer")
    assert member is not None
    assert (member.role, member.name) == ("owner", "Im Porter")
    empty = tables.Room(id=f"{room_id}-0", name="Empty", owner_id="importer")
    assert await import_text(database, empty, "") == 0


async def test_what_cannot_be_imported(database: Database, sql: psycopg.Connection) -> None:
    """OPS-8: for nobody, under an id that is taken, or with what no room can hold; nothing is left of it."""
    async with database.session() as session:
        await UserRepository(session).upsert("importer", "Im Porter", None, "#000000")
    room_id = f"imported-{uuid.uuid4().hex[:8]}"

    def room(owner: str = "importer") -> tables.Room:
        return tables.Room(id=room_id, name="Imported", owner_id=owner)

    refusals: list[tuple[type[RayroomsError], tables.Room, str]] = [
        (NotFoundError, room("nobody"), "x"),
        (InvalidError, room(), "a\0b"),
    ]
    for kind, wanted, content in refusals:
        with pytest.raises(kind):
            await import_text(database, wanted, content)
    assert sql.execute("SELECT * FROM rooms WHERE id = %s", (room_id,)).fetchall() == []
    await import_text(database, room(), "first")
    with pytest.raises(ConflictError):
        await import_text(database, room(), "second")
    assert await text_at(database, room_id) == "first"
