"""Events of rayrooms.protocol as Socket.IO clients say and hear them: the same data in other brackets."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec import Raw

from rayrooms import protocol
from rayrooms.codec import codec_for, holds_lone_surrogate
from rayrooms.errors import InvalidError
from serve.socketio import packets

if TYPE_CHECKING:
    from starlette.types import Message

    from rayrooms.protocol import AnyClientEvent

_read_event = codec_for(protocol.SUBPROTOCOL_JSON).decode_client
_read_arguments = msgspec.json.Decoder(list[Raw]).decode


def client_event(body: str, ref: int) -> AnyClientEvent:
    """The event in the body `["name", {...}]` of a packet, with `ref` to know its answer by. Raises InvalidError."""
    try:
        arguments = _read_arguments(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        if holds_lone_surrogate(body):
            raise InvalidError("Text must not contain lone surrogates.", code="invalid_text") from None
        raise InvalidError(f"This is not an event: {error}.") from None
    match arguments:
        case [name]:
            envelope = b'{"event":%b,"ref":%d}' % (bytes(name), ref)
        case [name, data]:
            envelope = b'{"event":%b,"data":%b,"ref":%d}' % (bytes(name), bytes(data), ref)
        case _:
            raise InvalidError("An event has a name and one object of data.")
    return _read_event(envelope)


class Frame(NamedTuple):
    """A WebSocket message, and its bytes."""

    message: Message
    size: int


class OwnCommit(NamedTuple):
    """A commit of the receiver's own edit `seq`, and the JSON that tells of it."""

    seq: int
    data: bytes


class Emission(NamedTuple):
    """What one event of the server is to Socket.IO clients.

    Commits come one by one, so an event that carries several is several frames. `data` is the JSON of the last one.
    `own` are the receiver's own commits among them; `ref` names the event that this answers.
    """

    event: str
    ref: int | None
    room_id: str | None
    data: bytes
    frames: tuple[Frame, ...]
    own: tuple[OwnCommit, ...]


class _Envelope(msgspec.Struct):
    event: str
    data: Raw = Raw(b"{}")
    ref: int | None = None


class _Place(msgspec.Struct):
    room_id: str | None = None


class _Changes(msgspec.Struct):
    room_id: Raw
    changes: list[Raw]


class _Acks(msgspec.Struct):
    room_id: Raw
    client_id: Raw
    acks: list[Raw]


class _Commit(msgspec.Struct):
    """As much of a change or an ack as says whose it is: others' changes carry their operation."""

    seq: int
    op: Raw | msgspec.UnsetType = msgspec.UNSET


_read_envelope = msgspec.json.Decoder(_Envelope).decode
_read_place = msgspec.json.Decoder(_Place).decode
_read_changes = msgspec.json.Decoder(_Changes).decode
_read_acks = msgspec.json.Decoder(_Acks).decode
_read_commit = msgspec.json.Decoder(_Commit).decode


def emission_of(json: bytes) -> Emission:
    """What the JSON of one of the server's events is to Socket.IO clients."""
    envelope = _read_envelope(json)
    match envelope.event:
        case "code_change":
            changes = _read_changes(envelope.data)
            head = b'{"room_id":%b,' % bytes(changes.room_id)
            return _commits(envelope, [head + bytes(change)[1:] for change in changes.changes])
        case "ack":
            acks = _read_acks(envelope.data)
            head = b'{"room_id":%b,"client_id":%b,' % (bytes(acks.room_id), bytes(acks.client_id))
            return _commits(envelope, [head + bytes(ack)[1:] for ack in acks.acks])
        case _:
            return _emission(envelope, [bytes(envelope.data)], ())


def _commits(envelope: _Envelope, each: list[bytes]) -> Emission:
    commits = [(_read_commit(data), data) for data in each]
    own = tuple(OwnCommit(commit.seq, data) for commit, data in commits if commit.op is msgspec.UNSET)
    return _emission(envelope, each, own)


def _emission(envelope: _Envelope, each: list[bytes], own: tuple[OwnCommit, ...]) -> Emission:
    room_id = _read_place(envelope.data).room_id
    frames = tuple(_frame(packets.event(envelope.event, data)) for data in each)
    return Emission(envelope.event, envelope.ref, room_id, each[-1], frames, own)


def _frame(packet: bytes) -> Frame:
    return Frame({"type": "websocket.send", "text": packet.decode()}, len(packet))
