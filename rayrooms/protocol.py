"""The wire messages of a room: what clients and servers say to each other, as msgspec tagged structs.

Every message is an envelope `{"event": name, "data": {...}, "ref": n}`. `ref` is chosen by the client and comes back
in the reply or the `error` that answers it. Offsets count Unicode code points. The same structs are spoken as JSON
text frames and, under the WebSocket subprotocol `rayrooms.msgpack`, as msgpack binary frames. docs/SPEC.md numbers
the rules that these messages obey.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypedDict

import msgspec

PROTOCOL_VERSION = 1
SUBPROTOCOL_JSON = "rayrooms.json"
SUBPROTOCOL_MSGPACK = "rayrooms.msgpack"
SUBPROTOCOL_BEARER = "bearer."
"""A client that cannot set headers offers `bearer.<token>` beside the subprotocol it wants."""


MAX_INTEGER = 2**53 - 1
Integer = Annotated[int, msgspec.Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)]
"""What clients send as a number: no larger than every client can hold exactly."""


class Delete(TypedDict):
    """The delete component of an operation: a count of code points, or the very text that goes."""

    d: Integer | str


Component = Integer | str | Delete
Operation = list[Component]

Role = Literal["owner", "admin", "member", "viewer"]
Status = Literal["online", "away", "offline"]
EditType = Literal["insert", "delete", "replace"]


class Data(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Base of the `data` part of messages: absent optional fields are left out on the wire."""


# ------------------------------------------------------------------ parts


class Range(msgspec.Struct, array_like=True):
    """A selection `[anchor, head]`; a bare cursor has both equal."""

    anchor: Integer
    head: Integer


class Cursor(Data):
    """Someone's selections (the first is the main one), right for document version `version`."""

    version: int
    ranges: list[Range]


class Participant(Data):
    """One connected session of a user in a room."""

    session_id: str
    user_id: str
    name: str
    colour: str
    role: Role
    status: Status = "online"
    typing: bool = False
    cursor: Cursor | None = None


class ChatMessage(Data):
    """A chat message; `reactions` maps an emoji to the ids of the users who chose it."""

    id: str
    user_id: str
    name: str
    content: str
    created_at: datetime
    reply_to: str | None = None
    reactions: dict[str, list[str]] = {}
    edited: bool = False
    deleted: bool = False


class Change(Data):
    """One committed operation: it takes the document from `version - 1` to `version`.

    A receiver's own commits come without `op` and `user_id`: such a change is the acknowledgement of its edit `seq`.
    """

    version: int
    client_id: str
    seq: int
    op: Operation | None = None
    user_id: str = ""


class Ack(Data):
    """The receiver's own edit `seq`, committed in memory as `version`."""

    version: int
    seq: int


# ------------------------------------------------------------------ client to server


class ConnectData(Data):
    token: str | None = None
    protocol: Integer = PROTOCOL_VERSION


class JoinRoomData(Data):
    """`version` and `version_epoch` name the last commit that the client holds; absent on a first join."""

    room_id: str
    client_id: str | None = None
    version: Integer | None = None
    version_epoch: Integer | None = None


class RoomData(Data):
    room_id: str


class CodeChangeData(Data):
    """An edit, either as an operation (`op`) or by position (`type`, `position`, `content` / `length`).

    `version` is the newest version that the author has seen; the edit's context is that version plus all the author's
    own earlier seqs. Without a version it applies to the current one. Without client_id and seq, the server numbers
    it itself, and a repeat is a new edit.
    """

    room_id: str
    op: Operation | None = None
    version: Integer | None = None
    client_id: str | None = None
    seq: Integer | None = None
    type: EditType | None = None
    position: Integer | None = None
    content: str | None = None
    length: Integer | None = None
    user_id: str | None = None


class CursorData(Data):
    """Either `ranges` or a bare `position`; `version` is the version they were taken at (default: current)."""

    room_id: str
    ranges: list[Range] | None = None
    position: Integer | None = None
    version: Integer | None = None
    user_id: str | None = None


class PresenceData(Data):
    room_id: str
    status: Literal["online", "away"]
    user_id: str | None = None


class TypingData(Data):
    room_id: str
    is_typing: bool
    user_id: str | None = None


class ChatData(Data):
    room_id: str
    content: str
    reply_to: str | None = None
    user_id: str | None = None


class ReactionData(Data):
    """Adds the reaction, or takes it away when this user had already chosen it."""

    room_id: str
    message_id: str
    emoji: str
    user_id: str | None = None


class GetSyncData(Data):
    room_id: str
    version: Integer | None = None


class ClientEvent(msgspec.Struct, tag_field="event", omit_defaults=True, kw_only=True):
    """Base of what clients send."""

    ref: Integer | None = None


class Connect(ClientEvent, tag="connect"):
    data: ConnectData


class JoinRoom(ClientEvent, tag="join_room"):
    data: JoinRoomData


class LeaveRoom(ClientEvent, tag="leave_room"):
    data: RoomData


class CodeChange(ClientEvent, tag="code_change"):
    data: CodeChangeData


class CursorUpdate(ClientEvent, tag="cursor_update"):
    data: CursorData


class PresenceUpdate(ClientEvent, tag="presence_update"):
    data: PresenceData


class Typing(ClientEvent, tag="typing"):
    data: TypingData


class SendChat(ClientEvent, tag="chat_message"):
    data: ChatData


class AddReaction(ClientEvent, tag="add_reaction"):
    data: ReactionData


class GetSync(ClientEvent, tag="get_sync"):
    data: GetSyncData


class Ping(ClientEvent, tag="ping"):
    """Application keep-alive, at most 25 s apart; answered by `pong`."""


AnyClientEvent = (
    Connect
    | JoinRoom
    | LeaveRoom
    | CodeChange
    | CursorUpdate
    | PresenceUpdate
    | Typing
    | SendChat
    | AddReaction
    | GetSync
    | Ping
)


# ------------------------------------------------------------------ server to client


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
    operations: list[Change] = []
    reset: bool = False
    users: list[Participant] = []
    messages: list[ChatMessage] = []
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
    operations: list[Change] = []
    content: str | None = None


class GoingAwayData(Data):
    """This server, or this room's owner, is about to go: the client reconnects or waits for `room_joined`."""

    reason: str
    room_id: str | None = None


class ErrorData(Data):
    """A refusal of one message; `seq` is given when an edit that carried one was refused."""

    code: str
    message: str
    room_id: str | None = None
    seq: int | None = None


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
    | ReactionAdded
    | SyncResponse
    | GoingAway
    | Error
    | Pong
)
