"""What the REST routes answer, as far as clients need it. Times are aware, in UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from rayrooms.protocol import Operation, Role

RoomScope = Literal["mine", "public", "all"]
"""Of rooms: those that the caller is a member of, the public ones, or both."""


class SignedIn(msgspec.Struct):
    """A token and whom it stands for."""

    token: str
    user_id: str
    name: str
    expires_at: datetime


class RoomSummary(msgspec.Struct):
    """A room as lists show it; `role` is the caller's, None when not a member.

    `edited_at` is the time of the last edit, None before the first; in lists, as far as edits are stored.
    """

    room_id: str
    name: str
    description: str
    owner_id: str
    owner_name: str | None
    private: bool
    max_users: int
    language: str
    role: Role | None
    created_at: datetime
    updated_at: datetime
    edited_at: datetime | None


class Room(RoomSummary):
    """A room with its present state."""

    member_count: int
    version: int


class Invitation(msgspec.Struct):
    """A link that makes whoever opens it a member in `role`; `path` is its page, with the token as the fragment."""

    invitation_id: str
    room_id: str
    role: Role
    token: str
    path: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    uses: int


class AcceptedInvitation(msgspec.Struct):
    """The room, and the caller's role in it now: that of the invitation, or a higher one that they had."""

    room_id: str
    room_name: str
    role: Role


class Member(msgspec.Struct):
    """A membership; `active` says whether they are connected now."""

    room_id: str
    user_id: str
    name: str
    colour: str
    role: Role
    joined_at: datetime
    last_seen: datetime | None
    active: bool


class LoggedOperation(msgspec.Struct):
    """A committed operation: it takes the document from `version - 1` to `version`."""

    version: int
    op: Operation
    user_id: str
    client_id: str
    seq: int
    timestamp: datetime


class Snapshot(msgspec.Struct):
    """The whole document at `version`; `size_bytes` is its length in UTF-8."""

    content: str
    version: int
    size_bytes: int
    created_at: datetime


class StoredMessage(msgspec.Struct):
    """A chat message as it now stands; `reactions` maps an emoji to the ids of the users who chose it."""

    message_id: str
    user_id: str
    name: str
    content: str
    created_at: datetime
    reply_to: str | None
    reactions: dict[str, list[str]]
    edited: bool
    deleted: bool


class Conflict(msgspec.Struct):
    """Two concurrent edits of different users met: `version` was transformed over `other_version`.

    `kind` says what each did at that place: insert-insert, insert-delete, delete-insert or delete-delete.
    """

    version: int
    other_version: int
    user_id: str
    other_user_id: str
    kind: str
    strategy: str
    created_at: datetime
