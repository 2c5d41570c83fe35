"""Handlers and tally of a gateway that tells a tracer of edits, from taking them to their acknowledgement."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from persistence.telemetry.tracing import Edit
from serve.sockets.handlers import Handlers
from serve.sockets.tally import GatewayTally

if TYPE_CHECKING:
    from persistence.telemetry.tracing import Tracer
    from rayrooms import protocol
    from serve.sockets.connection import Connection
    from serve.sockets.session import RoomSession


class TracedTally(GatewayTally):
    """An edit that is timed ends its span when it is answered."""

    def __init__(self, tracer: Tracer) -> None:
        super().__init__()
        self._tracer = tracer

    def timed(self, session: RoomSession, seq: int, seconds: float) -> None:
        super().timed(session, seq, seconds)
        edit = Edit(session.room_id, session.client_id, seq)
        if self._tracer.traces(edit):
            self._tracer.span("gateway.receive", edit, seconds)


class TracedHandlers(Handlers):
    """An edit that is traced is the one of its session that is timed, whichever was before."""

    def __init__(self, *args: Any, tracer: Tracer) -> None:  # noqa: ANN401 - those of Handlers
        super().__init__(*args)
        self._tracer = tracer

    def _code_change(self, connection: Connection, event: protocol.CodeChange) -> None:
        began = monotonic()
        super()._code_change(connection, event)
        session, seq = connection.sessions[event.data.room_id], event.data.seq
        if seq is not None and self._tracer.traces(Edit(session.room_id, session.client_id, seq)):
            session.timed_seq, session.timed_from = seq, began
