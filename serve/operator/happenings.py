"""What happens in a room that is followed, one line each for people or for programs. Pure but for the time of day."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, Self

import msgspec

from rayrooms.protocol import Operation, Role
from rayrooms.text import describe
from serve.operator.output import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rayrooms.client.bodies import LoggedOperation
    from rayrooms.protocol import ChatMessage, Participant

_LONGEST = 60
"""Characters of a text that are shown in a line."""


class Happening(msgspec.Struct, frozen=True, tag_field="kind"):
    """Base of all: when it happened, in UTC."""

    at: datetime

    def as_json(self) -> str:
        return msgspec.json.encode(self).decode()

    def as_line(self) -> str:
        return f"{self.at.astimezone():%H:%M:%S}  {self.told()}"

    def told(self) -> str:
        """For people, without the time."""
        raise NotImplementedError


class Connection(Happening, frozen=True, tag="connection"):
    """How this command stands to the room; `reset` when that goes on from an earlier version."""

    status: str
    version: int
    reason: str = ""

    @classmethod
    def now(cls, status: str, version: int, reason: str = "") -> Self:
        return cls(datetime.now(UTC), status, version, reason)

    def told(self) -> str:
        return f"room    {self.status} at version {self.version}" + (f": {plain(self.reason)}" if self.reason else "")


class Edit(Happening, frozen=True, tag="edit"):
    """A committed operation."""

    version: int
    user_id: str
    name: str
    op: Operation

    def told(self) -> str:
        edit = describe(self.op)
        return f"edit    {self.version}  {plain(self.name)}  {edit.type} at {edit.position}: {_short(edit.content)}"


class Chat(Happening, frozen=True, tag="chat"):
    """A message as it now stands, and what was done to it."""

    change: Literal["posted", "edited", "deleted", "reacted"]
    message_id: str
    user_id: str
    name: str
    content: str
    reactions: dict[str, list[str]]

    def told(self) -> str:
        match self.change:
            case "posted":
                what = _short(self.content)
            case "edited":
                what = f"changed to {_short(self.content)}"
            case "deleted":
                what = "taken back"
            case "reacted":
                counts = " ".join(f"{plain(emoji)} {len(users)}" for emoji, users in self.reactions.items())
                what = f"{_short(self.content)} has {counts or 'no reactions'}"
        return f"chat    {plain(self.name)}  {what}"


class Person(Happening, frozen=True, tag="person"):
    """Somebody with all their sessions: here when this began, came, left, or has another role."""

    change: Literal["here", "came", "left", "role"]
    user_id: str
    name: str
    role: Role

    def told(self) -> str:
        what = f"is now {self.role}" if self.change == "role" else f"{self.change} ({self.role})"
        return f"people  {plain(self.name)}  {what}"


class Follower:
    """Knows what was told already, and so what is new in what the room shows. `version` is the newest that was told."""

    def __init__(self, version: int) -> None:
        self.version = version
        self._people: dict[str, Participant] | None = None
        self._names: dict[str, str] = {}
        self._messages: dict[str, ChatMessage] = {}

    def edits(self, operations: Iterable[LoggedOperation]) -> Iterator[Edit]:
        """The operations that come after what was told."""
        for one in operations:
            if one.version > self.version:
                self.version = one.version
                name = self._names.get(one.user_id, one.user_id)
                yield Edit(one.timestamp, one.version, one.user_id, name, one.op)

    def people(self, sessions: Iterable[Participant], own: str | None) -> Iterator[Person]:
        """Who came, left or changed since the last time; but for the session `own`."""
        now = {one.user_id: one for one in sessions if one.session_id != own}
        before, self._people = self._people, now
        self._names |= {one.user_id: one.name for one in now.values()}
        at = datetime.now(UTC)
        for user_id, one in now.items():
            known = (before or {}).get(user_id)
            if known is None:
                yield Person(at, "here" if before is None else "came", user_id, one.name, one.role)
            elif known.role != one.role:
                yield Person(at, "role", user_id, one.name, one.role)
        for user_id, one in (before or {}).items():
            if user_id not in now:
                yield Person(at, "left", user_id, one.name, one.role)

    def heard(self, messages: Iterable[ChatMessage]) -> None:
        """Know these messages, and tell nothing of them."""
        self._messages |= {message.id: _copy(message) for message in messages}

    def chat(self, message: ChatMessage) -> Iterator[Chat]:
        """What is new about a message."""
        known = self._messages.get(message.id)
        self.heard([message])
        if known is None:
            change: Literal["posted", "edited", "deleted", "reacted"] = "posted"
        elif message.deleted and not known.deleted:
            change = "deleted"
        elif message.content != known.content:
            change = "edited"
        elif message.reactions != known.reactions:
            change = "reacted"
        else:
            return
        at = message.created_at if change == "posted" else datetime.now(UTC)
        yield Chat(at, change, message.id, message.user_id, message.name, message.content, dict(message.reactions))


def _copy(message: ChatMessage) -> ChatMessage:
    """As it is now: the client changes the reactions of the one that it keeps."""
    return msgspec.structs.replace(message, reactions=dict(message.reactions))


def _short(text: str) -> str:
    """The beginning of a text, quoted, on one line."""
    shown = json.dumps(text[:_LONGEST], ensure_ascii=False)
    return plain(shown) + ("..." if len(text) > _LONGEST else "")
