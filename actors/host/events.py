"""The JSON text of what a room says to sockets, made once for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from actors.core.room import as_change
from rayrooms import protocol

if TYPE_CHECKING:
    from actors.core.log import Commit
    from rayrooms.errors import RayroomsError

_encode = msgspec.json.Encoder().encode


def event(message: protocol.ServerEvent) -> bytes:
    """The JSON text of any server event."""
    return _encode(message)


def change(commit: Commit) -> bytes:
    """The JSON text of a commit as a reader sees it; frames of several are made by joining such texts."""
    return _encode(as_change(commit))


def operation(commit: Commit) -> bytes:
    """The JSON text of the operation alone, as the log stores it."""
    return _encode(commit.op)


def refusal(error: RayroomsError, room_id: str, ref: int | None, seq: int | None = None) -> bytes:
    """The `error` event that answers a message."""
    data = protocol.ErrorData(
        code=error.code, message=error.message, room_id=room_id, seq=seq, retry_after=error.retry_after
    )
    return _encode(protocol.Error(data=data, ref=ref))
