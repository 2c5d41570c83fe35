"""The lines of a backup file: JSON objects, told apart by `kind`, that come in the order in which they stand here.

A file is gzip'd JSON Lines: a header, the room, everything in it kind by kind, and an end that tells what came before
it. Times are in UTC, to the microsecond; versions count from 1 without gaps; offsets in operations count Unicode code
points. What can be computed from the rest (sizes, an operation described for people) is left out, and so is what only
means something to the server that wrote the file: owner epochs, who is connected, the ids of audit events.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import msgspec

from rayrooms.protocol import Operation as TextOperation

FORMAT: Final = "rayrooms-room"
FORMAT_VERSION: Final = 1
"""It rises when a file can no longer be read by who reads the version before."""

_MAX_INTEGER: Final = 2**53 - 1

Time = Annotated[datetime, msgspec.Meta(tz=True)]
Count = Annotated[int, msgspec.Meta(ge=0, le=_MAX_INTEGER)]
Positive = Annotated[int, msgspec.Meta(ge=1, le=_MAX_INTEGER)]
Small = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class _Line(msgspec.Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True):
    """Base of all lines."""


class Header(msgspec.Struct, frozen=True, tag_field="kind", tag="header"):
    """The first line; a newer format may have more in it."""

    format: str
    version: int


class Room(_Line, frozen=True, tag="room"):
    """The room itself."""

    id: str
    name: str
    description: str
    owner_id: str
    private: bool
    max_users: Small
    language: str
    created_at: Time
    updated_at: Time


class Member(_Line, frozen=True, tag="member"):
    """A membership, with the profile as it was when it began."""

    user_id: str
    name: str
    email: str | None
    colour: str
    role: str
    joined_at: Time
    last_seen: Time | None


class Invitation(_Line, frozen=True, tag="invitation"):
    """An invitation; its link holds wherever the same secret signs."""

    id: str
    role: str
    created_by: str
    created_at: Time
    expires_at: Time
    revoked_at: Time | None
    uses: Small


class Operation(_Line, frozen=True, tag="operation"):
    """A committed operation, in invertible form: it takes the document from `version - 1` to `version`."""

    version: Positive
    op: TextOperation
    user_id: str
    client_id: str
    seq: Positive
    at: Time


class Message(_Line, frozen=True, tag="message"):
    """A chat message as it now stands."""

    id: str
    user_id: str
    name: str
    content: str
    reply_to: str | None
    reactions: dict[str, list[str]]
    edited: bool
    deleted: bool
    created_at: Time


class Snapshot(_Line, frozen=True, tag="snapshot"):
    """The whole document at `version`; `clients` maps each client_id to its last edit, `[seq, version, user_id]`."""

    version: Count
    content: str
    clients: dict[str, tuple[Count, Count, str]]
    created_at: Time


class Conflict(_Line, frozen=True, tag="conflict"):
    """Two concurrent operations that touched the same place."""

    version: Positive
    other_version: Positive
    user_id: str
    other_user_id: str
    conflict: str
    strategy: str
    created_at: Time


class AuditEvent(_Line, frozen=True, tag="audit_event"):
    """A change of who belongs to the room."""

    at: Time
    action: str
    actor_id: str
    user_id: str | None
    role: str | None
    previous_role: str | None
    invitation_id: str | None
    private: bool | None


class Counts(msgspec.Struct, frozen=True):
    """How many lines there are of each kind."""

    members: int
    invitations: int
    operations: int
    messages: int
    snapshots: int
    conflicts: int
    audit_events: int


class End(_Line, frozen=True, tag="end"):
    """The last line: how many lines there are of each kind, and the SHA-256 of all lines before this one, in hex."""

    counts: Counts
    sha256: str


Record = Room | Member | Invitation | Operation | Message | Snapshot | Conflict | AuditEvent
Line = Room | Member | Invitation | Operation | Message | Snapshot | Conflict | AuditEvent | End
