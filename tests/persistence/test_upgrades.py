"""Databases of earlier versions, full of data, are brought forward; those of later versions are refused."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from persistence.archive import Archive
from persistence.database import Database
from persistence.dsn import libpq_url, sqlalchemy_url
from persistence.migrate import alembic_config, upgrade
from persistence.partition import partition
from persistence.repositories import (
    ConflictRepository,
    DocumentSnapshotRepository,
    InvitationRepository,
    MessageRepository,
    OperationRepository,
    PersonalRepository,
    RoomMemberRepository,
    RoomRepository,
    UserRepository,
)
from persistence.settings import Settings
from rayrooms.errors import UnavailableError

from .databases import PARTITIONS, differences

if TYPE_CHECKING:
    from collections.abc import Iterator

REVISIONS = [script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()][::-1]

AT = "2026-01-02 03:04:05.678901+00"
ROWS: dict[str, list[dict[str, Any]]] = {
    "users": [
        {
            "id": "ada",
            "name": "Ada 👋",
            "email": "ada@example.org",
            "colour": "#1b62b8",
            "status": "online",
            "last_seen": AT,
        },
        {"id": "bob", "name": "Bob"},
    ],
    "rooms": [
        {
            "id": "old",
            "name": "An old room",
            "description": "made long ago",
            "owner_id": "ada",
            "private": True,
            "max_users": 7,
            "language": "python",
            "owner_epoch": 3,
        }
    ],
    "room_members": [
        {"room_id": "old", "user_id": "ada", "name": "Ada 👋", "role": "owner", "joined_at": AT},
        {"room_id": "old", "user_id": "bob", "name": "Bob", "role": "viewer", "active": True, "last_seen": AT},
    ],
    "invitations": [
        {"id": "link", "room_id": "old", "role": "member", "created_by": "ada", "expires_at": "2036-01-01", "uses": 2}
    ],
    "audit_events": [
        {"room_id": "old", "at": AT, "action": "role_changed", "actor_id": "ada", "user_id": "bob", "role": "viewer"}
    ],
    "operations": [
        {
            "room_id": "old",
            "version": version,
            "op_type": "insert",
            "position": 0,
            "content": letter,
            "op": f'["{letter}"]',
            "user_id": "ada",
            "client_id": "desk",
            "seq": version,
            "epoch": 2,
            "at": AT,
        }
        for version, letter in enumerate(("c", "b", "😀"), 1)
    ],
    "messages": [
        {"room_id": "old", "id": "m1", "user_id": "ada", "name": "Ada", "content": "hello", "created_at": AT},
        {
            "room_id": "old",
            "id": "m2",
            "user_id": "bob",
            "name": "Bob",
            "content": "",
            "reply_to": "m1",
            "reactions": "{}",
            "deleted": True,
            "created_at": "2026-02-02",
        },
    ],
    "document_snapshots": [
        {
            "room_id": "old",
            "version": 2,
            "version_epoch": 2,
            "content": "bc",
            "size_bytes": 2,
            "clients": '{"desk": [2, 2, "ada"]}',
        }
    ],
    "conflict_resolutions": [
        {
            "room_id": "old",
            "version": 3,
            "other_version": 2,
            "user_id": "ada",
            "other_user_id": "bob",
            "kind": "insert-insert",
            "strategy": "left",
        }
    ],
}
"""What a server of any version could have stored. A table or column that is new is added here with its migration."""


@pytest.fixture
def at_revision(url: str, sql: psycopg.Connection, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database as the server of that revision left it, with something in every table."""
    name = f"old_{uuid.uuid4().hex}"
    sql.execute(f"CREATE DATABASE {name}")
    made = url.replace("/postgres?", f"/{name}?")
    _migrate_to(made, request.param)
    with psycopg.connect(libpq_url(made), autocommit=True) as connection:
        _fill(connection)
    yield made
    sql.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _migrate_to(url: str, revision: str) -> None:
    engine = create_engine(sqlalchemy_url(url))
    with engine.connect() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    engine.dispose()


def _fill(connection: psycopg.Connection) -> None:
    columns = connection.execute(
        "SELECT table_name, array_agg(column_name::text) FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name <> 'alembic_version' GROUP BY table_name"
    ).fetchall()
    there: dict[str, list[str]] = dict(columns)
    assert set(there) <= set(ROWS), "a table that no row of this test is for"
    for table in [table for table in ROWS if table in there]:
        for row in ROWS[table]:
            known = {name: value for name, value in row.items() if name in there[table]}
            places = ", ".join(["%s"] * len(known))
            connection.execute(f"INSERT INTO {table} ({', '.join(known)}) VALUES ({places})", list(known.values()))


@pytest.mark.parametrize("at_revision", REVISIONS, indirect=True)
async def test_data_of_every_earlier_version_is_there_after_the_upgrade(
    at_revision: str, request: pytest.FixtureRequest
) -> None:
    """UPG-4: all that was stored is read as it was, through the repositories and as a room that is opened."""
    revision = request.node.callspec.params["at_revision"]
    await asyncio.to_thread(upgrade, at_revision)
    database = Database(at_revision, pool_size=1)
    try:
        await _check(database, with_invitations=revision >= "0002")
        loaded = await Archive(database, Settings()).load("old")
        assert (loaded.content, loaded.version) == ("😀bc", 3)
        assert await Archive(database, Settings()).claim("old") == 4
    finally:
        await database.close()


@pytest.mark.parametrize("at_revision", REVISIONS, indirect=True)
async def test_a_database_with_its_log_in_partitions_is_migrated_as_any_other(at_revision: str) -> None:
    """SCALE-4, UPG-4: whatever version it is of, it ends with the schema of the models and all that was in it."""
    assert await asyncio.to_thread(partition, at_revision, PARTITIONS)
    await asyncio.to_thread(upgrade, at_revision)
    assert differences(at_revision) == []
    database = Database(at_revision, pool_size=1)
    try:
        loaded = await Archive(database, Settings()).load("old")
    finally:
        await database.close()
    assert (loaded.content, loaded.version) == ("😀bc", 3)


async def _check(database: Database, *, with_invitations: bool) -> None:
    async with database.session() as session:
        ada = await UserRepository(session).get("ada")
        assert (ada.name, ada.email, ada.status) == ("Ada 👋", "ada@example.org", "online")
        assert (await UserRepository(session).get("bob")).status == "offline"
        room = await RoomRepository(session).get("old")
        assert (room.name, room.private, room.max_users, room.language, room.owner_epoch) == (
            "An old room",
            True,
            7,
            "python",
            3,
        )
        members = await RoomMemberRepository(session).page("old", limit=10)
        assert {(member.user_id, member.role, member.active) for member in members} == {
            ("ada", "owner", False),
            ("bob", "viewer", True),
        }
        (listed,) = await PersonalRepository(session).rooms("bob", scope="mine", search="old", limit=5)
        assert (listed.room.id, listed.role, listed.owner_name) == ("old", "viewer", "Ada 👋")
        assert await PersonalRepository(session).owned("ada") == 1
        log = await OperationRepository(session).range("old", 0, None, limit=10)
        assert [(one.version, one.op, one.seq, one.epoch) for one in log] == [
            (1, ["c"], 1, 2),
            (2, ["b"], 2, 2),
            (3, ["😀"], 3, 2),
        ]
        assert await OperationRepository(session).result_of("old", "desk", 2) == 2
        messages = await MessageRepository(session).page("old", limit=10)
        assert [(one.id, one.content, one.reply_to, one.deleted) for one in messages] == [
            ("m2", "", "m1", True),
            ("m1", "hello", None, False),
        ]
        snapshot = await DocumentSnapshotRepository(session).newest("old")
        assert snapshot is not None
        assert (snapshot.version, snapshot.content, dict(snapshot.clients)["desk"][0]) == (2, "bc", 2)
        assert await ConflictRepository(session).summary("old") == {"insert-insert": 1}
        invitations = await InvitationRepository(session).page("old", limit=10)
        assert [(one.id, one.uses, role) for one, role in invitations] == (
            [("link", 2, "owner")] if with_invitations else []
        )


@pytest.mark.parametrize("at_revision", REVISIONS[-1:], indirect=True)
def test_a_database_of_a_later_version_is_refused_and_left_alone(at_revision: str) -> None:
    """UPG-5: in one sentence that names the revision; nothing in it is changed."""
    with psycopg.connect(libpq_url(at_revision), autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.execute("ALTER TABLE rooms ADD COLUMN later text")
        with pytest.raises(UnavailableError, match=r"newer version of the server \(revision 9999\)") as caught:
            upgrade(at_revision)
        assert caught.value.code == "database_unavailable"
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
        assert connection.execute("SELECT count(*) FROM rooms WHERE later IS NULL").fetchone() == (1,)
    # Two servers that start at once wait for each other by a lock: one that refused must have let go of it.
    with pytest.raises(UnavailableError, match="revision 9999"):
        upgrade(at_revision)
