"""What the messages of both sides are made of: ids and numbers, operations, selections, people and chat messages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypedDict

import msgspec

PROTOCOL_VERSION = 1
"""What this code speaks. It rises when a message changes so that who speaks the version before would misread it."""
OLDEST_PROTOCOL = 1
"""The oldest version whose clients a server lets in."""
FIRST_PROTOCOL = 1
"""What clients speak that do not say what they speak."""
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


class Range(msgspec.Struct, array_like=True):
    """A selection `[anchor, head]`; a bare cursor has both equal."""

    anchor: Integer
    head: Integer


class Cursor(Data):
    """Someone's selections (the first is the main one), right for document version `version`."""

    version: int
    ranges: list[Range]


class Participant(Data):
    """One connected session of a user in a room.

    `verified` says that somebody vouches for who it is; a guest's name is one that anybody could have chosen.
    """

    session_id: str
    user_id: str
    name: str
    colour: str
    role: Role
    status: Status = "online"
    typing: bool = False
    cursor: Cursor | None = None
    verified: bool = False


class ChatMessage(Data):
    """A chat message; `reactions` maps an emoji to the ids of the users who chose it.

    A `deleted` message keeps its place, author and time, but neither its content nor its reactions.
    """

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
