"""Who else is in the room, where their cursors are, and what was said: all that is not the document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rayrooms import protocol, text
from rayrooms.client.events import ChatChanged, CursorMoved, PresenceChanged
from rayrooms.protocol import Cursor, Range

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rayrooms.client.events import Event
    from rayrooms.client.replica import Replica, Seen
    from rayrooms.protocol import AnyServerEvent, ChatMessage, Participant

MAX_MESSAGES = 500
"""Chat messages kept, newest."""


class Company:
    """The participants by session id, and the chat tail.

    Cursors are kept right for the newest version seen. They follow the commits by the room's own rule, so that all
    clients hold the same ones; an insert at the caret of the user who typed it pushes that caret along.
    """

    def __init__(self) -> None:
        self.messages: list[ChatMessage] = []
        self._by_session: dict[str, Participant] = {}

    @property
    def participants(self) -> list[Participant]:
        """All of them, this client's own session too, in the order they came."""
        return list(self._by_session.values())

    def start_over(self, participants: Iterable[Participant], messages: Iterable[ChatMessage]) -> None:
        """Those who are here now, their cursors right for the newest version, and the chat tail."""
        self._by_session = {one.session_id: one for one in participants}
        self.messages = list(messages)

    def follow(self, seen: Seen) -> None:
        """Carry all cursors over a commit. One that was taken at a later version waits for it."""
        for participant in self._by_session.values():
            _follow(participant, seen)

    def receive(self, message: AnyServerEvent, replica: Replica) -> list[Event]:
        """Take in what others do besides editing; returns what to tell the application."""
        match message:
            case protocol.UserJoined(data=data):
                self._by_session[data.user.session_id] = data.user
                return [PresenceChanged(data.user.session_id, data.user)]
            case protocol.UserLeft(data=data):
                known = self._by_session.pop(data.session_id, None)
                return [] if known is None else [PresenceChanged(data.session_id, None)]
            case protocol.ChatPosted(data=data):
                others = (known for known in self.messages if known.id != data.message.id)
                self.messages = [*others, data.message][-MAX_MESSAGES:]
                return [ChatChanged(data.message)]
            case protocol.MessageChanged(data=data):
                self.messages = [data.message if known.id == data.message.id else known for known in self.messages]
                return [ChatChanged(data.message)]
            case protocol.ReactionAdded(data=data):
                found = [known for known in self.messages if known.id == data.message_id]
                for one in found:
                    one.reactions = data.reactions
                return [ChatChanged(one) for one in found]
            case protocol.CursorMoved() | protocol.PresenceChanged() | protocol.TypingChanged():
                participant = self._by_session.get(message.data.session_id)
                return [] if participant is None else [_update(participant, message, replica)]
        return []


def place(ranges: Iterable[Range], replica: Replica) -> list[Range]:
    """Selections at the newest version seen, where they stand in the local text."""
    size = len(replica.text)
    placed = (replica.place(item) for item in ranges)
    return [Range(min(item.anchor, size), min(item.head, size)) for item in placed]


def _update(
    participant: Participant,
    message: protocol.CursorMoved | protocol.PresenceChanged | protocol.TypingChanged,
    replica: Replica,
) -> Event:
    match message:
        case protocol.CursorMoved(data=data):
            since = replica.since(data.cursor.version)
            participant.cursor = data.cursor if since is not None else None
            for seen in since or ():
                _follow(participant, seen)
            ranges = place(participant.cursor.ranges, replica) if participant.cursor is not None else []
            return CursorMoved(participant.session_id, participant.user_id, ranges)
        case protocol.PresenceChanged(data=data):
            participant.status = data.status
        case protocol.TypingChanged(data=data):
            participant.typing = data.is_typing
    return PresenceChanged(participant.session_id, participant)


def _follow(participant: Participant, seen: Seen) -> None:
    cursor = participant.cursor
    if cursor is None or cursor.version != seen.version - 1:
        return
    own = seen.user_id == participant.user_id
    ranges = [text.transform_range(selection, seen.op, own=own) for selection in cursor.ranges]
    participant.cursor = Cursor(version=seen.version, ranges=ranges)
