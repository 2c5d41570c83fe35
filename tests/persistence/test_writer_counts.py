"""What the writer counts for its operator."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from persistence.telemetry.readings import Buckets

from .senders import Sender, insertion, insertions, serving, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import psycopg
    import pytest

    from persistence.embedded import EmbeddedPostgres
    from persistence.writer import Writer


def counts(writer: Writer) -> dict[str, float]:
    """Its readings by name and label; of a histogram, how many it holds."""
    found = {}
    for metric, value, label in writer.readings():
        name = metric.name.removeprefix("rayrooms_") + (f" {label}" if label else "")
        found[name] = value.upto()[-1] if isinstance(value, Buckets) else value
    return found


async def test_what_is_committed_is_counted(url: str, feed_socket: Path, room_id: str) -> None:
    """OBS-8: records, their lag and each transaction; nothing waits afterwards."""
    async with serving(url, feed_socket) as writer:
        sender = Sender(feed_socket, room_id)
        sender.feed.write(insertions(1, 20))
        await sender.until_durable(20)
        found = counts(writer)
        assert found["records_committed"] == 20
        assert 1 <= found["durable_lag_seconds"] <= 20
        assert found["flush_seconds"] >= 1
        assert [found[f"backlog_{what}"] for what in ("records", "bytes", "seconds")] == [0, 0, 0]
        assert [found[name] for name in ("flushes_failed", "fences stale", "fences refused")] == [0, 0, 0]
        for metric, value, _ in writer.readings():
            if isinstance(value, Buckets):
                assert 0 < value.seconds < 20, metric.name
        rounds = writer._commits
        await sender.close()
        await until(lambda: not writer._feeds and writer._commits > rounds)
        assert counts(writer)["flush_seconds"] == found["flush_seconds"], "rounds without a transaction do not count"


async def test_what_waits_is_counted_while_postgres_is_away(
    postgres: EmbeddedPostgres, url: str, feed_socket: Path, room_id: str
) -> None:
    """OBS-8: how much, for how long, and each attempt that failed."""
    async with serving(url, feed_socket) as writer:
        sender = Sender(feed_socket, room_id)
        sender.feed.write(insertions(1, 5))
        await sender.until_durable(5)
        await asyncio.to_thread(postgres.stop)
        sender.feed.write(insertions(6, 10))
        await until(lambda: counts(writer)["flushes_failed"] >= 2)
        found = counts(writer)
        assert found["backlog_records"] == 5
        assert found["backlog_bytes"] > 5 * len("x")
        assert found["backlog_seconds"] > 0
        await until(lambda: counts(writer)["backlog_seconds"] > found["backlog_seconds"])
        await asyncio.to_thread(postgres.start)
        await sender.until_durable(10)
        assert counts(writer)["backlog_seconds"] == 0
        await sender.close()


async def test_fences_are_counted_and_told_without_what_was_written(
    url: str,
    feed_socket: Path,
    new_room: Callable[..., str],
    sql: psycopg.Connection,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """OBS-8, OBS-12: stale owners and refused data apart; the log names room and epoch, and no word of the data."""
    stale, refused, unwell = new_room(epoch=3), new_room(), new_room()
    async with serving(url, feed_socket) as writer:
        old = Sender(feed_socket, stale, 2)
        old.feed.write(insertions(1, 2))
        assert await old.until_fenced() == 3
        sick = Sender(feed_socket, refused)
        sick.feed.write([insertion(1, client_id="client\0", content="marrowfat")])
        await sick.until_fenced()
        worse = Sender(feed_socket, unwell)
        worse.feed.write([insertion(1, content="marrowfat\0marrowfat")])
        await worse.until_fenced()
        found = counts(writer)
        assert (found["fences stale"], found["fences refused"]) == (1, 2)
    told = [record for record in caplog.records if record.name == "persistence.writer.service"]
    assert {(record.__dict__["room_id"], record.__dict__["epoch"]) for record in told} == {
        (stale, 2),
        (refused, 1),
        (unwell, 1),
    }
    assert "marrowfat" not in caplog.text
