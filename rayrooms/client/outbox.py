"""What a client has to send to its room: it makes the messages, numbers them and keeps them in order. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rayrooms.client.portions import on_the_wire
from rayrooms.protocol import (
    PROTOCOL_VERSION,
    AddReaction,
    ChatData,
    CodeChange,
    CodeChangeData,
    CursorData,
    CursorUpdate,
    DeleteMessage,
    DeleteMessageData,
    EditMessage,
    EditMessageData,
    GetSync,
    GetSyncData,
    JoinRoom,
    JoinRoomData,
    Ping,
    PresenceData,
    PresenceUpdate,
    ReactionData,
    SendChat,
    Typing,
    TypingData,
)

if TYPE_CHECKING:
    from rayrooms.protocol import AnyClientEvent, Operation, Range


class Outbox:
    """The messages to one room that are not sent yet. Methods that make one return its `ref`, unique for ever."""

    def __init__(self, room_id: str) -> None:
        self._room_id = room_id
        self._messages: list[AnyClientEvent] = []
        self._refs = 0

    def take(self) -> list[AnyClientEvent]:
        """The messages since the last call, in order."""
        messages, self._messages = self._messages, []
        return messages

    def clear(self) -> None:
        """Forget what was to be sent: the connection is gone."""
        self._messages.clear()

    def ping(self) -> None:
        self._messages.append(Ping())

    def join(self, client_id: str, version: int | None, version_epoch: int | None) -> int:
        data = JoinRoomData(
            room_id=self._room_id,
            client_id=client_id,
            version=version,
            version_epoch=version_epoch,
            protocol=PROTOCOL_VERSION,
        )
        return self._put(JoinRoom(data=data))

    def edit(self, op: Operation, version: int, client_id: str, seq: int) -> int:
        data = CodeChangeData(room_id=self._room_id, op=on_the_wire(op), version=version, client_id=client_id, seq=seq)
        return self._put(CodeChange(data=data))

    def cursor(self, ranges: list[Range], version: int) -> int:
        return self._put(CursorUpdate(data=CursorData(room_id=self._room_id, ranges=ranges, version=version)))

    def presence(self, status: Literal["online", "away"]) -> int:
        return self._put(PresenceUpdate(data=PresenceData(room_id=self._room_id, status=status)))

    def typing(self, *, is_typing: bool) -> int:
        return self._put(Typing(data=TypingData(room_id=self._room_id, is_typing=is_typing)))

    def chat(self, content: str, reply_to: str | None) -> int:
        return self._put(SendChat(data=ChatData(room_id=self._room_id, content=content, reply_to=reply_to)))

    def edit_message(self, message_id: str, content: str) -> int:
        data = EditMessageData(room_id=self._room_id, message_id=message_id, content=content)
        return self._put(EditMessage(data=data))

    def delete_message(self, message_id: str) -> int:
        return self._put(DeleteMessage(data=DeleteMessageData(room_id=self._room_id, message_id=message_id)))

    def reaction(self, message_id: str, emoji: str) -> int:
        return self._put(AddReaction(data=ReactionData(room_id=self._room_id, message_id=message_id, emoji=emoji)))

    def get_sync(self, version: int) -> int:
        return self._put(GetSync(data=GetSyncData(room_id=self._room_id, version=version)))

    def _put(self, message: AnyClientEvent) -> int:
        self._refs += 1
        message.ref = self._refs
        self._messages.append(message)
        return self._refs
