"""Socket.IO packets in Engine.IO packets, as the text of WebSocket messages.

An Engine.IO 4 packet is a digit and its content. A message (`4`) holds a Socket.IO 5 packet: a digit; for binary ones
the count of attachments and a dash; the namespace and a comma unless it is `/`; the number of an acknowledgement if one
is asked for or given; JSON.
See https://socket.io/docs/v4/engine-io-protocol/ and https://socket.io/docs/v4/socket-io-protocol/.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

import msgspec

from rayrooms.errors import InvalidError

VERSION = "4"
"""Of Engine.IO, which clients name in their address as `EIO`."""
ROOT = "/"
"""The only namespace."""

_to_json = msgspec.json.Encoder().encode
_SYNTAX = re.compile(
    r"(?P<kind>[0-6])(?:[0-9]+-)?(?:(?P<namespace>/[^,]*)(?:,|$))?(?P<ack>[0-9]{1,15})?(?P<body>.*)", re.DOTALL
)


class EngineType(StrEnum):
    """The first character of an Engine.IO packet."""

    OPEN = "0"
    CLOSE = "1"
    PING = "2"
    PONG = "3"
    MESSAGE = "4"


class PacketType(StrEnum):
    """The first character of a Socket.IO packet."""

    CONNECT = "0"
    DISCONNECT = "1"
    EVENT = "2"
    ACK = "3"
    CONNECT_ERROR = "4"
    BINARY_EVENT = "5"
    BINARY_ACK = "6"


_EVENT = (EngineType.MESSAGE + PacketType.EVENT).encode()


class Packet(NamedTuple):
    """A Socket.IO packet; `ack` is the number of an acknowledgement, `body` unread JSON or nothing."""

    kind: PacketType
    namespace: str
    ack: int | None
    body: str


def parse(text: str) -> Packet:
    """Read the content of an Engine.IO message. Raises InvalidError."""
    found = _SYNTAX.fullmatch(text)
    if found is None:
        raise InvalidError("This is not a Socket.IO packet.")
    ack = found["ack"]
    return Packet(
        PacketType(found["kind"]), found["namespace"] or ROOT, int(ack) if ack is not None else None, found["body"]
    )


class _Opening(msgspec.Struct, rename="camel"):
    """The content of the first packet; times in milliseconds, the payload's size in bytes."""

    sid: str
    upgrades: list[str]
    ping_interval: int
    ping_timeout: int
    max_payload: int


class _Connected(msgspec.Struct):
    sid: str


class Refusal(msgspec.Struct):
    """The content of a connect_error: its sentence, and as `data` what our errors carry."""

    message: str
    data: dict[str, str]


def opening(sid: str, *, ping_interval: float, ping_timeout: float, max_payload: int) -> str:
    """The server's first packet; times in seconds."""
    content = _Opening(sid, [], int(ping_interval * 1000), int(ping_timeout * 1000), max_payload)
    return EngineType.OPEN + _to_json(content).decode()


def connected(sid: str) -> str:
    """Welcomes a client to the namespace, in which it is `sid`."""
    return EngineType.MESSAGE + PacketType.CONNECT + _to_json(_Connected(sid)).decode()


def connect_error(refusal: Refusal, namespace: str = ROOT) -> str:
    """Turns a client away from a namespace."""
    place = "" if namespace == ROOT else f"{namespace},"
    return f"{EngineType.MESSAGE}{PacketType.CONNECT_ERROR}{place}{_to_json(refusal).decode()}"


def event(name: str, data: bytes) -> bytes:
    """An event with its data, which is JSON."""
    return b'%b["%b",%b]' % (_EVENT, name.encode(), data)


def acknowledgement(number: int, data: bytes) -> str:
    """The answer to an event that asked for one; `data` is JSON."""
    return f"{EngineType.MESSAGE}{PacketType.ACK}{number}[{data.decode()}]"
