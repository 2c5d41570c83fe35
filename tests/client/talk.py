"""A conversation with the client's state machine in which the test writes every message of the room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rayrooms.client.state import ClientState
from rayrooms.protocol import (
    Ack,
    AckData,
    Acked,
    AnyServerEvent,
    Change,
    Changes,
    ChangesData,
    CodeChange,
    ConnectionResponse,
    ConnectionResponseData,
    Durable,
    DurableData,
    Error,
    ErrorData,
    RoomJoined,
    RoomJoinedData,
)

if TYPE_CHECKING:
    from rayrooms import protocol
    from rayrooms.protocol import Operation


class Talk:
    """A client in a room whose every message the test writes; `sent` is what it sent since that was last asked."""

    def __init__(self, content: str = "abc", version: int = 10, *, window: int = 100, role: str = "member") -> None:
        ids = iter(f"client-{number}" for number in range(1, 100))
        self.state = ClientState("r", new_client_id=lambda: next(ids), window=window)
        self.connect()
        self.joined(content=content, version=version, role=role)
        self.sent()

    def connect(self) -> None:
        self.state.connected()
        self.state.receive(ConnectionResponse(data=ConnectionResponseData(session_id="c")))
        self.state.join()

    def sent(self) -> list[protocol.AnyClientEvent]:
        return self.state.take_outbox()

    def edits(self) -> list[tuple[int | None, int | None, Operation | None]]:
        """What was sent of edits: seq, version and operation of each."""
        return [(m.data.seq, m.data.version, m.data.op) for m in self.sent() if isinstance(m, CodeChange)]

    def events(self, kind: type) -> list[object]:
        return [event for event in self.state.take_events() if isinstance(event, kind)]

    def receive(self, message: AnyServerEvent) -> None:
        self.state.receive(message)

    def joined(self, *, asked: bool = True, version: int = 10, epoch: int = 1, **data: object) -> None:
        fields = {
            "room_id": "r",
            "session_id": "s",
            "client_id": self.state.client_id,
            "version": version,
            "epoch": epoch,
            "version_epoch": epoch,
            "durable": 0,
            "last_seq": 0,
            "role": "member",
        }
        joined = RoomJoinedData(**{**fields, **data})  # type: ignore[arg-type]  # the fields of a message by name
        self.receive(RoomJoined(ref=self.state._join_ref if asked else None, data=joined))

    def commits(self, *changes: Change) -> None:
        self.receive(Changes(data=ChangesData(room_id="r", changes=list(changes))))

    def theirs(self, version: int, op: Operation) -> None:
        self.commits(Change(version=version, client_id="other", seq=version, op=op, user_id="bob"))

    def ack(self, *pairs: tuple[int, int]) -> None:
        acks = [Ack(version=version, seq=seq) for version, seq in pairs]
        self.receive(Acked(data=AckData(room_id="r", client_id=self.state.client_id, acks=acks)))

    def durable(self, version: int) -> None:
        self.receive(Durable(data=DurableData(room_id="r", version=version)))

    def refuse(self, code: str, *, seq: int | None = None, ref: int | None = None) -> None:
        if seq is not None and ref is None:
            found = self.state.replica.find(None, seq)
            ref = found.ref if found is not None else None
        self.receive(Error(ref=ref, data=ErrorData(code=code, message="No.", seq=seq)))
