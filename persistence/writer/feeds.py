"""One sender's connection to the writer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from persistence import wire
from persistence.feed import Durable, Fenced, Hello, ToWriter, Welcome
from persistence.writer.batch import FeedBuffer

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from persistence.feed import FromWriter, Record
    from persistence.writer.batch import Owner


class Feed:
    """A connection and what came over it. `buffer` is None until its Hello.

    `on_records(feed, size)` is called for each frame of `size` bytes, `on_end(feed)` when the sender has ended and all
    that it sent was read. `verified` is whether Postgres confirmed its epoch once.
    """

    def __init__(
        self,
        sock: socket.socket,
        *,
        on_records: Callable[[Feed, int], None],
        on_end: Callable[[Feed], None],
    ) -> None:
        self.buffer: FeedBuffer | None = None
        self.ended = False
        self.verified = False
        self._on_records = on_records
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._decode = wire.decoder(list[ToWriter])
        self._encoder = msgspec.msgpack.Encoder()
        self._durable_due: int | None = None
        self._wire = wire.Wire(sock, on_frame=self._frame, on_drained=self._drained, on_end=self._gone)

    @property
    def owner(self) -> Owner | None:
        return self.buffer.owner if self.buffer is not None else None

    @property
    def partial(self) -> int:
        """Bytes of a frame that has not come whole yet."""
        return self._wire.partial

    def durable(self, n: int) -> None:
        """Tell the sender; while it does not read, only the newest is kept for it."""
        if self._wire.idle:
            self._send(Durable(n))
        else:
            self._durable_due = n

    def fence(self, epoch: int) -> int:
        """Drop what it sent, tell it, and end. Returns the bytes that were dropped.

        The words may wait for a sender that does not read; the feed itself counts as ended from now on.
        """
        dropped = self.buffer.size if self.buffer is not None else 0
        if self.buffer is not None:
            self.buffer.discard()
        self.ended = True
        self._durable_due = None
        self._wire.pause()
        if self._send(Fenced(epoch)):
            self._wire.close()
        return dropped

    def pause(self) -> None:
        self._wire.pause()

    def resume(self) -> None:
        if not self.ended:
            self._wire.resume()

    def read_now(self) -> None:
        """Take all that the sender has handed over so far."""
        self._wire.read_now()

    def close(self) -> None:
        self._wire.close()

    def _frame(self, payload: bytes) -> None:
        if self.ended:
            return
        try:
            messages = self._decode(payload)
        except wire.FrameError as error:
            self._broken(str(error))
            return
        records: list[Record] = []
        for message in messages:
            if isinstance(message, Hello):
                if self.buffer is not None:
                    self._broken("a second Hello came")
                    return
                self.buffer = FeedBuffer(message)
                self._send(Welcome())
            else:
                records.append(message)
        if self.buffer is None:
            self._broken("the first message is no Hello")
            return
        self.buffer.add(records, len(payload), self._loop.time())
        self._on_records(self, len(payload) if records and self.buffer.poison is None else 0)

    def _broken(self, why: str) -> None:
        """Take nothing more from it. What came before is still written; without a Hello there is nothing."""
        self._wire.pause()
        if self.buffer is None:
            self._wire.close()
            self._gone()
        else:
            self.buffer.poison = self.buffer.poison or why
            self._on_records(self, 0)

    def _send(self, message: FromWriter) -> bool:
        return self._wire.send(wire.frame([self._encoder.encode(message)]))

    def _drained(self) -> None:
        if self.ended:
            self._wire.close()
        elif self._durable_due is not None:
            due, self._durable_due = self._durable_due, None
            self._send(Durable(due))

    def _gone(self) -> None:
        if not self.ended:
            self.ended = True
            self._on_end(self)
