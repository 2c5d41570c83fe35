"""Works through the journals of a room after a run: the text that each client holds, and how long everything took."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from loadtest.typist import SlimChange, SlimData, decode
from rayrooms import text
from rayrooms.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadtest.typist import Journal
    from rayrooms.protocol import Operation


class Window(NamedTuple):
    """The measured part of a run, in seconds of the journals' clock: from `start` to before `end`."""

    start: float
    end: float


class Account(msgspec.Struct):
    """What a room's clients saw in the window, in seconds each, and what is wrong with the run as a whole.

    `durable` are times from an acknowledgement to the watermark that covers it, both at the author.
    """

    acks: list[float] = msgspec.field(default_factory=list)
    arrivals: list[float] = msgspec.field(default_factory=list)
    durable: list[float] = msgspec.field(default_factory=list)
    wrong: list[str] = msgspec.field(default_factory=list)


class _Replayed(msgspec.Struct):
    """What a client holds, and how many of its own edits it knows to be committed."""

    text: str
    version: int
    acked: int = 0


def account(journals: Sequence[Journal], newcomer: str, window: Window, before: int = 0) -> Account:
    """Rebuild every client from its journal and compare: with one another and with the text that a newcomer got.

    `before` edits were made by others before all of them.
    """
    result = Account()
    by_client = {journal.client_id: journal for journal in journals}
    total = before + sum(len(journal.sent) for journal in journals)
    for journal in journals:
        try:
            held = _replay(journal, by_client, window, result)
        except (InvalidError, ValueError) as error:
            result.wrong.append(f"{journal.client_id}: {error}")
            continue
        if held.text != newcomer:
            result.wrong.append(f"{journal.client_id} and a newcomer hold different texts")
        if held.acked != len(journal.sent):
            result.wrong.append(f"{journal.client_id} made {len(journal.sent)} edits; {held.acked} were acknowledged")
        if held.version != total:
            result.wrong.append(f"{journal.client_id} is at version {held.version}; {total} edits were made")
    return result


def _replay(journal: Journal, by_client: dict[str, Journal], window: Window, result: Account) -> _Replayed:
    """Go once more through what a client received. Raises ValueError and InvalidError where that does not fit."""
    held = _Replayed(journal.content, journal.version)
    mine: Operation = []
    waiting: deque[tuple[int, float]] = deque()
    made = iter(journal.sent)
    coming = next(made, None)
    for number, (at, frame) in enumerate(zip(journal.times, journal.frames, strict=True), 1):
        if coming is not None and coming.frames < number:
            mine, coming = coming.op, next(made, None)
        measured = window.start <= at < window.end
        event = decode(frame)
        if event.event == "durable":
            while waiting and waiting[0][0] <= event.data.version:
                result.durable.append(at - waiting.popleft()[1])
            continue
        for change in _changes(journal.client_id, event.data):
            if change.version != held.version + 1:
                raise ValueError(f"version {change.version} came after {held.version}")
            held.version = change.version
            sent = by_client[change.client_id].sent[change.seq - 1]
            if change.op is None:
                held.acked += 1
                if change.seq != held.acked:
                    raise ValueError(f"edit {change.seq} was acknowledged as the {held.acked}th")
                held.text = text.apply(held.text, mine)
                if measured:
                    result.acks.append(at - sent.at)
                    waiting.append((change.version, at))
            else:
                held.text = text.apply(held.text, change.op)
                mine = text.transform(mine, change.op, "left")
                if measured:
                    result.arrivals.append(at - sent.at)
    if waiting:
        result.wrong.append(f"{len(waiting)} edits of {journal.client_id} never became durable")
    return held


def _changes(client_id: str, data: SlimData) -> list[SlimChange]:
    """The commits of a frame: an `ack` names own ones only."""
    return data.changes or [SlimChange(ack.version, client_id, ack.seq) for ack in data.acks]
