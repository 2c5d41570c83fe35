"""What a client tells its application: one type an event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rayrooms.errors import RayroomsError
    from rayrooms.protocol import ChatMessage, Operation, Participant, Range

ConnectionStatus = Literal["connecting", "online", "offline", "closed"]
"""`connecting` until the room was first joined, `closed` once nothing will be tried any more."""


@dataclass(frozen=True, slots=True)
class TextChanged:
    """`op` took the local text from what it was at the last such event to what it is; `own` when made here."""

    op: Operation
    own: bool


@dataclass(frozen=True, slots=True)
class ChatChanged:
    """A message is new, was edited or deleted, or its reactions changed: this is how it now stands.

    One that was edited or deleted may be older than all that the client keeps.
    """

    message: ChatMessage


@dataclass(frozen=True, slots=True)
class CursorMoved:
    """Someone's selections, as they stand in the local text."""

    session_id: str
    user_id: str
    ranges: list[Range]


@dataclass(frozen=True, slots=True)
class PresenceChanged:
    """Someone came, or changed their status or whether they type; `participant` is None when they left."""

    session_id: str
    participant: Participant | None


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """`error` is why, when it did not go as wished."""

    status: ConnectionStatus
    error: RayroomsError | None = None


@dataclass(frozen=True, slots=True)
class EditRefused:
    """The room refused an own edit for good. It was taken out of the local text; `op` is what it last was."""

    op: Operation
    error: RayroomsError


@dataclass(frozen=True, slots=True)
class RequestRefused:
    """The room refused something else, sent as `ref`: a chat message, a reaction, a cursor."""

    error: RayroomsError
    ref: int | None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The room was at `version` when it answered the question sent as `ref`."""

    ref: int
    version: int


Event = (
    TextChanged | ChatChanged | CursorMoved | PresenceChanged | StatusChanged | EditRefused | RequestRefused | Confirmed
)
