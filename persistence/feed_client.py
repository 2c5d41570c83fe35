"""The sender's side of the durable feed, for room actors and gateways.

What `write` returned True for outlives this process: the kernel has it. What is not durable yet is kept here, and sent
again, in order, to a persistence actor that was restarted. Each record is encoded once.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from persistence import wire
from persistence.feed import Durable, Fenced, FromWriter, Hello, Welcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from persistence.feed import Record

_log = logging.getLogger(__name__)

_FRAME_BYTES: Final = 256 * 1024
_FRAME_RECORDS: Final = 2_000
_BACKOFF_FIRST: Final = 0.01
_BACKOFF_MAX: Final = 0.5
_SOON: Final = 0.05
"""Seconds within which a busy sender's next batch is expected: for so long what the writer says may lie unread."""

State = Literal["away", "greeting", "open", "fenced", "closed"]
"""away: no connection, the next attempt is scheduled; greeting: connected, the writer has not welcomed us yet."""


class FeedSender:
    """One feed: the records of one owner of one room (or of one gateway: room_id "", epoch 0).

    Connects from its making on, and again whenever the connection is lost; must be made on the running loop. The
    callbacks are called from the loop or from within `hear`, never from within `write`: `on_durable(n)` when all
    records up to n are in Postgres; `on_fenced(epoch)` once, when nothing of this feed will be written any more;
    `on_resumed()` whenever `handed_over` becomes true, the first time included.
    """

    def __init__(
        self,
        path: Path,
        room_id: str,
        epoch: int,
        sender: str,
        *,
        on_durable: Callable[[int], None],
        on_fenced: Callable[[int], None],
        on_resumed: Callable[[], None],
    ) -> None:
        self._path = path
        self._on_durable = on_durable
        self._on_fenced = on_fenced
        self._on_resumed = on_resumed
        self._loop = asyncio.get_running_loop()
        self._encoder = msgspec.msgpack.Encoder()
        self._decode = wire.decoder(list[FromWriter])
        self._hello = wire.frame([self._encoder.encode(Hello(room_id, epoch, sender))])
        self._tail: deque[bytes] = deque()
        self._unsent: deque[bytes] = deque()
        self._bytes = 0
        self._durable = 0
        self._state: State = "away"
        self._flowing = False
        self._wire: wire.Wire | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._backoff = _BACKOFF_FIRST
        self._heard_at = 0.0
        self._listening: asyncio.TimerHandle | None = None
        self._settled = asyncio.Event()
        self._settled.set()
        self._connect()

    @property
    def state(self) -> State:
        return self._state

    @property
    def durable_n(self) -> int:
        """All records up to this one are in Postgres."""
        return self._durable

    @property
    def next_n(self) -> int:
        """The `n` that the next record must carry."""
        return self._durable + len(self._tail) + 1

    @property
    def backlog_records(self) -> int:
        """Records that are not durable yet."""
        return len(self._tail)

    @property
    def backlog_bytes(self) -> int:
        """Encoded bytes of the records that are not durable yet."""
        return self._bytes

    @property
    def handed_over(self) -> bool:
        """Whether every record written so far is durable or in the kernel, on its way to a writer that is alive."""
        return self._state == "open" and not self._unsent and self._wire is not None and self._wire.idle

    def write(self, records: list[Record]) -> bool:
        """Send records, numbered from `next_n` on, and say whether all written so far would survive our death.

        False: backed up, disconnected, or ended; what was taken is kept and `on_resumed` follows (unless ended).
        Raises ValueError for a record out of its place.
        """
        if self._state in {"fenced", "closed"}:
            return False
        expected = self.next_n
        for record in records:
            if record.n != expected:
                raise ValueError(f"record {record.n} comes where {expected} is due")
            expected += 1
        encode = self._encoder.encode
        encoded = [encode(record) for record in records]
        self._tail.extend(encoded)
        self._unsent.extend(encoded)
        self._bytes += sum(map(len, encoded))
        if self._tail:
            self._settled.clear()
        self._pump()
        self._flowing = self.handed_over
        return self._flowing

    def hear(self) -> None:
        """Take what the writer has said so far; to be called before each batch. The callbacks may be called meanwhile.

        While batches follow one another closely the writer's news wait for the next one, or until none has come for a
        while: to be woken for each of them would cost a busy room as much as its edits do.
        """
        now = self._loop.time()
        is_busy = now - self._heard_at < _SOON
        self._heard_at = now
        if self._listening is not None:
            self._listening.cancel()
            self._listening = None
        stream = self._wire
        if stream is None:
            return
        if not is_busy:
            stream.resume()
            return
        stream.read_now()
        if self._wire is stream and self._state == "open":
            stream.pause()
            self._listening = self._loop.call_later(_SOON, self._listen)

    def _listen(self) -> None:
        """Be woken for the writer's news again."""
        self._listening = None
        if self._wire is not None:
            self._wire.resume()

    async def close(self, *, flush: bool) -> None:
        """End the feed; with `flush`, only when all of it is durable (or it was fenced), so give it a time-out."""
        try:
            if flush:
                await self._settled.wait()
        finally:
            self._end("closed" if self._state != "fenced" else "fenced")

    # ------------------------------------------------------------------ the connection

    def _connect(self) -> None:
        self._retry = None
        try:
            sock = wire.connect(self._path)
        except OSError:
            self._away()
            return
        self._wire = wire.Wire(sock, on_frame=self._received, on_drained=self._drained, on_end=self._away)
        self._state = "greeting"
        self._unsent = deque(self._tail)
        self._wire.send(self._hello)
        self._pump()

    def _away(self) -> None:
        """No connection: everything that is not durable must be sent again on the next one."""
        self._state = "away"
        self._flowing = False
        self._wire = None
        self._unsent.clear()
        self._retry = self._loop.call_later(self._backoff * random.uniform(0.5, 1.0), self._connect)  # noqa: S311 - jitter
        self._backoff = min(self._backoff * 2, _BACKOFF_MAX)

    def _hang_up(self) -> None:
        """End the connection from here, to begin anew on another."""
        if self._wire is not None:
            self._wire.close()
        self._away()

    def _pump(self) -> None:
        """Give the kernel as many whole frames as it takes."""
        while self._unsent and self._wire is not None and self._wire.idle:
            messages: list[bytes] = []
            size = 0
            while self._unsent and size < _FRAME_BYTES and len(messages) < _FRAME_RECORDS:
                messages.append(self._unsent.popleft())
                size += len(messages[-1])
            self._wire.send(wire.frame(messages))

    def _drained(self) -> None:
        self._pump()
        self._resume()

    def _resume(self) -> None:
        if self.handed_over and not self._flowing:
            self._flowing = True
            self._on_resumed()

    def _received(self, payload: bytes) -> None:
        try:
            messages = self._decode(payload)
        except wire.FrameError as error:
            _log.warning("the persistence actor spoke nonsense, connecting anew: %s", error)
            self._hang_up()
            return
        for message in messages:
            match message:
                case Welcome():
                    self._state = "open"
                    self._backoff = _BACKOFF_FIRST
                    self._resume()
                case Durable(n):
                    self._forget(n)
                case Fenced(epoch):
                    self._end("fenced")
                    self._on_fenced(epoch)
            if self._state in {"fenced", "closed"}:
                return

    def _forget(self, n: int) -> None:
        if n <= self._durable:
            return
        for _ in range(min(n - self._durable, len(self._tail))):
            self._bytes -= len(self._tail.popleft())
            self._durable += 1
        if not self._tail:
            self._settled.set()
        self._on_durable(self._durable)

    def _end(self, state: Literal["fenced", "closed"]) -> None:
        self._state = state
        self._flowing = False
        if self._retry is not None:
            self._retry.cancel()
        if self._listening is not None:
            self._listening.cancel()
        if self._wire is not None:
            self._wire.close()
            self._wire = None
        self._tail.clear()
        self._unsent.clear()
        self._bytes = 0
        self._settled.set()
