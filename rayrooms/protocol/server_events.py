"""What servers say: one struct for each event, and one for its data."""

from __future__ import annotations

import msgspec

from rayrooms.protocol.parts import (
    PROTOCOL_VERSION,
    Ack,
    Change,
    ChatMessage,
    Cursor,
    Data,
    Participant,
    Role,
    Status,
)


class ConnectionResponseData(Data, omit_defaults=False):
    """First message of every connection, and again in answer to `connect`."""

    session_id: str
    protocol: int = PROTOCOL_VERSION
    user_id: str | None = None
    name: str | None = None


class RoomJoinedData(Data):
    """The state of a room for one session; also sent unasked when the room moved to a new owner.

    Either `content` holds the whole text at `version`, or `operations` lead from the version that the client named to
    `version`. With `reset` the client's history is not a prefix of the room's (or too old): it must take `content` and
    rebase what it still holds. `last_seq` is the last committed seq of the client's `client_id`; `version_epoch` is
    the epoch of the owner that committed `version`, `epoch` that of the present owner.
    """

    room_id: str
    session_id: str
    client_id: str
    version: int
    epoch: int
    version_epoch: int
    durable: int
    last_seq: int
    role: Role
    content: str | None = None
    operations: list[Change] = msgspec.field(default_factory=list)
    reset: bool = False
    users: list[Participant] = msgspec.field(default_factory=list)
    messages: list[ChatMessage] = msgspec.field(default_factory=list)
    language: str = "text"
    name: str = ""


class UserJoinedData(Data):
    """Someone came, or (a `session_id` that is known already) is now as described, such as with another role."""

    room_id: str
    user: Participant


class UserLeftData(Data):
    room_id: str
    session_id: str
    user_id: str


class ChangesData(Data):
    """Commits in version order without gaps; the receiver's own ones come without their operation."""

    room_id: str
    changes: list[Change]


class AckData(Data):
    """Sent when all commits since the last frame are the receiver's own."""

    room_id: str
    client_id: str
    acks: list[Ack]


class DurableData(Data):
    """All versions up to `version` are in Postgres."""

    room_id: str
    version: int


class CursorMovedData(Data):
    room_id: str
    session_id: str
    user_id: str
    cursor: Cursor


class PresenceChangedData(Data):
    room_id: str
    session_id: str
    user_id: str
    status: Status


class TypingChangedData(Data):
    room_id: str
    session_id: str
    user_id: str
    is_typing: bool


class ChatMessageData(Data):
    room_id: str
    message: ChatMessage


class MessageChangedData(Data):
    """A message that was edited or deleted, as it now stands."""

    room_id: str
    message: ChatMessage


class ReactionAddedData(Data):
    """All reactions of the message as they now stand."""

    room_id: str
    message_id: str
    emoji: str
    user_id: str
    reactions: dict[str, list[str]]


class SyncResponseData(Data):
    """`operations` lead from the asked version to `version`; `content` is given when they cannot, or none was asked."""

    room_id: str
    version: int
    operations: list[Change] = msgspec.field(default_factory=list)
    content: str | None = None


class GoingAwayData(Data):
    """This server, or this room's owner, is about to go: the client reconnects or waits for `room_joined`."""

    reason: str
    room_id: str | None = None


class ErrorData(Data):
    """A refusal of one message; `seq` is given when an edit that carried one was refused.

    `retry_after` says in how many seconds the same may be sent again.
    """

    code: str
    message: str
    room_id: str | None = None
    seq: int | None = None
    retry_after: float | None = None


class LeftRoomData(Data):
    """This session is no longer in the room: it left, was removed, or another connection took its client_id."""

    room_id: str
    reason: str


class ServerEvent(msgspec.Struct, tag_field="event", omit_defaults=True, kw_only=True):
    """Base of what servers send."""

    ref: int | None = None


class ConnectionResponse(ServerEvent, tag="connection_response"):
    data: ConnectionResponseData


class RoomJoined(ServerEvent, tag="room_joined"):
    data: RoomJoinedData


class RoomLeft(ServerEvent, tag="room_left"):
    data: LeftRoomData


class UserJoined(ServerEvent, tag="user_joined"):
    data: UserJoinedData


class UserLeft(ServerEvent, tag="user_left"):
    data: UserLeftData


class Changes(ServerEvent, tag="code_change"):
    data: ChangesData


class Acked(ServerEvent, tag="ack"):
    data: AckData


class Durable(ServerEvent, tag="durable"):
    data: DurableData


class CursorMoved(ServerEvent, tag="cursor_update"):
    data: CursorMovedData


class PresenceChanged(ServerEvent, tag="presence_update"):
    data: PresenceChangedData


class TypingChanged(ServerEvent, tag="typing"):
    data: TypingChangedData


class ChatPosted(ServerEvent, tag="chat_message"):
    data: ChatMessageData


class MessageChanged(ServerEvent, tag="message_changed"):
    data: MessageChangedData


class ReactionAdded(ServerEvent, tag="reaction_added"):
    data: ReactionAddedData


class SyncResponse(ServerEvent, tag="sync_response"):
    data: SyncResponseData


class GoingAway(ServerEvent, tag="going_away"):
    data: GoingAwayData


class Error(ServerEvent, tag="error"):
    data: ErrorData


class Pong(ServerEvent, tag="pong"):
    """Answers `ping`."""


AnyServerEvent = (
    ConnectionResponse
    | RoomJoined
    | RoomLeft
    | UserJoined
    | UserLeft
    | Changes
    | Acked
    | Durable
    | CursorMoved
    | PresenceChanged
    | TypingChanged
    | ChatPosted
    | MessageChanged
    | ReactionAdded
    | SyncResponse
    | GoingAway
    | Error
    | Pong
)
