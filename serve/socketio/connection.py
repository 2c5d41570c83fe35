"""A connection of a Socket.IO client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serve.socketio import packets
from serve.socketio.acknowledgements import Acknowledgements, Waiting
from serve.socketio.events import emission_of
from serve.sockets.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Send

    from rayrooms.protocol import AnyClientEvent
    from serve.socketio.acknowledgements import Answer
    from serve.sockets.payload import Payload
    from serve.sockets.tally import GatewayTally, Transport


class SocketIOConnection(Connection):
    """A connection at `/socket.io/`: events are packets, and answers may be acknowledgements."""

    __slots__ = ("_acknowledgements",)

    def __init__(
        self,
        send: Send,
        connection_id: str,
        *,
        max_waiting: int,
        on_close: Callable[[Connection], None],
        tally: GatewayTally,
    ) -> None:
        super().__init__(send, connection_id, max_waiting=max_waiting, on_close=on_close, tally=tally)
        self._acknowledgements = Acknowledgements()

    @property
    def transport(self) -> Transport:
        """What it speaks."""
        return "socketio"

    @property
    def unanswered(self) -> int:
        """How many events wait for an answer."""
        return len(self._acknowledgements)

    def deliver(self, payload: Payload) -> None:
        """Send an event, in order, with the acknowledgements that it brings."""
        self._deliver(payload, Waiting.NOTHING)

    def rejoined(self, payload: Payload, *, keeps_edits: bool) -> None:
        """Send the `room_joined` of a room that was woken; see Connection.rejoined."""
        self._deliver(payload, Waiting.ALL if keeps_edits else Waiting.ALL_BUT_EDITS)

    def _deliver(self, payload: Payload, waiting: Waiting) -> None:
        emission = payload.rendered(emission_of)
        settlement = self._acknowledgements.settle(emission, waiting)
        if not settlement.instead:
            for frame in emission.frames:
                self._put(frame.message, frame.size)
        self._acknowledge(settlement.answers)

    def expect(self, ref: int, number: int | None, event: AnyClientEvent | None) -> None:
        """An event of the client waits for its answer; see Acknowledgements.expect."""
        self._acknowledgements.expect(ref, number, event)

    def accept(self, ref: int) -> None:
        """Acknowledge an event that nothing answers, unless it was refused."""
        self._acknowledge(self._acknowledgements.accept(ref))

    def send(self, packet: str) -> None:
        """Send a packet that is no event."""
        self._put({"type": "websocket.send", "text": packet}, len(packet.encode()))

    def _acknowledge(self, answers: list[Answer]) -> None:
        for answer in answers:
            self.send(packets.acknowledgement(answer.number, answer.data))
