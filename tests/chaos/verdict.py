"""What must hold of a room once a storm is over: one text, one log, every edit once, no durable one missing."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, Protocol, cast

from rayrooms import text
from rayrooms.errors import RayroomsError

from .crowd import patiently
from .writer import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rayrooms.protocol import Operation

    from .crowd import Crowd, Retired, Room
    from .writer import Claim

PATIENCE = 120.0
_LOG = "SELECT version, op, client_id, seq, epoch FROM operations WHERE room_id = %s ORDER BY version"
_STORED = "SELECT room_id, max(version) FROM operations WHERE room_id = ANY(%s) GROUP BY room_id"


class Database(Protocol):
    """Asks the database itself, without the server."""

    async def query(self, statement: str, *parameters: object) -> list[tuple[object, ...]]: ...


@dataclass(frozen=True)
class Entry:
    """A stored operation."""

    version: int
    op: Operation
    client_id: str
    seq: int
    epoch: int


@dataclass
class Verdict:
    """What was found in one room. Lost and doubled are words or, where words may be cut, letters."""

    text: str = ""
    versions: int = 0
    claims: int = 0
    lost: int = 0
    doubled: int = 0
    troubles: list[str] = field(default_factory=list)


async def judge(room: Room, stage: Database) -> Verdict:
    """Look at a room whose writers have stopped. What is found wrong stands in the verdict's `troubles`."""
    verdict = Verdict()
    trouble = verdict.troubles
    for writer in room.writers:
        trouble += writer.troubles
        writer.troubles.clear()
    if len(room.present) < len(room.writers):
        trouble.append("not everybody is in the room")
        return verdict
    clients = [writer.present for writer in room.writers]
    try:
        for client in clients:
            await client.wait_durable(PATIENCE)
        for client in clients:
            await client.sync(PATIENCE)
    except (RayroomsError, TimeoutError) as error:
        states = [f"{client.status}, {client.saved}, version {client.version}" for client in clients]
        trouble.append(f"the edits do not become durable: {error!r}; {states}")
        return verdict
    verdict.text = clients[0].text
    if any(client.text != verdict.text for client in clients):
        trouble.append("the copies differ")
    if await patiently(partial(room.owner.text, room.room_id)) != verdict.text:
        trouble.append("REST tells another text than the copies")
    entries = [_entry(row) for row in await stage.query(_LOG, room.room_id)]
    verdict.versions = len(entries)
    claims = {claim for writer in room.writers for claim in writer.claims} | set(room.checked)
    verdict.claims = len(claims)
    trouble += replayed(entries, verdict.text, claims)
    for writer in room.writers:
        writer.claims.clear()
    room.checked = sorted(claims, key=lambda claim: claim.version)[-1:]
    words = [word for writer in room.writers for word in writer.words]
    verdict.lost, verdict.doubled, odd = compared(words, verdict.text, exact=room.exact)
    if verdict.lost or verdict.doubled or odd:
        trouble.append(f"{verdict.lost} lost, {verdict.doubled} doubled, {len(odd)} that nobody typed: {odd[:5]}")
    trouble[:] = [f"room {room.room_id}: {sentence}" for sentence in trouble]
    return verdict


def replayed(entries: list[Entry], end: str, claims: Iterable[Claim]) -> list[str]:
    """What is wrong with a stored log: numbers, order, its text, or what clients were told of it."""
    found = []
    if [entry.version for entry in entries] != list(range(1, len(entries) + 1)):
        found.append("the log has gaps")
    if any(later.epoch < earlier.epoch for earlier, later in pairwise(entries)):
        found.append("an owner wrote after its successor")
    own = sorted((entry.client_id, entry.version, entry.seq) for entry in entries)
    for client_id, group in groupby(own, key=lambda one: one[0]):
        seqs = [seq for _, _, seq in group]
        if seqs != list(range(1, len(seqs) + 1)):
            found.append(f"the edits of client {client_id} are not 1 to {len(seqs)} in order")
    due = {claim.version: claim.digest for claim in claims}
    document = ""
    for entry in entries:
        document = text.apply(document, entry.op)
        digest = due.pop(entry.version, None)
        if digest is not None and digest_of(document) != digest:
            found.append(f"version {entry.version} is not what a client was told to be durable")
    due.pop(0, None)
    if due:
        found.append(f"versions {sorted(due)} were told to be durable and are not in the log, of {len(entries)}")
    if document != end:
        found.append("the log leads to another text")
    return found


def compared(words: list[str], document: str, *, exact: bool) -> tuple[int, int, list[str]]:
    """How many words (or, not `exact`, letters) are lost and doubled, and what stands there that nobody typed."""
    if exact:
        due, there = Counter(words), Counter(document.split())
    else:
        due, there = Counter("".join(words)), Counter(document.replace(" ", ""))
    more = there - due
    odd = [word for word in more if word not in due]
    return (due - there).total(), more.total() - sum(more[word] for word in odd), odd


async def audit(crowd: Crowd, stage: Database) -> list[str]:
    """Which clients were told more than the database holds. What they were told is read first, so it never errs."""
    told = {room.room_id: room.told_durable for room in crowd.rooms}
    rows = await stage.query(_STORED, list(told))
    stored = {cast("str", room_id): cast("int", version) for room_id, version in rows}
    return [
        f"room {room_id}: version {version} was told to be durable, and {stored.get(room_id, 0)} are stored"
        for room_id, version in told.items()
        if version > stored.get(room_id, 0)
    ]


async def still_there(retired: list[Retired]) -> list[str]:
    """Which rooms that nobody writes in any more are not as they were left."""
    texts = await asyncio.gather(*(patiently(partial(room.owner.text, room.room_id)) for room in retired))
    return [
        f"room {room.room_id} has changed since nobody is in it"
        for room, found in zip(retired, texts, strict=True)
        if room.text is not None and found != room.text
    ]


def _entry(row: tuple[Any, ...]) -> Entry:
    return Entry(*row)
