"""Each list query walks an index of its own: shown by the plans of a filled and analysed database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import event

from persistence.database import Database
from persistence.repositories import (
    AuditRepository,
    ConflictRepository,
    DocumentSnapshotRepository,
    EveryRoomRepository,
    InvitationRepository,
    MessageRepository,
    OperationRepository,
    PersonalRepository,
    RoomMemberRepository,
)
from persistence.tables import utc_now

from .databases import migrated, whole

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from sqlmodel.ext.asyncio.session import AsyncSession

    from persistence.embedded import EmbeddedPostgres

_FILL = """
INSERT INTO rooms (id, name, description, owner_id, private, created_at)
SELECT 'room' || i, 'Room ' || i, md5(i::text), 'u' || i % 500, i % 3 = 0, now() - i * interval '1 min'
FROM generate_series(0, 4999) i;
INSERT INTO users (id, name, created_at) SELECT 'u' || i, 'U', now() FROM generate_series(0, 4999) i;
INSERT INTO room_members (room_id, user_id, name, joined_at)
SELECT 'room' || i % 1000, 'u' || i / 10, 'U', now() - i * interval '1 min' FROM generate_series(1000, 10999) i;
INSERT INTO operations (room_id, version, op_type, position, content, op, user_id, client_id, seq, epoch, at)
SELECT 'room' || i % 50, i / 50 + 1, 'insert', 0, 'x', '["x"]', 'u1', 'c' || (i / 50) % 3, i / 50, 1, now()
FROM generate_series(0, 9999) i;
INSERT INTO messages (room_id, id, user_id, name, content, created_at)
SELECT 'room' || i % 50, 'm' || i, 'u1', 'U', 'hello', now() - i * interval '1 min' FROM generate_series(1, 5000) i;
INSERT INTO document_snapshots (room_id, version, version_epoch, content, size_bytes, clients)
SELECT 'room' || i % 500, i / 500 + 1, 1, 'text', 4, '{}' FROM generate_series(1000, 5999) i;
INSERT INTO conflict_resolutions (room_id, version, other_version, user_id, other_user_id, kind, strategy)
SELECT 'room' || i % 50, i / 50 + 2, i / 50 + 1, 'a', 'b', 'insert-insert', 'left' FROM generate_series(0, 4999) i;
INSERT INTO invitations (id, room_id, role, created_by, created_at, expires_at)
SELECT 'i' || i, 'room' || i % 50, 'member', 'u' || i % 500, now() - i * interval '1 min', now() + interval '1 day'
FROM generate_series(0, 4999) i;
INSERT INTO audit_events (room_id, action, actor_id)
SELECT 'room' || i % 50, CASE WHEN i % 100 = 7 THEN 'room_deleted' ELSE 'member_joined' END, 'u1'
FROM generate_series(0, 9999) i;
ANALYZE;
"""


@pytest.fixture(scope="module")
def filled(postgres: EmbeddedPostgres, layout: str) -> Iterator[str]:
    filled = migrated(postgres.url, "plans", layout)
    with psycopg.connect(filled, autocommit=True) as connection:
        connection.execute(_FILL)
    yield filled
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("DROP DATABASE plans WITH (FORCE)")


_QUERIES: dict[str, tuple[Callable[[AsyncSession], Awaitable[object]], set[str]]] = {
    "rooms of a user": (
        lambda session: PersonalRepository(session).rooms("u150", scope="mine", limit=20),
        {"room_members_of_user_idx", "rooms_pkey", "operations_pkey"},
    ),
    "public rooms": (
        lambda session: PersonalRepository(session).rooms("u150", scope="public", limit=20),
        {"rooms_public_created_at_idx"},
    ),
    "public rooms and those of a user": (
        lambda session: PersonalRepository(session).rooms("u150", scope="all", limit=5),
        {"rooms_public_created_at_idx", "room_members_of_user_idx"},
    ),
    "public rooms by words": (
        lambda session: PersonalRepository(session).rooms("u150", scope="public", search="c4ca4238a0b9", limit=20),
        {"rooms_search_idx"},
    ),
    "where a user is": (
        lambda session: PersonalRepository(session).active("u150", limit=20),
        {"room_members_of_user_idx"},
    ),
    "when a user was last seen": (
        lambda session: PersonalRepository(session).last_seen("u150"),
        {"room_members_of_user_idx"},
    ),
    "members of a room": (
        lambda session: RoomMemberRepository(session).page("room7", limit=5),
        {"room_members_by_joined_at_idx"},
    ),
    "operations after a version": (
        lambda session: OperationRepository(session).range("room7", 150, None, limit=20),
        {"operations_pkey"},
    ),
    "operations backwards": (
        lambda session: OperationRepository(session).page("room7", limit=20, before=100),
        {"operations_pkey"},
    ),
    "head of a log": (lambda session: OperationRepository(session).head("room7"), {"operations_pkey"}),
    "result of an edit": (
        lambda session: OperationRepository(session).result_of("room7", "c1", 4),
        {"operations_room_id_client_id_seq_key"},
    ),
    "last edit of a client": (
        lambda session: OperationRepository(session).last_seq("room7", "c1"),
        {"operations_room_id_client_id_seq_key"},
    ),
    "messages of a room": (
        lambda session: MessageRepository(session).page("room7", limit=20, before=utc_now()),
        {"messages_by_created_at_idx"},
    ),
    "a message": (lambda session: MessageRepository(session).find("room7", "m7"), {"messages_pkey"}),
    "newest snapshot": (
        lambda session: DocumentSnapshotRepository(session).newest("room7", upto=9),
        {"document_snapshots_pkey"},
    ),
    "conflicts of a room": (
        lambda session: ConflictRepository(session).page("room7", limit=20),
        {"conflict_resolutions_pkey"},
    ),
    "open invitations of a room": (
        lambda session: InvitationRepository(session).page("room7", limit=5, granting={"member": ["owner", "admin"]}),
        {"invitations_by_created_at_idx"},
    ),
    "an invitation": (lambda session: InvitationRepository(session).find("room7", "i7"), {"invitations_pkey"}),
    "audit log of a room": (
        lambda session: AuditRepository(session).page("room7", limit=5, before=10_000),
        {"audit_events_of_room_idx", "audit_events_deletions_idx"},
    ),
    "all rooms by id": (lambda session: EveryRoomRepository(session).ids("room7", limit=20), {"rooms_pkey"}),
    "rooms as they are stored": (
        lambda session: EveryRoomRepository(session).stored(["room7", "room9"]),
        {"rooms_pkey", "operations_pkey"},
    ),
    "how many rooms there are": (lambda session: EveryRoomRepository(session).count(), {"rooms_pkey"}),
    "conflicts by kind": (lambda session: ConflictRepository(session).summary("room7"), {"conflict_resolutions_pkey"}),
}


@pytest.mark.parametrize("query", _QUERIES)
async def test_each_list_query_walks_its_index(filled: str, query: str) -> None:
    """DB-12, SCALE-3: no query of a repository reads a whole table."""
    ask, indexes = _QUERIES[query]
    database = Database(filled)
    async with database.session() as session:
        connection = await session.connection()

        executed: list[tuple[str, Any]] = []

        def keep(_on: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
            executed.append((statement, parameters))

        event.listen(connection.sync_connection, "before_cursor_execute", keep)
        await ask(session)
        event.remove(connection.sync_connection, "before_cursor_execute", keep)
        [(statement, parameters)] = executed
        plan = (await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)).scalar_one()
    await database.close()
    nodes = list(_nodes(plan[0]["Plan"]))
    used = {whole(node["Index Name"]) for node in nodes if "Index Name" in node}
    assert not [node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"], plan
    assert indexes <= used, plan


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from _nodes(below)


_HEAD = "SELECT o.version FROM operations o WHERE o.room_id = $1 ORDER BY o.version DESC LIMIT 1"


async def test_a_table_that_was_empty_is_not_read_whole_for_ever(postgres: EmbeddedPostgres, layout: str) -> None:
    """DB-15, SCALE-3: a plan that was made for an emptied table walks the index, for the table will grow."""
    emptied = migrated(postgres.url, f"emptied_{layout}", layout)
    database = Database(emptied)
    async with database.session() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("ANALYZE operations")
        await connection.exec_driver_sql("SET LOCAL plan_cache_mode TO force_generic_plan")
        await connection.exec_driver_sql(f"PREPARE head (text) AS {_HEAD}")
        plan = (await connection.exec_driver_sql("EXPLAIN (FORMAT JSON) EXECUTE head ('a room')")).scalar_one()
    await database.close()
    used = [node["Index Name"] for node in _nodes(plan[0]["Plan"]) if "Index Name" in node]
    assert [whole(name) for name in used] == ["operations_pkey"], plan
