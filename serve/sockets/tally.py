"""What a gateway counts: plain numbers that the path of an edit adds to, and that a timer reads."""

from __future__ import annotations

from collections import Counter
from time import monotonic
from typing import TYPE_CHECKING, Literal

import msgspec

from persistence.telemetry import catalogue
from persistence.telemetry.readings import Buckets, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actors.link.messages import Commit
    from serve.sockets.session import RoomSession

Transport = Literal["json", "msgpack", "socketio"]

_ERROR_EVENT = b'{"event":"error",'


class _Refusal(msgspec.Struct):
    """As much of an `error` event as tells why."""

    class Data(msgspec.Struct):
        code: str
        seq: int | None = None

    data: Data


_refusal = msgspec.json.Decoder(_Refusal).decode


class GatewayTally:
    """The counts of one gateway replica since it started."""

    def __init__(self) -> None:
        self.edits = 0
        self.rest_edits = 0
        self.edit_seconds = Buckets(catalogue.EDIT_SECONDS)
        self.changes_sent = 0
        self.signals_sent = 0
        self.marks_sent = 0
        self.first_joins = 0
        self.returns = 0
        self.slow_readers = 0
        self.refusals: Counter[str] = Counter()
        self.open: Counter[Transport] = Counter()
        self.opened: Counter[Transport] = Counter()

    def answered(self, session: RoomSession, commits: list[Commit]) -> None:
        """The session gets what these commits acknowledge: the edit of its that is being timed may be among them."""
        for commit in commits:
            if commit.sid == session.sid and session.timed_seq is not None and commit.seq >= session.timed_seq:
                if commit.seq == session.timed_seq:  # else it was a repeat, and answered as such
                    self.timed(session, commit.seq, monotonic() - session.timed_from)
                session.timed_seq = None
                return

    def timed(self, session: RoomSession, seq: int, seconds: float) -> None:  # noqa: ARG002 - for those who trace
        """The edit of the session that was timed was answered after so long."""
        self.edit_seconds.add(seconds)

    def told_by_room(self, session: RoomSession, payload: bytes) -> None:
        """A room sends this event to one session: count it if it is a refusal, which is not timed."""
        if payload.startswith(_ERROR_EVENT):
            refused = _refusal(payload).data
            self.refusals[refused.code] += 1
            if refused.seq is not None and refused.seq == session.timed_seq:
                session.timed_seq = None

    def readings(self) -> Iterator[Reading]:
        """All of them, as metrics."""
        yield Reading(catalogue.EDITS, self.edits, "socket")
        yield Reading(catalogue.EDITS, self.rest_edits, "rest")
        yield Reading(catalogue.EDIT_SECONDS, self.edit_seconds)
        yield Reading(catalogue.EVENTS_SENT, self.changes_sent, "change")
        yield Reading(catalogue.EVENTS_SENT, self.signals_sent, "signal")
        yield Reading(catalogue.EVENTS_SENT, self.marks_sent, "durable")
        yield Reading(catalogue.JOINS, self.first_joins, "first")
        yield Reading(catalogue.JOINS, self.returns, "return")
        yield Reading(catalogue.SLOW_READERS, self.slow_readers)
        yield Reading(catalogue.GATEWAYS, 1)
        for transport, count in self.opened.items():
            yield Reading(catalogue.SOCKETS_OPENED, count, transport)
            yield Reading(catalogue.SOCKETS, self.open[transport], transport)
        for code, count in self.refusals.items():
            yield Reading(catalogue.REFUSALS, count, code)
