"""A message for sockets, encoded once for each kind of socket however many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Message

T = TypeVar("T")

_to_json = msgspec.json.Encoder().encode
_from_json = msgspec.json.Decoder().decode
_to_msgpack = msgspec.msgpack.Encoder().encode


class Payload:
    """One event. It comes as JSON; other forms are made from that when the first socket that speaks them needs them."""

    __slots__ = ("_binary", "_json", "_rendered", "_text")

    def __init__(self, json: bytes) -> None:
        self._json = json
        self._text: Message | None = None
        self._binary: Message | None = None
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

    def rendered(self, render: Callable[[bytes], T]) -> T:
        """What `render` makes of the JSON, for sockets of yet another kind; it is asked once."""
        if self._rendered is None:
            self._rendered = {}
        if render not in self._rendered:
            self._rendered[render] = render(self._json)
        made: T = self._rendered[render]
        return made
