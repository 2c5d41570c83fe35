"""The chat tail of a room: the newest messages with their reactions, and what may still be changed in them."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from rayrooms.errors import ForbiddenError, InvalidError, NotFoundError, TooLargeError
from rayrooms.protocol import ChatMessage
from rayrooms.text import check_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actors.core.sessions import User

MAX_EMOJI = 32
"""Code points of a reaction: long enough for any joined emoji sequence."""
MAX_REACTIONS = 50
"""Different reactions on one message."""

_MODERATORS = frozenset({"owner", "admin"})
"""The roles that may delete what others wrote."""


class Amended(NamedTuple):
    """The outcome of an edit or a deletion: the message as it now stands, and whether it stood otherwise before."""

    message: ChatMessage
    changed: bool


class Chat:
    """The last `size` messages, oldest first, and those older ones that memory has to know.

    An older message is brought in with `adopt`. One whose last change is `recorded` but not yet `durable` is known
    whatever its age: until then the database would tell what it was before, be it the text of a deleted message.
    """

    def __init__(self, messages: Iterable[ChatMessage], *, size: int, max_length: int) -> None:
        self._tail: OrderedDict[str, ChatMessage] = OrderedDict((m.id, m) for m in messages)
        self._older: dict[str, ChatMessage] = {}
        self._adopted = ""
        self._unstored: OrderedDict[str, int] = OrderedDict()
        self._size = size
        self._max_length = max_length

    def tail(self) -> list[ChatMessage]:
        """The newest messages, oldest first."""
        return list(self._tail.values())[-self._size :] if self._size else []

    def held(self) -> list[ChatMessage]:
        """All messages that memory knows better than the database, in no particular order."""
        return [*self._older.values(), *self._tail.values()]

    def knows(self, message_id: str) -> bool:
        return message_id in self._tail or message_id in self._older

    def adopt(self, message: ChatMessage) -> None:
        """Bring in an older message, so that it can be acted upon at once: the next one to come may take its place."""
        if self._adopted not in self._unstored:
            self._older.pop(self._adopted, None)
        self._adopted = message.id
        self._older[message.id] = message

    def recorded(self, message_id: str, n: int) -> None:
        """The message as it now stands is on its way to the database, as record `n`, higher than those before."""
        self._unstored[message_id] = n
        self._unstored.move_to_end(message_id)

    def durable(self, n: int) -> None:
        """The database holds all records up to `n`."""
        while self._unstored:
            message_id, last = next(iter(self._unstored.items()))
            if last > n:
                return
            del self._unstored[message_id]
            self._older.pop(message_id, None)

    def post(self, user: User, content: str, reply_to: str | None, message_id: str, now: float) -> ChatMessage:
        """A new message. Raises InvalidError, TooLargeError and NotFoundError (an unknown `reply_to`)."""
        self._check(content)
        if reply_to is not None and not self.knows(reply_to):
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
        self._tail[message_id] = message
        while len(self._tail) > max(self._size, 1):
            oldest_id, oldest = self._tail.popitem(last=False)
            if oldest_id in self._unstored:
                self._older[oldest_id] = oldest
        return message

    def edit(self, user_id: str, message_id: str, content: str) -> Amended:
        """An author's new text. Raises NotFoundError, ForbiddenError, and what `post` raises for the text."""
        message = self._undeleted(message_id)
        if message.user_id != user_id:
            raise ForbiddenError("A message is edited by its author alone.")
        self._check(content)
        if content == message.content:
            return Amended(message, changed=False)
        message.content, message.edited = content, True
        return Amended(message, changed=True)

    def delete(self, user: User, message_id: str) -> Amended:
        """Take a message back: its place stays, its content and reactions go. Raises NotFoundError, ForbiddenError."""
        message = self._find(message_id)
        if message.user_id != user.user_id and user.role not in _MODERATORS:
            raise ForbiddenError("A message is deleted by its author, or by an admin of the room.")
        if message.deleted:
            return Amended(message, changed=False)
        message.content, message.reactions, message.deleted = "", {}, True
        return Amended(message, changed=True)

    def react(self, user_id: str, message_id: str, emoji: str) -> ChatMessage:
        """Toggle a user's reaction. Raises NotFoundError and InvalidError."""
        message = self._undeleted(message_id)
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

    def _check(self, content: str) -> None:
        if not content.strip():
            raise InvalidError("A chat message needs some text.")
        if len(content) > self._max_length:
            raise TooLargeError(f"A chat message holds at most {self._max_length} characters.")
        check_text(content)

    def _find(self, message_id: str) -> ChatMessage:
        message = self._tail.get(message_id) or self._older.get(message_id)
        if message is None:
            raise NotFoundError("There is no such message.", code="message_not_found")
        return message

    def _undeleted(self, message_id: str) -> ChatMessage:
        message = self._find(message_id)
        if message.deleted:
            raise NotFoundError("The message was deleted.", code="message_not_found")
        return message
