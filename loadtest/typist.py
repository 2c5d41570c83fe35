"""A user who types, as lean as a client can be: what it needs for its next edit, and a journal for afterwards."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import msgspec

from loadtest.wire import Wire
from rayrooms.protocol import Operation

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

BURST = 20
"""Characters that a user types in one place before it goes to another."""
DELETED = 3
"""Characters that half of the bursts delete first."""
_CHARACTERS = "etaoin shrdlu"

_now = time.perf_counter
_to_json = msgspec.json.Encoder().encode


class SlimChange(msgspec.Struct):
    """As much of a commit as a typist looks at; own ones have no `op`."""

    version: int
    client_id: str
    seq: int
    op: Operation | None = None


class SlimAck(msgspec.Struct):
    """An own edit, committed."""

    version: int
    seq: int


class SlimData(msgspec.Struct):
    """The fields that matter of all events' data."""

    version: int = 0
    content: str | None = None
    changes: list[SlimChange] = []
    acks: list[SlimAck] = []
    code: str = ""
    message: str = ""


class SlimEvent(msgspec.Struct):
    """Any event of the server."""

    event: str
    data: SlimData


decode = msgspec.json.Decoder(SlimEvent).decode


class Sent(msgspec.Struct):
    """An edit as it was made: after so many received frames, at that version."""

    at: float
    frames: int
    op: Operation


class Journal(msgspec.Struct):
    """All that went over one connection in a room, to be worked through after the run.

    The text was `content` at `version` on joining; `frames` came at `times` (seconds) after that; `sent[seq - 1]` is
    the own edit `seq`.
    """

    client_id: str
    content: str = ""
    version: int = 0
    frames: list[bytes] = msgspec.field(default_factory=list)
    times: list[float] = msgspec.field(default_factory=list)
    sent: list[Sent] = msgspec.field(default_factory=list)


class Typist(Wire):
    """One user in one room, with one edit in flight at most.

    `on_free` is called when an edit was acknowledged and its frame is done with, so that the next can be made.
    `version` is the newest that it holds, `durable` the newest that it knows to be in Postgres.
    """

    def __init__(self, room_id: str, client_id: str, rng: random.Random) -> None:
        super().__init__()
        self.journal = Journal(client_id)
        self.error: str | None = None
        self.busy = False
        self.on_free: Callable[[], None] = _nothing
        self._room_id = room_id
        self._rng = rng
        self.version = 0
        self.durable = 0
        self._size = 0
        self._cursor = 0
        self._left = 0
        self._inserted = 0
        self._growth = 0
        self._joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._head = b'{"event":"code_change","data":{"room_id":%b,"client_id":%b,"op":[' % (
            _to_json(room_id),
            _to_json(client_id),
        )

    async def open(self, url: str, token: str) -> None:
        """Connect, and return with the whole document at hand. Raises WireError."""
        await self.connect(url, token)
        await self._joined

    # -------------------------------------------------------------- writing

    def seed(self, text: str) -> None:
        """Make an edit that inserts `text` at the start of the document."""
        self._send([text], 0, len(text))

    def type_next(self) -> None:
        """Make the next edit of this user's typing."""
        rng = self._rng
        character = rng.choice(_CHARACTERS)
        growth = 1
        if self._left:
            self._left -= 1
            op: Operation = [self._cursor, character] if self._cursor else [character]
        else:
            self._left = BURST - 1
            deleted = DELETED if rng.random() < 0.5 and self._size >= DELETED else 0
            self._cursor = rng.randrange(self._size - deleted + 1)
            op = [self._cursor, character] if self._cursor else [character]
            if deleted:
                op.append({"d": deleted})
                growth -= deleted
        self._send(op, 1, growth)

    def _send(self, op: Operation, length: int, growth: int) -> None:
        journal = self.journal
        sent = journal.sent
        self.busy = True
        self._inserted = length
        self._growth = growth
        data = b'%b%b,"version":%d,"seq":%d}}' % (self._head, _to_json(op)[1:], self.version, len(sent) + 1)
        sent.append(Sent(_now(), len(journal.frames), op))
        self.send(data)

    # -------------------------------------------------------------- reading

    def received(self, data: bytes) -> None:
        journal = self.journal
        journal.times.append(_now())
        journal.frames.append(data)
        was_busy = self.busy
        event = decode(data)
        body = event.data
        if event.event == "ack":
            for ack in body.acks:
                self._acknowledged(ack.version)
        elif event.event == "code_change":
            for change in body.changes:
                if change.op is None:
                    self._acknowledged(change.version)
                else:
                    self.version = change.version
                    self._cursor, grown = carry(self._cursor, change.op)
                    self._size += grown
        elif event.event == "durable":
            self.durable = body.version
        else:
            self._other(event)
        if was_busy and not self.busy:
            self.on_free()

    def _acknowledged(self, version: int) -> None:
        self.version = version
        self._cursor += self._inserted
        self._size += self._growth
        self.busy = False

    def _other(self, event: SlimEvent) -> None:
        body = event.data
        if event.event == "connection_response":
            join = {"event": "join_room", "data": {"room_id": self._room_id, "client_id": self.journal.client_id}}
            self.send(_to_json(join))
        elif event.event == "room_joined" and body.content is not None and not self._joined.done():
            journal = self.journal
            journal.content, journal.version = body.content, body.version
            journal.times.clear()
            journal.frames.clear()
            self.version, self._size = body.version, len(body.content)
            self._joined.set_result(None)
        elif event.event in {"error", "room_joined", "room_left", "going_away"}:
            self._fail(f"{event.event} {body.code} {body.message}".rstrip())

    def lost(self, why: str) -> None:
        self._fail(why)

    def _fail(self, error: str) -> None:
        self.error = self.error or error
        if not self._joined.done():
            self._joined.set_exception(ConnectionError(f"room {self._room_id} cannot be joined: {error}"))


def carry(cursor: int, op: Operation) -> tuple[int, int]:
    """Where a caret stands after someone else's `op`, and by how much that lets the text grow.

    An own insert that is under way at the caret goes before theirs, so theirs does not move it.
    """
    at = grown = 0
    for component in op:
        if isinstance(component, int):
            at += component
        elif isinstance(component, str):
            length = len(component)
            if at < cursor:
                cursor += length
            at += length
            grown += length
        else:
            gone = component["d"]
            length = gone if isinstance(gone, int) else len(gone)
            if at < cursor:
                cursor -= min(length, cursor - at)
            grown -= length
    return cursor, grown


def _nothing() -> None:
    """Until a pace is set, nobody waits for acknowledgements."""
