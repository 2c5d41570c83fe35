"""The writer when things are away: Postgres, its connection, or room in its memory."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import psycopg
import pytest

from .senders import Sender, insertion, insertions, log_of, serving, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from persistence.embedded import EmbeddedPostgres


@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_the_writer_outlives_postgres(
    postgres: EmbeddedPostgres, url: str, feed_socket: Path, room_id: str, how: str
) -> None:
    """G3, G7, WR-30: while Postgres is away records are kept; when it is back they arrive, once each."""
    async with serving(url, feed_socket) as writer:
        sender = Sender(feed_socket, room_id)
        sender.feed.write(insertions(1, 100))
        await sender.until_durable(1)
        for first in range(101, 501, 100):
            sender.feed.write(insertions(first, first + 99))
        if how == "killed":
            assert postgres.pid is not None
            os.kill(postgres.pid, signal.SIGKILL)
            await until(lambda: not postgres.running())
        else:
            await asyncio.to_thread(postgres.stop)
        seen = sender.durable
        sender.feed.write(insertions(501, 600))
        await until(lambda: not writer._database_ok)
        stats = await writer.stats()
        assert stats.buffered_records > 0
        assert not stats.database_ok
        assert sender.durable <= 500
        assert not await writer.drain(room_id, 0.01)
        await asyncio.to_thread(postgres.start)
        await sender.until_durable(600)
        assert seen <= sender.durable
        await sender.close()
        assert (await writer.stats()).database_ok
    with psycopg.connect(url) as connection:
        assert log_of(connection, room_id) == list(range(1, 601))


async def test_a_lost_connection_in_mid_commit_doubles_nothing(
    url: str, feed_socket: Path, room_id: str, sql: psycopg.Connection
) -> None:
    """G2, WR-30: a commit whose answer was lost is written again, to no effect."""
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rayrooms writer'"
    async with serving(url, feed_socket, flush_interval=0.001):
        sender = Sender(feed_socket, room_id)
        for first in range(1, 1001, 50):
            sender.feed.write(insertions(first, first + 49))
            await asyncio.to_thread(sql.execute, end)
        await sender.until_durable(1000)
        assert not sender.fenced
        await sender.close()
    assert log_of(sql, room_id) == list(range(1, 1001))


async def test_commits_are_synchronous_whatever_the_server_says(
    url: str, feed_socket: Path, room_id: str, sql: psycopg.Connection
) -> None:
    """G3, WR-31: durable means on disk, also on a Postgres that is configured to be careless."""
    sql.execute("ALTER ROLE postgres SET synchronous_commit = off")
    try:
        async with serving(url, feed_socket) as writer:
            sender = Sender(feed_socket, room_id)
            sender.feed.write([insertion(1)])
            await sender.until_durable(1)
            await sender.close()
            assert writer._connection is not None
            cursor = await writer._connection.execute("SHOW synchronous_commit")
            assert await cursor.fetchone() == ("on",)
    finally:
        sql.execute("ALTER ROLE postgres RESET synchronous_commit")


async def test_drain_waits_for_the_end_of_the_feed_and_the_commit(
    url: str, feed_socket: Path, new_room: Callable[..., str], sql: psycopg.Connection
) -> None:
    """G4, WR-40: true when nothing is held; false while the sender lives or its records are not stored."""
    room_id, other = new_room(), new_room()
    async with serving(url, feed_socket) as writer:
        assert await writer.drain(room_id, 0)
        bystander, sender = Sender(feed_socket, other), Sender(feed_socket, room_id)
        sender.feed.write(insertions(1, 3))
        await sender.until_durable(3)
        assert not await writer.drain(room_id, 0.02), "it may still send more"
        with psycopg.connect(url) as locking:
            locking.execute("SELECT 1 FROM rooms WHERE id = %s FOR UPDATE", (room_id,))
            sender.feed.write(insertions(4, 6))
            await sender.close()
            assert not await writer.drain(room_id, 0.1), "what it sent is not stored"
            draining = asyncio.create_task(writer.drain(room_id, 20))
        assert await draining
        assert log_of(sql, room_id) == [1, 2, 3, 4, 5, 6]
        assert await writer.drain(room_id, 0)
        stale = Sender(feed_socket, room_id, 0)
        await stale.until_fenced()
        assert await writer.drain(room_id, 1), "what is fenced is not waited for"
        await bystander.close()


async def test_memory_is_bounded_while_nothing_can_be_written(
    url: str, feed_socket: Path, room_id: str, sql: psycopg.Connection
) -> None:
    """G7, G10, WR-41: above its limit the writer stops reading and the sender backs up; later all of it arrives."""
    limit = 200_000
    async with serving(url, feed_socket, max_buffer=limit) as writer:
        sender = Sender(feed_socket, room_id)
        await sender.until_resumed()
        with psycopg.connect(url) as locking:
            locking.execute("SELECT 1 FROM rooms WHERE id = %s FOR UPDATE", (room_id,))
            n = 1
            async with asyncio.timeout(20):
                while sender.feed.write([insertion(n, content="x" * 10_000)]):
                    n += 1
                    await asyncio.sleep(0)
            for _ in range(200):
                n += 1
                assert not sender.feed.write([insertion(n, content="x" * 10_000)])
            await until(lambda: writer._paused)
            assert sender.feed.backlog_records == n
            assert sender.feed.backlog_bytes > n * 10_000
            stats = await writer.stats()
            assert limit < stats.buffered_bytes < limit + 2 * 300_000, "one frame and one read over the limit at most"
            assert not sender.feed.handed_over
            resumed = sender.resumed
        await sender.until_durable(n)
        assert sender.resumed > resumed
        assert sender.feed.handed_over
        assert (sender.feed.backlog_records, sender.feed.backlog_bytes) == (0, 0)
        await sender.close()
    assert log_of(sql, room_id) == list(range(1, n + 1))


async def test_stop_commits_what_was_handed_over(
    url: str, feed_socket: Path, room_id: str, sql: psycopg.Connection
) -> None:
    """G3, WR-42: a writer that is stopped stores everything that its senders had handed over."""
    async with serving(url, feed_socket, flush_interval=0.1) as writer:
        sender = Sender(feed_socket, room_id)
        await sender.until_resumed()
        assert sender.feed.write(insertions(1, 500))
        assert await writer.stop()
    assert not feed_socket.exists()  # noqa: ASYNC240 - one look
    assert log_of(sql, room_id) == list(range(1, 501))
    await sender.close()
