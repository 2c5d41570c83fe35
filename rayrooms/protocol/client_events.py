"""What clients say: one struct for each event, and one for its data."""

from __future__ import annotations

from typing import Literal

import msgspec

from rayrooms.protocol.parts import Data, EditType, Integer, Operation, Range


class ConnectData(Data):
    """`protocol` is the version that the client speaks; FIRST_PROTOCOL when it does not say."""

    token: str | None = None
    protocol: Integer | None = None


class JoinRoomData(Data):
    """`version` and `version_epoch` name the last commit that the client holds; absent on a first join.

    `protocol` is as in ConnectData: over whatever transport a client comes, it says so here.
    """

    room_id: str
    client_id: str | None = None
    version: Integer | None = None
    version_epoch: Integer | None = None
    protocol: Integer | None = None


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


class EditMessageData(Data):
    """A new text for one's own message."""

    room_id: str
    message_id: str
    content: str
    user_id: str | None = None


class DeleteMessageData(Data):
    """Takes back one's own message or, for those who manage the room, anybody's."""

    room_id: str
    message_id: str
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


class EditMessage(ClientEvent, tag="edit_message"):
    data: EditMessageData


class DeleteMessage(ClientEvent, tag="delete_message"):
    data: DeleteMessageData


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
    | EditMessage
    | DeleteMessage
    | AddReaction
    | GetSync
    | Ping
)
