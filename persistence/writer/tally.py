"""What a writer counts: what it commits, how long that takes, and whom it has to cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.telemetry import catalogue
from persistence.telemetry.readings import Buckets, Reading

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from persistence.writer.batch import Chunk, FeedBuffer, Owner


class WriterTally:
    """The counts of one writer since it started. Times are in seconds."""

    def __init__(self) -> None:
        self.committed = 0
        self.failed = 0
        self.stale = 0
        self.refused = 0
        self.lag = Buckets(catalogue.DURABLE_LAG_SECONDS)
        self.flush = Buckets(catalogue.FLUSH_SECONDS)

    def durable(self, owner: Owner, chunk: Chunk, now: float) -> None:  # noqa: ARG002 - for those who trace
        """What came in one frame is in Postgres now."""
        self.committed += len(chunk.records)
        self.lag.add(now - chunk.came)

    def readings(self, buffers: Collection[FeedBuffer], now: float) -> Iterator[Reading]:
        """All of them, and what these buffers hold, as metrics."""
        oldest = min((buffer.chunks[0].came for buffer in buffers if buffer.chunks), default=now)
        yield Reading(catalogue.BACKLOG_RECORDS, sum(buffer.records for buffer in buffers))
        yield Reading(catalogue.BACKLOG_BYTES, sum(buffer.size for buffer in buffers))
        yield Reading(catalogue.BACKLOG_SECONDS, now - oldest)
        yield Reading(catalogue.DURABLE_LAG_SECONDS, self.lag)
        yield Reading(catalogue.FLUSH_SECONDS, self.flush)
        yield Reading(catalogue.FLUSHES_FAILED, self.failed)
        yield Reading(catalogue.RECORDS_COMMITTED, self.committed)
        yield Reading(catalogue.FENCES, self.stale, "stale")
        yield Reading(catalogue.FENCES, self.refused, "refused")
