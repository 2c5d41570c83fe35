"""Backups of rooms: whole, deterministic, of one moment, in little memory."""
# ruff: noqa: ASYNC240 - the files are small

from __future__ import annotations

import asyncio
import gzip
import stat
import tracemalloc
import uuid
from typing import TYPE_CHECKING

import pytest

from persistence.backup import back_up, examine, restore
from persistence.loader import load_room
from persistence.migrate import require_current
from rayrooms.errors import NotFoundError, UnavailableError

from .backups import delete, lines_of
from .lived_in import NOON, NOT_KEPT, OPS, TABLES, rows_of, text_of

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

    from persistence.database import Database

_LONG_LOG = """
    INSERT INTO operations (room_id, version, op_type, position, content, op, user_id, client_id, seq, epoch, at)
    SELECT %(room)s, n, kind, 0, t, CASE kind WHEN 'insert' THEN jsonb_build_array(t)
           ELSE jsonb_build_array(jsonb_build_object('d', t)) END, 'ada', 'c', n, 1, now()
    FROM (SELECT n, CASE WHEN mod(n, 2) = 1 THEN 'insert' ELSE 'delete' END AS kind,
                 repeat(chr(65 + mod((n - 1) / 2, 26)), %(size)s) AS t
          FROM generate_series(1, %(count)s) AS n) AS x"""
"""Something is inserted and deleted again, and so on."""


_BOTH = """
    WITH edit AS (
      INSERT INTO operations (room_id, version, op_type, position, content, op, user_id, client_id, seq, epoch, at)
      VALUES (%(room)s, %(version)s, 'insert', 0, 'x', '["x"]', 'ada', 'busy', %(n)s, 7, now()))
    INSERT INTO messages (room_id, id, user_id, name, content) VALUES (%(room)s, %(n)s::text, 'busy', 'B', 'x')"""
"""An edit and a message, of which neither is ever there without the other."""


async def test_everything_comes_back(
    database: Database, lived_in: str, backup: Path, sql: psycopg.Connection, tmp_path: Path
) -> None:
    """OPS-1: after a deletion and a restore all rows are what they were, and their backup is the same, bytewise."""
    before = rows_of(sql, lived_in)
    assert all(before.values())
    await delete(database, lived_in)
    restored = await restore(database, backup)
    assert (restored.room_id, restored.version, restored.replaced) == (lived_in, len(OPS), False)
    assert rows_of(sql, lived_in) == before
    await back_up(database, lived_in, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == backup.read_bytes()


async def test_no_column_is_forgotten(sql: psycopg.Connection) -> None:
    """OPS-1: each column of each table of a room is either in its backup or known to be the server's."""
    query = "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s"
    for table, columns in TABLES.items():
        there = {name for (name,) in sql.execute(query, (table,)).fetchall()}
        assert there - {"room_id"} == set(columns.split(", ")) | NOT_KEPT.get(table, set()), table
    tables_there = sql.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert {name for (name,) in tables_there} == {*TABLES, "users", "alembic_version"}


async def test_it_is_opened_as_it_was(database: Database, lived_in: str, backup: Path) -> None:
    """OPS-1, G9: a room that loads a restored one has its text, its chat and its clients' last edits."""
    before = await load_room(database, lived_in, log_preload=100, chat_tail=100)
    await restore(database, backup, replace=True)
    after = await load_room(database, lived_in, log_preload=100, chat_tail=100)
    assert after.content == text_of(len(OPS))
    assert (after.content, after.version, after.clients) == (before.content, before.version, before.clients)
    assert after.messages == before.messages


async def test_the_same_room_makes_the_same_file(database: Database, lived_in: str, backup: Path) -> None:
    """OPS-1: whenever and wherever it is written, and whatever the connection's time zone is."""
    other = backup.with_name("other")
    await back_up(database, lived_in, other)
    assert other.read_bytes() == backup.read_bytes()
    assert backup.read_bytes()[3:8] == bytes(5), "gzip's header names a file or a time"
    assert {line["created_at"] for line in lines_of(backup) if line["kind"] == "room"} == {
        NOON.isoformat().replace("+00:00", "Z")
    }


async def test_what_was_taken_back_is_gone(
    database: Database, lived_in: str, backup: Path, sql: psycopg.Connection
) -> None:
    """OPS-1: a backup holds nothing of a deleted message, even if its row still does."""
    before = backup.read_bytes()
    sql.execute(
        """UPDATE messages SET content = 'secret', reactions = '{"x": ["ada"]}' WHERE room_id = %s AND deleted""",
        (lived_in,),
    )
    await back_up(database, lived_in, backup)
    assert backup.read_bytes() == before


async def test_it_is_of_one_moment(database: Database, lived_in: str, sql: psycopg.Connection, tmp_path: Path) -> None:
    """OPS-1: what is committed while it is written is all in it or not at all."""
    path = tmp_path / "moment"
    task = asyncio.create_task(back_up(database, lived_in, path))
    commits = 0
    while not task.done():
        commits += 1
        row = {"room": lived_in, "version": len(OPS) + commits, "n": commits}
        sql.execute(_BOTH, row)
        await asyncio.sleep(0)
    await task
    assert commits
    lines = lines_of(path)
    edits = sum(line["kind"] == "operation" and line["client_id"] == "busy" for line in lines)
    assert edits == sum(line["kind"] == "message" and line["user_id"] == "busy" for line in lines)
    assert examine(path).version == len(OPS) + edits


async def test_a_file_appears_whole_and_private(
    database: Database, lived_in: str, backup: Path, sql: psycopg.Connection
) -> None:
    """OPS-2: a backup that fails leaves what stood there, and nothing beside it; others cannot read it."""
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    before = backup.read_bytes()
    sql.execute("DELETE FROM operations WHERE room_id = %s AND version = 3", (lived_in,))
    with pytest.raises(UnavailableError, match="version 3 is missing") as refusal:
        await back_up(database, lived_in, backup)
    assert refusal.value.code == "room_load_failed"
    with pytest.raises(NotFoundError):
        await back_up(database, "no-such-room", backup)
    assert backup.read_bytes() == before
    assert list(backup.parent.iterdir()) == [backup]
    with pytest.raises(UnavailableError, match="cannot be written"):
        await back_up(database, lived_in, backup.parent / "missing" / "file")


async def test_memory_is_bounded(database: Database, sql: psycopg.Connection, tmp_path: Path) -> None:
    """OPS-6: a log of 12 MB is backed up and restored in less than 6."""
    room_id, count, size = f"long-{uuid.uuid4().hex[:8]}", 6_000, 2_000
    sql.execute("INSERT INTO rooms (id, name, owner_id) VALUES (%s, 'Long', 'ada')", (room_id,))
    sql.execute(_LONG_LOG, {"room": room_id, "size": size, "count": count})
    path = tmp_path / "long"
    tracemalloc.start()
    try:
        await back_up(database, room_id, path)
        restored = await restore(database, path, replace=True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert restored.version == count
    assert len(gzip.decompress(path.read_bytes())) > count * size
    assert peak < count * size / 2, peak


async def test_another_schema_is_refused(url: str, sql: psycopg.Connection) -> None:
    """OPS-9: nothing is read from, or written to, a database that a server of another version has made."""
    require_current(url)
    [(revision,)] = sql.execute("SELECT version_num FROM alembic_version").fetchall()
    for other, why in (("0001", "earlier version"), ("9999", "newer version")):
        sql.execute("UPDATE alembic_version SET version_num = %s", (other,))
        try:
            with pytest.raises(UnavailableError, match=why):
                require_current(url)
        finally:
            sql.execute("UPDATE alembic_version SET version_num = %s", (revision,))
