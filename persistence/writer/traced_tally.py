"""The tally of a writer that tells a tracer of what becomes durable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.feed import Op
from persistence.telemetry.tracing import Edit
from persistence.writer.tally import WriterTally

if TYPE_CHECKING:
    from persistence.telemetry.tracing import Tracer
    from persistence.writer.batch import Chunk, Owner


class TracedWriterTally(WriterTally):
    """A record's span reaches from its coming over the feed to its commit."""

    def __init__(self, tracer: Tracer) -> None:
        super().__init__()
        self._tracer = tracer

    def durable(self, owner: Owner, chunk: Chunk, now: float) -> None:
        super().durable(owner, chunk, now)
        for record in chunk.records:
            if isinstance(record, Op):
                edit = Edit(owner.room_id, record.client_id, record.seq)
                if self._tracer.traces(edit):
                    self._tracer.span("persistence.flush", edit, now - chunk.came, version=record.version)
