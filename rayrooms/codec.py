"""The wire messages as JSON text frames and as msgpack binary frames."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from rayrooms.errors import InvalidError
from rayrooms.protocol import SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK, AnyClientEvent, AnyServerEvent

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

Frame = str | bytes
"""What one WebSocket message carries: text for JSON, bytes for msgpack."""


class _Event(msgspec.Struct):
    """As much of an envelope as names its event."""

    event: str


class _Decoder(Generic[T]):
    """Decodes one direction's messages in one format."""

    def __init__(self, decode: Callable[[Frame], T], decode_event: Callable[[Frame], _Event], known: set[str]) -> None:
        self._decode = decode
        self._decode_event = decode_event
        self._known = known

    def __call__(self, frame: Frame) -> T:
        try:
            return self._decode(frame)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise self._refusal(frame, error) from None

    def _refusal(self, frame: Frame, error: Exception) -> InvalidError:
        if holds_lone_surrogate(frame):
            return InvalidError("Text must not contain lone surrogates.", code="invalid_text")
        try:
            event = self._decode_event(frame).event
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return InvalidError(f"This is not a message: {error}.")
        if event not in self._known:
            return InvalidError(f"There is no event {event[:64]!r}.", code="unknown_event")
        return InvalidError(f"This is not a well-formed {event!r}: {error}.")


class Codec:
    """One format of the wire messages.

    `decode_client` reads what clients send and `decode_server` what servers send; both raise InvalidError, code
    unknown_event for an event that this version does not know, invalid_text for a lone surrogate, and malformed for
    anything else that is no message.
    """

    def __init__(self, subprotocol: str) -> None:
        self.subprotocol = subprotocol
        self._binary = subprotocol == SUBPROTOCOL_MSGPACK
        self._encoder = msgspec.msgpack.Encoder() if self._binary else msgspec.json.Encoder()
        event: Callable[[Frame], _Event] = self._decoder(_Event)
        self.decode_client: _Decoder[AnyClientEvent] = _Decoder(
            self._decoder(AnyClientEvent), event, _tags(AnyClientEvent)
        )
        self.decode_server: _Decoder[AnyServerEvent] = _Decoder(
            self._decoder(AnyServerEvent), event, _tags(AnyServerEvent)
        )

    def encode(self, message: AnyClientEvent | AnyServerEvent) -> Frame:
        """The frame of `message`: bytes in msgpack, str in JSON."""
        data = self._encoder.encode(message)
        return data if self._binary else data.decode()

    def _decoder(self, kind: object) -> Callable[[Frame], Any]:
        """A decoder of `kind` that takes either sort of frame, since what arrives is the other side's choice."""
        if not self._binary:
            return msgspec.json.Decoder(kind).decode
        decode = msgspec.msgpack.Decoder(kind).decode
        return lambda frame: decode(frame.encode() if isinstance(frame, str) else frame)


@lru_cache
def codec_for(subprotocol: str | None) -> Codec:
    """The codec of a WebSocket subprotocol; JSON where none was agreed on."""
    return Codec(SUBPROTOCOL_MSGPACK if subprotocol == SUBPROTOCOL_MSGPACK else SUBPROTOCOL_JSON)


def holds_lone_surrogate(frame: Frame) -> bool:
    """Whether that is what is wrong with a JSON frame: the decoder only says that it could not go on."""
    if isinstance(frame, bytes):
        return False
    try:
        json.dumps(json.loads(frame), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except (ValueError, RecursionError):
        return False
    return False


def _tags(union: object) -> set[str]:
    return {kind.__struct_config__.tag for kind in union.__args__}  # type: ignore[attr-defined]  # a union of structs
