"""The writer: takes the feeds of a node's rooms and gateways in, and commits them to Postgres group by group."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import AsyncConnection

from persistence import wire
from persistence.dsn import libpq_url
from persistence.exchanged import Exchanged
from persistence.feed import feed_path
from persistence.planning import BY_INDEX
from persistence.writer import sql
from persistence.writer.batch import collect
from persistence.writer.feeds import Feed
from persistence.writer.tally import WriterTally

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from persistence.settings import Settings
    from persistence.telemetry.readings import Reading
    from persistence.writer.batch import Batch

_log = logging.getLogger(__name__)

APPLICATION_NAME: Final = "rayrooms writer"
"""What Postgres lists a writer's connection under (`pg_stat_activity`)."""

_BATCH_BYTES: Final = 64 * 1024 * 1024
_COMMIT_TIMEOUT: Final = 60.0
_BACKOFF_FIRST: Final = 0.05
_BACKOFF_MAX: Final = 2.0
_LAGS_KEPT: Final = 2_000

_REFUSALS: Final = (
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.errors.ProgramLimitExceeded,
    UnicodeError,
    OverflowError,
)
"""Errors that lie in the records themselves: trying again would fail again."""


_SYNCHRONOUS: Final = (
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
)
"""A commit that is reported durable must be on disk, however an outside Postgres is configured."""


class WriterStats(Exchanged, frozen=True):
    """What the writer does now. `lag_p99_ms` is from the arrival of a frame to its commit, over the last frames."""

    feeds: int
    buffered_records: int
    buffered_bytes: int
    committed_records: int
    commits: int
    lag_p99_ms: float
    database_ok: bool


class Writer:
    """Serves feeds at a Unix socket. A record is reported durable when Postgres has it on disk, and only then.

    While Postgres is away the writer keeps what it has and tries again; above `max_buffer` bytes it stops reading, so
    that the rooms back up. A feed whose owner is stale, whose log is not the stored one, or whose data Postgres refuses
    is fenced; all others go on. Made, started and used on one event loop.
    """

    def __init__(
        self,
        database_url: str,
        path: Path,
        *,
        flush_interval: float = 0.05,
        flush_max_records: int = 20_000,
        max_buffer: int = 256 * 1024 * 1024,
        snapshots_kept: int = 10,
        connect_timeout: float = 5.0,
        tally: WriterTally | None = None,
    ) -> None:
        self._url = libpq_url(database_url)
        self._path = path
        self._flush_interval = flush_interval
        self._flush_max_records = flush_max_records
        self._max_buffer = max_buffer
        self._snapshots_kept = snapshots_kept
        self._connect_timeout = connect_timeout
        self._listener: socket.socket | None = None
        self._inode: int | None = None
        self._connection: AsyncConnection | None = None
        self._flusher: asyncio.Task[None] | None = None
        self._feeds: set[Feed] = set()
        self._drains: set[asyncio.Future[None]] = set()
        self._refused: dict[str, int] = {}
        self._work = asyncio.Event()
        self._buffered = 0
        self._paused = False
        self._stopping = False
        self._database_ok = True
        self._tally = tally or WriterTally()
        self._commits = 0
        self._lags: deque[float] = deque(maxlen=_LAGS_KEPT)

    @classmethod
    def from_settings(cls, settings: Settings, *, node: str = "") -> Writer:
        """As the settings say, on the node of that id in Ray."""
        return cls(
            settings.database_url,
            feed_path(settings.runtime_dir),
            flush_interval=settings.flush_interval,
            flush_max_records=settings.flush_max_records,
            max_buffer=settings.writer_max_buffer,
            snapshots_kept=settings.snapshots_kept,
            connect_timeout=settings.db_timeout,
            tally=_tally(settings, node),
        )

    async def start(self) -> None:
        """Listen; Postgres need not be there yet. Raises OSError when the socket cannot be made."""
        if self._flusher is not None:
            return
        self._stopping = False
        self._listener = wire.listen(self._path)
        self._inode = self._path.stat().st_ino
        asyncio.get_running_loop().add_reader(self._listener, self._accept)
        self._flusher = asyncio.create_task(self._run(), name="writer-flush")

    async def failed(self) -> None:
        """Wait until the writer has stopped; raises what ended it when that was not `stop`."""
        if self._flusher is not None:
            await asyncio.wait({self._flusher})
            if not self._flusher.cancelled():
                self._flusher.result()

    async def drain(self, room_id: str, timeout: float) -> bool:  # noqa: ASYNC109 - running out of time is an answer here
        """Wait until all that came for the room is committed (or fenced) and its feeds have ended.

        True at once when nothing is held for it; False when that takes more than `timeout` seconds, since a sender
        still lives or Postgres is away.
        """
        return await self._until(lambda: not self._feeds_of(room_id), timeout)

    async def catch_up(self, room_id: str, timeout: float) -> bool:  # noqa: ASYNC109 - as above
        """Wait until all that the room's senders have handed over so far is committed, though they may live on.

        For an owner that hangs: it acknowledges nothing any more, so what it has handed over is all there is to keep.
        """
        for feed in self._feeds_of(room_id):
            feed.read_now()
        return await self._until(
            lambda: all(feed.buffer is None or not feed.buffer.waiting for feed in self._feeds_of(room_id)), timeout
        )

    def _feeds_of(self, room_id: str) -> list[Feed]:
        return [feed for feed in self._feeds if feed.owner is not None and feed.owner.room_id == room_id]

    async def _until(self, reached: Callable[[], bool], timeout: float) -> bool:  # noqa: ASYNC109 - as above
        """Wait for a commit or the end of a feed that makes it so."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while not reached():
            changed = loop.create_future()
            self._drains.add(changed)
            await asyncio.wait({changed}, timeout=deadline - loop.time())
            self._drains.discard(changed)
            if loop.time() >= deadline:
                return reached()
        return True

    async def stats(self) -> WriterStats:
        lags = sorted(self._lags)
        return WriterStats(
            feeds=len(self._feeds),
            buffered_records=sum(feed.buffer.records for feed in self._feeds if feed.buffer is not None),
            buffered_bytes=self._buffered + sum(feed.partial for feed in self._feeds),
            committed_records=self._tally.committed,
            commits=self._commits,
            lag_p99_ms=1000 * lags[int(len(lags) * 0.99)] if lags else 0.0,
            database_ok=self._database_ok,
        )

    def readings(self) -> Iterator[Reading]:
        """What it has counted and what it holds, as metrics."""
        buffers = [feed.buffer for feed in self._feeds if feed.buffer is not None]
        return self._tally.readings(buffers, asyncio.get_running_loop().time())

    async def stop(self, timeout: float = 10.0) -> bool:  # noqa: ASYNC109 - running out of time is an answer here
        """Commit what the senders have handed over so far, then end. False when that took more than `timeout` seconds.

        What senders hand over later stays with them, not durable.
        """
        if self._flusher is None:
            return True
        self._stop_listening()
        for feed in list(self._feeds):
            feed.read_now()
            feed.pause()
        self._stopping = True
        self._work.set()
        done, _ = await asyncio.wait({self._flusher}, timeout=timeout)
        self._flusher.cancel()
        await asyncio.gather(self._flusher, return_exceptions=True)
        self._flusher = None
        for feed in list(self._feeds):
            feed.close()
        self._feeds.clear()
        await self._disconnect()
        return bool(done)

    def _stop_listening(self) -> None:
        if self._listener is None:
            return
        asyncio.get_running_loop().remove_reader(self._listener)
        self._listener.close()
        self._listener = None
        if self._path.exists() and self._path.stat().st_ino == self._inode:
            self._path.unlink()

    # ------------------------------------------------------------------ feeds

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            sock, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        self._feeds.add(Feed(sock, on_records=self._received, on_end=self._ended))

    def _received(self, feed: Feed, size: int) -> None:
        owner = feed.owner
        if owner is not None and not owner.is_gateway and self._refused.get(owner.room_id) == owner.epoch:
            feed.fence(owner.epoch)
            self._forget(feed)
            return
        self._buffered += size
        self._paused = self._paused or self._buffered > self._max_buffer
        if self._paused:
            for other in self._feeds:
                other.pause()
        self._work.set()

    def _ended(self, feed: Feed) -> None:
        if feed.buffer is None or not feed.buffer.waiting:
            self._forget(feed)
        self._work.set()

    def _forget(self, feed: Feed) -> None:
        self._feeds.discard(feed)
        self._tell_waiters()

    def _tell_waiters(self) -> None:
        for changed in self._drains:
            if not changed.done():
                changed.set_result(None)

    # ------------------------------------------------------------------ commits

    async def _run(self) -> None:
        """Commit whenever there is something and the last commit is done, at most once per flush interval."""
        loop = asyncio.get_running_loop()
        began, backoff = -self._flush_interval, _BACKOFF_FIRST
        while not (self._stopping and not self._unfinished()):
            await self._work.wait()
            if not self._stopping:
                await asyncio.sleep(began + self._flush_interval - loop.time())
            self._work.clear()
            began = loop.time()
            try:
                await self._flush()
            except (psycopg.Error, OSError) as error:
                self._tally.failed += 1
                if self._database_ok:
                    _log.warning("Postgres cannot be written to, trying again: %s", error)
                self._database_ok = False
                await self._disconnect()
                self._work.set()
                await asyncio.sleep(backoff * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
                backoff = min(backoff * 2, _BACKOFF_MAX)
            else:
                self._database_ok, backoff = True, _BACKOFF_FIRST
                if self._unfinished():
                    self._work.set()

    def _unfinished(self) -> bool:
        return any(feed.buffer is not None and (feed.buffer.waiting or not feed.verified) for feed in self._feeds)

    async def _flush(self) -> None:
        """Commit one batch and tell its senders. Raises psycopg's errors and OSError when Postgres is not well."""
        feeds = {feed.buffer: feed for feed in self._feeds if feed.buffer is not None}
        batch = collect(
            feeds,
            [buffer.owner for buffer, feed in feeds.items() if not feed.verified],
            max_records=self._flush_max_records,
            max_bytes=_BATCH_BYTES,
        )
        loop = asyncio.get_running_loop()
        began = loop.time()
        outcome = await self._write(batch)
        self._commits += 1
        now = loop.time()
        if batch.rooms:
            self._tally.flush.add(now - began)
        for buffer, feed in feeds.items():
            if feed not in self._feeds or buffer.owner not in batch.rooms:
                continue
            if buffer.owner in outcome.stale:
                _log.warning(
                    "fenced: %s, its room is at epoch %d",
                    buffer.owner,
                    outcome.stale[buffer.owner],
                    extra=buffer.owner.fields(),
                )
                self._tally.stale += 1
                self._fence(feed, outcome.stale[buffer.owner])
            elif buffer.owner in outcome.refused:
                _log.error("refused: %s, %s", buffer.owner, outcome.refused[buffer.owner], extra=buffer.owner.fields())
                if not buffer.owner.is_gateway:
                    self._refused[buffer.owner.room_id] = buffer.owner.epoch
                self._tally.refused += 1
                self._fence(feed, buffer.owner.epoch)
            elif buffer.owner in outcome.written and buffer.owner not in outcome.locked:
                feed.verified = True
                if buffer in batch.reach:
                    for chunk in buffer.committed(batch.reach[buffer]):
                        self._buffered -= chunk.size
                        self._tally.durable(buffer.owner, chunk, now)
                        self._lags.append(now - chunk.came)
                    feed.durable(batch.reach[buffer])
                if feed.ended:
                    self._ended(feed)
        self._tell_waiters()
        self._relieve()

    def _fence(self, feed: Feed, epoch: int) -> None:
        self._buffered -= feed.fence(epoch)
        self._forget(feed)

    def _relieve(self) -> None:
        """Read on once half of the memory is free again."""
        if self._paused and self._buffered <= self._max_buffer // 2 and not self._stopping:
            self._paused = False
            for feed in self._feeds:
                feed.resume()

    async def _write(self, batch: Batch) -> sql.Outcome:
        """Write the batch; when it is refused, in halves, until what is refused stands alone."""
        if not batch.rooms:
            return sql.Outcome()
        connection = await self._connected()
        try:
            async with asyncio.timeout(_COMMIT_TIMEOUT):
                return await sql.write(connection, batch, snapshots_kept=self._snapshots_kept)
        except sql.ForkedError as error:
            forked = {owner: owner.epoch for owner in batch.rooms if owner.room_id in error.room_ids}
            _log.error("these rooms hold other operations than the stored log: %s", sorted(error.room_ids))
            rest = batch.only([owner for owner in batch.rooms if owner not in forked])
            return sql.Outcome(stale=forked).merge(await self._write(rest))
        except _REFUSALS as error:
            if batch.indivisible:
                return sql.Outcome(refused=dict.fromkeys(batch.rooms, _named(error)))
        earlier, later = batch.halves()
        outcome = await self._write(earlier)
        if len(batch.rooms) == 1 and (outcome.refused or outcome.stale or outcome.locked):
            return outcome
        return outcome.merge(await self._write(later))

    async def _connected(self) -> AsyncConnection:
        if self._connection is None or self._connection.closed:
            self._connection = await AsyncConnection.connect(
                self._url,
                autocommit=True,
                prepare_threshold=0,
                connect_timeout=max(2, round(self._connect_timeout)),
                keepalives_idle=10,
                tcp_user_timeout=30_000,
                application_name=APPLICATION_NAME,
            )
            await self._connection.execute(_SYNCHRONOUS)
            await self._connection.execute(BY_INDEX)
        return self._connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


def _tally(settings: Settings, node: str) -> WriterTally:
    if not settings.traces:
        return WriterTally()
    from persistence.telemetry.span_export import tracer  # noqa: PLC0415 - only where it is needed
    from persistence.writer.traced_tally import TracedWriterTally  # noqa: PLC0415

    return TracedWriterTally(tracer(settings.traces, settings.traces_share, node=node))


def _named(error: Exception) -> str:
    """What kind of error it is. Its own words may hold the row that was refused, and so what somebody wrote."""
    state = getattr(error, "sqlstate", None)
    return f"{type(error).__name__} ({state})" if state else type(error).__name__
