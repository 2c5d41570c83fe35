"""The writer on a real Postgres: everything once, only from the present owner, whatever is sent."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING, Any

import msgspec
import psycopg
import pytest

from persistence import wire
from persistence.feed import Conflict, Durable, Fenced, FromWriter, Hello, MemberSeen, Message, Op, Record, Snapshot
from persistence.writer import sql as writer_sql
from persistence.writer.batch import FeedBuffer, collect

from .senders import Sender, insertion, insertions, log_of, serving, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Rows = list[tuple[Any, ...]]


async def test_an_operation_is_stored_whole_and_described_for_people(
    url: str, feed_socket: Path, room_id: str, sql: psycopg.Connection
) -> None:
    """WR-10: what is durable is in Postgres, with its author, its edit, its epoch and its time."""
    async with serving(url, feed_socket) as writer:
        sender = Sender(feed_socket, room_id)
        sender.feed.write([Op(1, 1, '[3,"new 😀",{"d":"old"}]'.encode(), "ada", "client-1", 17, 1_700_000_000.25)])
        await sender.until_durable(1)
        await sender.close()
        stats = await writer.stats()
    columns = "op_type, position, content, op, user_id, client_id, seq, epoch, extract(epoch FROM at)::float8"
    [row] = sql.execute(f"SELECT {columns} FROM operations WHERE room_id = %s", (room_id,)).fetchall()
    expected = ("replace", 3, "new 😀", [3, "new 😀", {"d": "old"}], "ada", "client-1", 17, 1, 1_700_000_000.25)
    assert row == expected
    assert (stats.committed_records, stats.database_ok, stats.buffered_bytes) == (1, True, 0)
    assert 0 < stats.lag_p99_ms < 10_000


async def test_all_kinds_of_records(url: str, feed_socket: Path, room_id: str, sql: psycopg.Connection) -> None:
    """WR-10: snapshots, messages, conflicts and activity go the same way; writing any of them twice changes nothing."""
    sql.execute("INSERT INTO room_members (room_id, user_id, name) VALUES (%s, 'ada', 'Ada')", (room_id,))
    records: list[Record] = [
        insertion(1),
        insertion(2),
        Snapshot(3, 2, 1, "2 1 😀", {"client": (2, 2, "ada")}, 100.0),
        Message(4, "m1", "ada", "Ada", "helo", None, {}, False, False, 100.0),
        Message(5, "m2", "bob", "Bob", "yes?", "m1", {}, False, False, 101.0),
        Message(6, "m1", "ada", "Ada", "hello", None, {"👍": ["bob"]}, True, False, 100.0),
        Conflict(7, 2, 1, "ada", "bob", "insert-insert", "left", 100.0),
        MemberSeen(8, room_id, "ada", True, 100.0),
        MemberSeen(9, room_id, "ada", False, 105.0),
        MemberSeen(10, room_id, "a stranger", True, 105.0),
    ]
    async with serving(url, feed_socket):
        for _ in range(2):
            sender = Sender(feed_socket, room_id)
            sender.feed.write(records)
            await sender.until_durable(10)
            await sender.close()

    def stored(columns: str, table: str) -> Rows:
        return sql.execute(f"SELECT {columns} FROM {table} WHERE room_id = %s ORDER BY 1", (room_id,)).fetchall()

    assert stored("version", "operations") == [(1,), (2,)]
    assert stored("version, version_epoch, content, size_bytes, clients", "document_snapshots") == [
        (2, 1, "2 1 😀", 8, {"client": [2, 2, "ada"]})
    ]
    assert stored("id, name, content, reply_to, reactions, edited, deleted", "messages") == [
        ("m1", "Ada", "hello", None, {"👍": ["bob"]}, True, False),
        ("m2", "Bob", "yes?", "m1", {}, False, False),
    ]
    assert stored("extract(epoch FROM created_at)::int", "messages") == [(100,), (101,)]
    assert stored("version, other_version, user_id, other_user_id, kind, strategy", "conflict_resolutions") == [
        (2, 1, "ada", "bob", "insert-insert", "left")
    ]
    assert stored("user_id, name, active, extract(epoch FROM last_seen)::int", "room_members") == [
        ("ada", "Ada", False, 105)
    ]


async def test_only_the_newest_snapshots_are_kept(
    url: str, feed_socket: Path, room_id: str, sql: psycopg.Connection
) -> None:
    """WR-11: old snapshots go when new ones come; the log stays whole."""
    async with serving(url, feed_socket, snapshots_kept=2) as _:
        sender = Sender(feed_socket, room_id)
        for version in (1, 2, 3, 4):
            n = sender.feed.next_n
            sender.feed.write([insertion(n, version=version), Snapshot(n + 1, version, 1, "text", {}, 1.0)])
            await sender.until_durable(n + 1)
        await sender.close()
    kept = sql.execute("SELECT version FROM document_snapshots WHERE room_id = %s ORDER BY 1", (room_id,)).fetchall()
    assert kept == [(3,), (4,)]
    assert log_of(sql, room_id) == [1, 2, 3, 4]


async def test_a_gateway_tells_who_was_seen_in_any_room(
    url: str, feed_socket: Path, new_room: Callable[..., str], sql: psycopg.Connection
) -> None:
    """WR-7: a gateway's feed needs no epoch, and an older sighting never undoes a newer one."""
    first, second = new_room(), new_room()
    for room_id in (first, second):
        sql.execute("INSERT INTO room_members (room_id, user_id, name) VALUES (%s, 'ada', 'Ada')", (room_id,))
    async with serving(url, feed_socket):
        gateway = Sender(feed_socket, "", 0)
        gateway.feed.write([MemberSeen(1, first, "ada", True, 50.0), MemberSeen(2, second, "ada", True, 60.0)])
        await gateway.until_durable(2)
        gateway.feed.write([MemberSeen(3, first, "ada", False, 49.0)])
        await gateway.until_durable(3)
        await gateway.close()
    seen = sql.execute(
        "SELECT room_id, active, extract(epoch FROM last_seen)::int FROM room_members WHERE room_id = ANY(%s)",
        ([first, second],),
    ).fetchall()
    assert sorted(seen) == sorted([(first, True, 50), (second, True, 60)])


async def test_group_commit_writes_everything_once_under_resends(
    url: str, feed_socket: Path, new_room: Callable[..., str], sql: psycopg.Connection
) -> None:
    """G2, WR-12: many rooms share few transactions; what is sent on several connections at once is stored once."""
    rooms = [new_room() for _ in range(20)]
    async with serving(url, feed_socket) as writer:
        senders = [Sender(feed_socket, room_id) for room_id in rooms for _ in range(3)]
        for first in range(1, 401, 40):
            for number, sender in enumerate(senders):
                sender.feed.write(insertions(first, first + 39))
                if number % 7 == 0:
                    await asyncio.sleep(0)
        for sender in senders:
            await sender.until_durable(400)
            await sender.close()
        stats = await writer.stats()
    assert stats.committed_records == 20 * 3 * 400
    assert stats.commits < 60, "one transaction for all rooms, not one each"
    for room_id in rooms:
        assert log_of(sql, room_id) == list(range(1, 401))
        assert not [sender for sender in senders if sender.fenced]


async def test_an_idle_writer_does_nothing(url: str, feed_socket: Path, room_id: str) -> None:
    """WR-13: without records there are no transactions."""
    async with serving(url, feed_socket, flush_interval=0.001) as writer:
        sender = Sender(feed_socket, room_id)
        sender.feed.write([insertion(1)])
        await sender.until_durable(1)
        before = (await writer.stats()).commits
        other = Sender(feed_socket, room_id)
        await other.until_resumed()
        await until(lambda: _commits(writer) == before + 1)  # the newcomer's epoch is checked
        tasks = len(asyncio.all_tasks())
        deadline = time.monotonic() + 0.05
        await until(lambda: time.monotonic() > deadline)
        assert (await writer.stats()).commits == before + 1
        assert len(asyncio.all_tasks()) == tasks
        await sender.close()
        await other.close()


def _commits(writer: Any) -> int:
    commits: int = writer._commits
    return commits


# ---------------------------------------------------------------------- fencing


async def test_in_one_transaction_the_stale_owner_writes_nothing_and_all_others_everything(
    url: str, new_room: Callable[..., str], sql: psycopg.Connection
) -> None:
    """G5, WR-20: an old epoch, a deleted room and a present owner in the same transaction."""
    stale, present, deleted = new_room(3), new_room(2), "never-made"
    feeds = []
    for room_id, epoch, client_id in [(stale, 2, "old"), (stale, 3, "new"), (present, 2, "c"), (deleted, 1, "c")]:
        feed = FeedBuffer(Hello(room_id, epoch, "s"))
        snapshot = Snapshot(3, 2, epoch, "text", {}, 1.0)
        message = Message(4, client_id, "ada", "Ada", "hi", None, {}, False, False, 1.0)
        conflict = Conflict(5, 2, 1 if client_id != "old" else 0, "ada", "bob", "insert-insert", "left", 1.0)
        operations: list[Record] = [insertion(n, client_id=client_id) for n in (1, 2)]
        feed.add([*operations, snapshot, message, conflict], 10, 1.0)
        feeds.append(feed)
    batch = collect(feeds, [], max_records=10**6, max_bytes=10**9)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        outcome = await writer_sql.write(connection, batch, snapshots_kept=5)
    assert outcome.written == {feeds[1].owner, feeds[2].owner}
    assert outcome.stale == {feeds[0].owner: 3, feeds[3].owner: 0}
    held = sql.execute(
        "SELECT room_id, client_id, epoch FROM operations WHERE room_id = ANY(%s)", ([stale, present, deleted],)
    ).fetchall()
    assert sorted(held) == sorted([(stale, "new", 3)] * 2 + [(present, "c", 2)] * 2)
    for table, column in (("messages", "id"), ("conflict_resolutions", "other_version::text")):
        of_stale = sql.execute(f"SELECT {column} FROM {table} WHERE room_id = %s", (stale,)).fetchall()
        assert of_stale == [("new",) if table == "messages" else ("1",)]


async def test_a_stale_owner_is_told_at_once_and_after_a_claim_at_its_next_flush(
    url: str, feed_socket: Path, new_room: Callable[..., str], sql: psycopg.Connection
) -> None:
    """G5, WR-20: Fenced comes to a Hello with an old epoch without any record, and to an owner that lost its room."""
    room_id = new_room(5)
    async with serving(url, feed_socket) as writer:
        stale = Sender(feed_socket, room_id, 4)
        assert await stale.until_fenced() == 5
        owner = Sender(feed_socket, room_id, 5)
        owner.feed.write([insertion(1)])
        await owner.until_durable(1)
        sql.execute("UPDATE rooms SET owner_epoch = 6 WHERE id = %s", (room_id,))
        owner.feed.write([insertion(2, content="lost")])
        assert await owner.until_fenced() == 6
        assert owner.durable == 1
        assert owner.feed.write([insertion(3)]) is False
        heir = Sender(feed_socket, room_id, 6)
        heir.feed.write([insertion(1, version=2, client_id="another")])
        await heir.until_durable(1)
        await heir.close()
        await until(lambda: not writer._feeds)
    stored = sql.execute("SELECT version, client_id, epoch FROM operations WHERE room_id = %s", (room_id,)).fetchall()
    assert sorted(stored) == [(1, "client", 5), (2, "another", 6)]


async def test_the_owner_of_a_deleted_room_is_fenced(
    url: str, feed_socket: Path, room_id: str, sql: psycopg.Connection
) -> None:
    """G5, WR-21: nothing is written for a room that is gone."""
    async with serving(url, feed_socket):
        sender = Sender(feed_socket, room_id)
        sender.feed.write([insertion(1)])
        await sender.until_durable(1)
        sql.execute("DELETE FROM rooms WHERE id = %s", (room_id,))
        sql.execute("DELETE FROM operations WHERE room_id = %s", (room_id,))
        sender.feed.write([insertion(2)])
        assert await sender.until_fenced() == 0
    assert log_of(sql, room_id) == []


async def test_a_room_that_somebody_locks_holds_nobody_up_and_waits_its_turn(
    url: str, feed_socket: Path, new_room: Callable[..., str], sql: psycopg.Connection
) -> None:
    """G8, WR-22: a claim under way defers that room's flush, and no other's; a claim that is undone costs nothing."""
    locked, free = new_room(), new_room()
    async with serving(url, feed_socket):
        first, second = Sender(feed_socket, locked), Sender(feed_socket, free)
        with psycopg.connect(url) as other:
            other.execute("UPDATE rooms SET owner_epoch = owner_epoch + 1 WHERE id = %s", (locked,))
            first.feed.write(insertions(1, 5))
            for n in range(1, 6):
                second.feed.write([insertion(n)])
                await second.until_durable(n)
            assert first.durable == 0
            other.rollback()
        await first.until_durable(5)
        assert not first.fenced
        await first.close()
        await second.close()
    assert log_of(sql, locked) == log_of(sql, free) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([insertion(1, client_id="another")], id="another operation at a stored version"),
        pytest.param([insertion(1, version=4)], id="a gap after the stored log"),
        pytest.param([Op(1, 3, b'["x"]', "ada", "client", 2, 1.0)], id="an edit that is stored already"),
        pytest.param([Snapshot(1, 9, 1, "text", {}, 1.0)], id="a snapshot ahead of the log"),
    ],
)
async def test_what_does_not_continue_the_stored_log_is_fenced(
    url: str,
    feed_socket: Path,
    new_room: Callable[..., str],
    sql: psycopg.Connection,
    records: list[Record],
) -> None:
    """G1, G5, WR-3: a fork or a gap never reaches the log, and the others in the same transaction are stored."""
    room_id, bystander = new_room(), new_room()
    async with serving(url, feed_socket):
        owner = Sender(feed_socket, room_id)
        owner.feed.write(insertions(1, 2))
        await owner.until_durable(2)
        await owner.close()
        other, fork = Sender(feed_socket, bystander), Sender(feed_socket, room_id)
        other.feed.write(insertions(1, 3))
        fork.feed.write(records)
        assert await fork.until_fenced() == 1
        assert fork.durable == 0
        await other.until_durable(3)
        await other.close()
    stored = sql.execute("SELECT version, client_id FROM operations WHERE room_id = %s", (room_id,)).fetchall()
    assert sorted(stored) == [(1, "client"), (2, "client")]
    assert log_of(sql, bystander) == [1, 2, 3]
    assert sql.execute("SELECT count(*) FROM document_snapshots WHERE room_id = %s", (room_id,)).fetchone() == (0,)


# ---------------------------------------------------------------------- poison

_POISON: dict[str, Record] = {
    "NUL in an author": Op(4, 4, b'["x"]', "a\0da", "client", 4, 1.0),
    "NUL in an operation": Op(4, 4, b'["\\u0000"]', "ada", "client", 4, 1.0),
    "a lone surrogate": Op(4, 4, b'["\\ud800"]', "ada", "client", 4, 1.0),
    "no operation": Op(4, 4, b"{}", "ada", "client", 4, 1.0),
    "no UTF-8": Op(4, 4, b'["\xff"]', "ada", "client", 4, 1.0),
    "a seq beyond 64 bits": Op(4, 4, b'["x"]', "ada", "client", 2**63, 1.0),
    "an index entry too large": Op(4, 4, b'["x"]', "ada", os.urandom(6000).hex(), 4, 1.0),
    "NUL in a message": Message(4, "m", "ada", "Ada", "\0", None, {}, False, False, 1.0),
    "NUL in a snapshot": Snapshot(4, 3, 1, "\0", {}, 1.0),
    "a time beyond all calendars": Conflict(4, 3, 2, "a", "b", "insert-insert", "left", 1e300),
}


@pytest.mark.parametrize("kind", _POISON)
async def test_a_poisoned_record_ends_its_own_feed_and_nothing_else(
    url: str, feed_socket: Path, new_room: Callable[..., str], sql: psycopg.Connection, kind: str
) -> None:
    """G8, WR-6: what came before it is stored, all other rooms go on, and its sender is fenced, again and again."""
    poisoned, others = new_room(), [new_room() for _ in range(4)]
    async with serving(url, feed_socket) as writer:
        healthy = [Sender(feed_socket, room_id) for room_id in others]
        sick = Sender(feed_socket, poisoned)
        sick.feed.write([*insertions(1, 3), _POISON[kind], insertion(5, version=5)])
        for sender in healthy:
            sender.feed.write(insertions(1, 10))
        for sender in healthy:
            await sender.until_durable(10)
        assert await sick.until_fenced() == 1
        assert log_of(sql, poisoned) == [1, 2, 3]
        again = Sender(feed_socket, poisoned)
        again.feed.write([insertion(1, version=4)])
        assert await again.until_fenced() == 1
        sql.execute("UPDATE rooms SET owner_epoch = 2 WHERE id = %s", (poisoned,))
        heir = Sender(feed_socket, poisoned, 2)
        heir.feed.write([insertion(1, version=4)])
        await heir.until_durable(1)
        for sender in (heir, *healthy):
            await sender.close()
        assert (await writer.stats()).database_ok
    assert log_of(sql, poisoned) == [1, 2, 3, 4]
    assert all(log_of(sql, room_id) == list(range(1, 11)) for room_id in others)


async def test_bytes_that_are_no_feed_harm_only_their_sender(
    url: str, feed_socket: Path, room_id: str, sql: psycopg.Connection
) -> None:
    """G8, WR-23: garbage before a Hello is hung up on; garbage after it fences, and what came before is stored."""
    loop = asyncio.get_running_loop()
    async with serving(url, feed_socket) as writer:
        for garbage in (b"\xff" * 100, wire.frame([b"\xc1"]), wire.frame([msgspec.msgpack.encode(insertion(1))])):
            with wire.connect(feed_socket) as sock:
                await loop.sock_sendall(sock, garbage)
                assert await loop.sock_recv(sock, 100) == b""
        with wire.connect(feed_socket) as sock:
            hello = msgspec.msgpack.encode(Hello(room_id, 1, "test"))
            await loop.sock_sendall(sock, wire.frame([hello, msgspec.msgpack.encode(insertion(1))]))
            await loop.sock_sendall(sock, wire.frame([hello]))
            reader = wire.FrameReader()
            messages: list[FromWriter] = []
            while not messages or not isinstance(messages[-1], Fenced):
                data = await loop.sock_recv(sock, 1000)
                assert data, messages
                for payload in reader.feed(data):
                    messages += msgspec.msgpack.decode(payload, type=list[FromWriter])
        healthy = Sender(feed_socket, room_id)
        assert await healthy.until_fenced() == 1, "the refused owner stays refused"
        assert not [message for message in messages if isinstance(message, Durable) and message.n > 1]
        assert (await writer.stats()).database_ok
    assert log_of(sql, room_id) == [1]


async def test_the_writer_looks_up_by_index(url: str, feed_socket: Path) -> None:
    """DB-15: the writer's kept plans do not read whole tables."""
    async with serving(url, feed_socket) as writer:
        shown = await (await writer._connected()).execute("SHOW enable_seqscan")
        assert await shown.fetchone() == ("off",)
