"""Loading a room: all of its last durable state, or an error."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from persistence.loader import load_room, replay
from persistence.tables import DocumentSnapshot, Message, Operation
from rayrooms import text
from rayrooms.errors import NotFoundError, UnavailableError

if TYPE_CHECKING:
    import psycopg

    from persistence.database import Database
    from rayrooms.protocol import Operation as TextOperation

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
OPS: list[TextOperation] = [["hello"], [5, " 😀 world"], [{"d": "h"}, "H"], [1, {"d": "ello"}], ["<"], [2, ">"]]
TEXTS = ["", "hello", "hello 😀 world", "Hello 😀 world", "H 😀 world", "<H 😀 world", "<H> 😀 world"]


def _operation(room_id: str, version: int) -> Operation:
    operation = OPS[version - 1]
    described = text.describe(operation)
    return Operation(
        room_id=room_id,
        version=version,
        op_type=described.type,
        position=described.position,
        content=described.content,
        op=operation,
        user_id="ada" if version % 2 else "bob",
        client_id=f"client-{version % 2}",
        seq=version,
        epoch=1 if version < 4 else 2,
        at=NOON + timedelta(seconds=version),
    )


def _snapshot(room_id: str, version: int) -> DocumentSnapshot:
    content = TEXTS[version]
    return DocumentSnapshot(
        room_id=room_id,
        version=version,
        version_epoch=1 if version < 4 else 2,
        content=content,
        size_bytes=len(content.encode()),
        clients={"early": (9, 2, "eve"), "client-1": (1, 1, "ada")},
    )


@pytest.fixture
async def stored(database: Database, room_id: str) -> str:
    async with database.session() as session:
        session.add_all([_operation(room_id, version) for version in range(1, len(OPS) + 1)])
    return room_id


@pytest.mark.parametrize("upto", range(len(OPS) + 1))
async def test_replay_rebuilds_every_version_from_the_log_alone(database: Database, stored: str, upto: int) -> None:
    """G1, DB-9: the text at each version is the log's operations one by one; snapshots play no part."""
    async with database.session() as session:
        lie = _snapshot(stored, 3)
        lie.content = "a lie"
        session.add(lie)
    assert await replay(database, stored, upto) == TEXTS[upto]
    assert await replay(database, stored) == TEXTS[-1]


async def test_a_room_without_history_is_empty_at_version_0(database: Database, room_id: str) -> None:
    """G9, DB-10: only a room that nothing was ever committed in opens empty."""
    loaded = await load_room(database, room_id, log_preload=10, chat_tail=10)
    assert (loaded.content, loaded.version, loaded.version_epoch) == ("", 0, 0)
    assert (loaded.log, loaded.clients, loaded.messages) == ([], {}, [])
    with pytest.raises(NotFoundError):
        await load_room(database, uuid.uuid4().hex, log_preload=10, chat_tail=10)
    with pytest.raises(NotFoundError):
        await replay(database, uuid.uuid4().hex)


async def test_without_a_snapshot_the_log_is_the_document(database: Database, stored: str) -> None:
    """G9, DB-10: the log alone is enough, whatever the preload."""
    loaded = await load_room(database, stored, log_preload=0, chat_tail=10)
    assert (loaded.content, loaded.version, loaded.version_epoch) == (TEXTS[-1], 6, 2)
    assert [op.version for op in loaded.log] == [1, 2, 3, 4, 5, 6]
    assert loaded.clients == {"client-1": (5, 5, "ada"), "client-0": (6, 6, "bob")}
    last = loaded.log[-1]
    assert msgspec.json.decode(last.op) == OPS[-1]
    assert (last.user_id, last.client_id, last.seq, last.epoch) == ("bob", "client-0", 6, 2)
    assert last.at == (NOON + timedelta(seconds=6)).timestamp()


@pytest.mark.parametrize(("preload", "first"), [(0, 4), (2, 2), (100, 1)])
async def test_a_snapshot_and_the_operations_after_it(
    database: Database, stored: str, preload: int, first: int
) -> None:
    """G2, G9, DB-10: the newest snapshot, what came after it, and the last edit of each client from both."""
    async with database.session() as session:
        session.add_all([_snapshot(stored, 2), _snapshot(stored, 3)])
    loaded = await load_room(database, stored, log_preload=preload, chat_tail=10)
    assert (loaded.content, loaded.version, loaded.version_epoch) == (TEXTS[-1], 6, 2)
    assert [op.version for op in loaded.log] == list(range(first, 7))
    assert list(loaded.clients.items()) == [
        ("early", (9, 2, "eve")),
        ("client-1", (5, 5, "ada")),
        ("client-0", (6, 6, "bob")),
    ], "least recent first"


async def test_a_snapshot_of_the_newest_version_needs_no_operations(database: Database, stored: str) -> None:
    """DB-10: a room that was released whole loads from its snapshot."""
    async with database.session() as session:
        session.add(_snapshot(stored, 6))
    loaded = await load_room(database, stored, log_preload=0, chat_tail=0)
    assert (loaded.content, loaded.version, loaded.version_epoch, loaded.log) == (TEXTS[-1], 6, 2, [])


async def test_the_chat_tail_comes_oldest_first(database: Database, room_id: str) -> None:
    """DB-10: the newest messages, in the order in which they were written."""
    async with database.session() as session:
        session.add_all(
            Message(
                room_id=room_id,
                id=f"m{number}",
                user_id="ada",
                name="Ada",
                content=f"message {number}",
                reactions={"👍": ["bob"]},
                created_at=NOON + timedelta(seconds=number),
            )
            for number in range(5)
        )
    loaded = await load_room(database, room_id, log_preload=10, chat_tail=3)
    assert [message.id for message in loaded.messages] == ["m2", "m3", "m4"]
    assert loaded.messages[0].reactions == {"👍": ["bob"]}
    assert loaded.messages[0].created_at == NOON + timedelta(seconds=2)


_MISFIT = """'[9, "x", {"d": "not there"}]'"""


@pytest.mark.parametrize(
    ("damage", "snapshot"),
    [
        ("DELETE FROM operations WHERE room_id = %s AND version = 1", None),
        ("DELETE FROM operations WHERE room_id = %s AND version = 3", None),
        ("DELETE FROM operations WHERE room_id = %s AND version = 4", 3),
        ("DELETE FROM operations WHERE room_id = %s AND version > 4", 5),
        ("DELETE FROM operations WHERE room_id = %s", 6),
        (f"UPDATE operations SET op = {_MISFIT} WHERE room_id = %s AND version = 5", None),
        (f"UPDATE operations SET op = {_MISFIT} WHERE room_id = %s AND version = 5", 4),
        ("""UPDATE operations SET op = '{"no": "operation"}' WHERE room_id = %s AND version = 6""", 4),
        ("UPDATE document_snapshots SET content = '' WHERE room_id = %s", 5),
    ],
)
async def test_a_gap_or_a_misfit_is_an_error_and_never_a_shorter_document(
    database: Database, stored: str, sql: psycopg.Connection, damage: str, snapshot: int | None
) -> None:
    """G9, DB-11: a room whose stored state is damaged does not open."""
    if snapshot is not None:
        async with database.session() as session:
            session.add(_snapshot(stored, snapshot))
    await load_room(database, stored, log_preload=0, chat_tail=0)
    assert sql.execute(damage, (stored,)).rowcount > 0
    with pytest.raises(UnavailableError) as caught:
        await load_room(database, stored, log_preload=0, chat_tail=0)
    assert caught.value.code == "room_load_failed"


async def test_replay_of_a_damaged_log_is_an_error(database: Database, stored: str, sql: psycopg.Connection) -> None:
    """G1, DB-11: also when the log is shorter than asked."""
    with pytest.raises(UnavailableError):
        await replay(database, stored, 7)
    sql.execute("DELETE FROM operations WHERE room_id = %s AND version = 2", (stored,))
    assert await replay(database, stored, 1) == TEXTS[1]
    with pytest.raises(UnavailableError) as caught:
        await replay(database, stored)
    assert caught.value.code == "room_load_failed"
