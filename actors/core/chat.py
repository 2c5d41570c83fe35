"""The chat tail of a room: the newest messages and their reactions."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rayrooms.errors import InvalidError, NotFoundError, TooLargeError
from rayrooms.protocol import ChatMessage
from rayrooms.text import check_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actors.core.sessions import User

MAX_EMOJI = 32
"""Code points of a reaction: long enough for any joined emoji sequence."""
MAX_REACTIONS = 50
"""Different reactions on one message."""


class Chat:
    """The last `size` messages, oldest first. Older ones can be brought in again with `adopt`."""

    def __init__(self, messages: Iterable[ChatMessage], *, size: int, max_length: int) -> None:
        self._messages: OrderedDict[str, ChatMessage] = OrderedDict((m.id, m) for m in messages)
        self._size = size
        self._max_length = max_length

    def tail(self) -> list[ChatMessage]:
        """The messages in memory, oldest first."""
        return list(self._messages.values())[-self._size :] if self._size else []

    def knows(self, message_id: str) -> bool:
        return message_id in self._messages

    def adopt(self, message: ChatMessage) -> None:
        """Bring in an older message, so that it can be replied to and reacted to."""
        self._messages[message.id] = message
        self._messages.move_to_end(message.id, last=False)

    def post(self, user: User, content: str, reply_to: str | None, message_id: str, now: float) -> ChatMessage:
        """A new message. Raises InvalidError, TooLargeError and NotFoundError (an unknown `reply_to`)."""
        if not content.strip():
            raise InvalidError("A chat message needs some text.")
        if len(content) > self._max_length:
            raise TooLargeError(f"A chat message holds at most {self._max_length} characters.")
        check_text(content)
        if reply_to is not None and reply_to not in self._messages:
            raise NotFoundError("There is no such message to reply to.", code="message_not_found")
        message = ChatMessage(
            id=message_id,
            user_id=user.user_id,
            name=user.name,
            content=content,
            created_at=datetime.fromtimestamp(now, UTC),
            reply_to=reply_to,
            reactions={},
        )
        self._messages[message_id] = message
        while len(self._messages) > max(self._size, 1):
            self._messages.popitem(last=False)
        return message

    def react(self, user_id: str, message_id: str, emoji: str) -> ChatMessage:
        """Toggle a user's reaction. Raises NotFoundError and InvalidError."""
        message = self._messages.get(message_id)
        if message is None or message.deleted:
            raise NotFoundError("There is no such message.", code="message_not_found")
        if not emoji.strip() or len(emoji) > MAX_EMOJI:
            raise InvalidError(f"A reaction is an emoji of 1 to {MAX_EMOJI} code points.")
        check_text(emoji)
        users = message.reactions.get(emoji, [])
        if user_id in users:
            users.remove(user_id)
            if not users:
                del message.reactions[emoji]
        elif emoji not in message.reactions and len(message.reactions) >= MAX_REACTIONS:
            raise InvalidError(f"A message takes at most {MAX_REACTIONS} different reactions.")
        else:
            message.reactions.setdefault(emoji, users).append(user_id)
        return message
