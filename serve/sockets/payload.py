"""A message for sockets, encoded once for each kind of socket however many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from websockets.frames import Opcode

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Message

T = TypeVar("T")

_FINAL = 0x80
_TWO_BYTES, _EIGHT_BYTES = 126, 127
"""Lengths that say how long the length itself is (RFC 6455, 5.2)."""

_to_json = msgspec.json.Encoder().encode
_from_json = msgspec.json.Decoder().decode
_to_msgpack = msgspec.msgpack.Encoder().encode


class Payload:
    """One event. It comes as JSON; other forms are made from that when the first socket that speaks them needs them."""

    __slots__ = ("_binary", "_binary_frame", "_json", "_rendered", "_text", "_text_frame")

    def __init__(self, json: bytes) -> None:
        self._json = json
        self._text: Message | None = None
        self._binary: Message | None = None
        self._text_frame: bytes | None = None
        self._binary_frame: bytes | None = None
        self._rendered: dict[Callable[[bytes], Any], Any] | None = None

    @classmethod
    def of(cls, event: msgspec.Struct) -> Payload:
        """The payload of an event of rayrooms.protocol."""
        return cls(_to_json(event))

    @property
    def size(self) -> int:
        """Its bytes as JSON: what counts against a slow reader's bound."""
        return len(self._json)

    def text(self) -> Message:
        """The ASGI message for a socket that speaks JSON."""
        if self._text is None:
            self._text = {"type": "websocket.send", "text": self._json.decode()}
        return self._text

    def binary(self) -> Message:
        """The ASGI message for a socket that speaks msgpack."""
        if self._binary is None:
            self._binary = {"type": "websocket.send", "bytes": _to_msgpack(_from_json(self._json))}
        return self._binary

    def text_frame(self) -> bytes:
        """The whole WebSocket frame for a socket that speaks JSON."""
        if self._text_frame is None:
            self._text_frame = _frame(Opcode.TEXT, self._json)
        return self._text_frame

    def binary_frame(self) -> bytes:
        """The whole WebSocket frame for a socket that speaks msgpack."""
        if self._binary_frame is None:
            self._binary_frame = _frame(Opcode.BINARY, self.binary()["bytes"])
        return self._binary_frame

    def rendered(self, render: Callable[[bytes], T]) -> T:
        """What `render` makes of the JSON, for sockets of yet another kind; it is asked once."""
        if self._rendered is None:
            self._rendered = {}
        if render not in self._rendered:
            self._rendered[render] = render(self._json)
        made: T = self._rendered[render]
        return made


def _frame(opcode: Opcode, data: bytes) -> bytes:
    """An unmasked, unfragmented frame, as servers send them."""
    size = len(data)
    if size < _TWO_BYTES:
        return bytes((_FINAL | opcode, size)) + data
    if size < 1 << 16:
        return bytes((_FINAL | opcode, _TWO_BYTES)) + size.to_bytes(2) + data
    return bytes((_FINAL | opcode, _EIGHT_BYTES)) + size.to_bytes(8) + data
