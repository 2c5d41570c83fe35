"""What one transaction writes: records of many feeds, put together by room and turned into columns.

Pure. A feed's records stay in its `FeedBuffer` until they are committed, so a batch that failed is simply collected
again, together with what has come since.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from persistence.feed import Conflict, Hello, MemberSeen, Message, Op, Record, Snapshot
from rayrooms import text
from rayrooms.errors import InvalidError
from rayrooms.protocol import Operation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rayrooms.text import PositionEdit


class Owner(NamedTuple):
    """Whose records these are: a room under one epoch; or, with room_id "", the gateway that is called `gateway`."""

    room_id: str
    epoch: int
    gateway: str = ""

    @property
    def is_gateway(self) -> bool:
        return not self.room_id

    def fields(self) -> dict[str, str | int]:
        """What a log line about it says apart from its message."""
        return {} if self.is_gateway else {"room_id": self.room_id, "epoch": self.epoch}


class Chunk(NamedTuple):
    """The records of one frame, with its size in bytes and the time at which it came."""

    records: list[Record]
    size: int
    came: float


class FeedBuffer:
    """What came over one connection and is not committed yet.

    `poison` says what was wrong with the first record that could not be taken: what came before it is still good.
    """

    def __init__(self, hello: Hello) -> None:
        self.owner = Owner(hello.room_id, hello.epoch, "" if hello.room_id else hello.sender)
        self.chunks: deque[Chunk] = deque()
        self.size = 0
        self.records = 0
        self.poison: str | None = None
        self._last: int | None = None

    @property
    def waiting(self) -> bool:
        """Whether there is something for the next transaction."""
        return bool(self.chunks) or self.poison is not None

    def add(self, records: list[Record], size: int, now: float) -> None:
        """Take in one frame, whole or not at all."""
        if self.poison is None:
            self.poison = self._flaw(records)
        if self.poison is None and records:
            self._last = records[-1].n
            self.chunks.append(Chunk(records, size, now))
            self.size += size
            self.records += len(records)

    def _flaw(self, records: list[Record]) -> str | None:
        last = self._last
        for record in records:
            if last is not None and record.n != last + 1:
                return f"record {record.n} follows {last}"
            if self.owner.is_gateway and not isinstance(record, MemberSeen):
                return f"a gateway sent a record of type {type(record).__name__}"
            if not math.isfinite(record.at):
                return f"record {record.n} has no time"
            last = record.n
        return None

    def committed(self, n: int) -> list[Chunk]:
        """Drop and return the chunks that are durable now that all records up to n are."""
        done = []
        while self.chunks and self.chunks[0].records[-1].n <= n:
            chunk = self.chunks.popleft()
            self.size -= chunk.size
            self.records -= len(chunk.records)
            done.append(chunk)
        return done

    def discard(self) -> None:
        self.chunks.clear()
        self.size = self.records = 0


@dataclass(slots=True)
class RoomRecords:
    """The records of one owner, each thing once, in order, up to the first that cannot be taken: `poison` says why."""

    owner: Owner
    records: list[Record] = field(default_factory=list)
    ops: dict[int, tuple[Op, PositionEdit]] = field(default_factory=dict)
    snapshots: dict[int, Snapshot] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    conflicts: dict[tuple[int, int], Conflict] = field(default_factory=dict)
    members: dict[tuple[str, str], MemberSeen] = field(default_factory=dict)
    poison: str | None = None

    def add_all(self, records: list[Record]) -> None:
        """Take records in until one is poison."""
        for record in records:
            if self.poison is not None:
                return
            try:
                self._add(record)
            except Exception as error:  # noqa: BLE001 - whatever a record breaks, it must break for its own room only
                # This is logged. Our own errors do not quote what somebody wrote, others might.
                why = error.message if isinstance(error, InvalidError) else type(error).__name__
                self.poison = f"record {record.n}: {why}"
            else:
                self.records.append(record)

    def _add(self, record: Record) -> None:
        match record:
            case Op():
                self._add_op(record)
            case Snapshot():
                if self.ops and record.version > max(self.ops):
                    raise InvalidError(f"a snapshot of version {record.version} is ahead of version {max(self.ops)}")
                self.snapshots[record.version] = record
            case Message():
                self.messages[record.id] = record
            case Conflict():
                self.conflicts[record.version, record.other_version] = record
            case MemberSeen():
                self.members[record.room_id, record.user_id] = record

    def _add_op(self, op: Op) -> None:
        known = self.ops.get(op.version)
        if known is not None:
            if (known[0].client_id, known[0].seq) != (op.client_id, op.seq):
                raise InvalidError(f"version {op.version} came twice, as different operations")
            return
        if self.ops and op.version > next(reversed(self.ops)) + 1 and op.version > max(self.ops) + 1:
            raise InvalidError(f"version {op.version} comes after {max(self.ops)}")
        self.ops[op.version] = (op, text.describe(_decode_operation(op.op)))

    def gap_after(self, head: int) -> str | None:
        """Say what is wrong when these records do not continue a log that ends at version `head`."""
        if self.ops:
            first, last = min(self.ops), max(self.ops)
            if last - first + 1 != len(self.ops):
                return f"versions are missing between {first} and {last}"
            if first > head + 1:
                return f"version {head + 1} is missing before {first}"
            head = max(head, last)
        if self.snapshots and max(self.snapshots) > head:
            return f"a snapshot of version {max(self.snapshots)} is ahead of version {head}"
        return None

    def halves(self) -> tuple[RoomRecords, RoomRecords]:
        """The earlier and the later half of the records."""
        middle = len(self.records) // 2
        earlier, later = RoomRecords(self.owner), RoomRecords(self.owner)
        earlier.add_all(self.records[:middle])
        later.add_all(self.records[middle:])
        later.poison = self.poison
        return earlier, later


@dataclass(frozen=True, slots=True)
class Batch:
    """Records by owner, for one transaction; `reach` says up to which n each feed is durable once it is written."""

    rooms: dict[Owner, RoomRecords]
    reach: dict[FeedBuffer, int]

    @property
    def indivisible(self) -> bool:
        return sum(max(1, len(room.records)) for room in self.rooms.values()) <= 1

    def halves(self) -> tuple[Batch, Batch]:
        """Split by room, and a single room by order, to find what Postgres refuses."""
        if len(self.rooms) > 1:
            owners = list(self.rooms)
            middle = len(owners) // 2
            return self.only(owners[:middle]), self.only(owners[middle:])
        [(owner, records)] = self.rooms.items()
        earlier, later = records.halves()
        return Batch({owner: earlier}, self.reach), Batch({owner: later}, self.reach)

    def only(self, owners: Iterable[Owner]) -> Batch:
        return Batch({owner: self.rooms[owner] for owner in owners}, self.reach)


def collect(feeds: Iterable[FeedBuffer], unverified: Iterable[Owner], *, max_records: int, max_bytes: int) -> Batch:
    """Take what waits longest first, whole frames, until a limit is reached (one frame at least).

    `unverified` owners take part without records, for the sake of the check whether they still own their rooms.
    """
    rooms: dict[Owner, RoomRecords] = {owner: RoomRecords(owner) for owner in unverified if not owner.is_gateway}
    reach: dict[FeedBuffer, int] = {}
    records = size = 0
    for feed in sorted((feed for feed in feeds if feed.waiting), key=_waiting_since):
        room = rooms.setdefault(feed.owner, RoomRecords(feed.owner))
        for chunk in feed.chunks:
            if records and (records + len(chunk.records) > max_records or size + chunk.size > max_bytes):
                return Batch(rooms, reach)
            records += len(chunk.records)
            size += chunk.size
            reach[feed] = chunk.records[-1].n
            room.add_all(chunk.records)
        room.poison = room.poison or feed.poison
    return Batch(rooms, reach)


def _waiting_since(feed: FeedBuffer) -> float:
    return feed.chunks[0].came if feed.chunks else 0.0


_decode_operation = msgspec.json.Decoder(Operation).decode
