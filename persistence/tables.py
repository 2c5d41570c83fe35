"""The tables: what Postgres keeps of rooms, their members and their history.

All times are timestamptz in UTC; all offsets and positions count Unicode code points. Ids of rooms, users, clients
and messages are text that the edge holds to `MAX_ID` characters; the columns do not repeat that limit, because a row
that Postgres refuses would end the room that made it, not the request that was wrong.

`operations` and `conflict_resolutions` carry no foreign key: only the writer inserts there, while it holds a lock on
the rooms row, and a check per row would cost more than the insert. Deleting a room clears them by hand
(`RoomRepository.delete`). `audit_events` has none either: what was done to a room outlives it.
"""

from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, MetaData, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

MAX_ID: Final = 64

SQLModel.metadata.naming_convention = {
    "pk": "%(table_name)s_pkey",
    "fk": "%(table_name)s_%(column_0_name)s_fkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
}


def utc_now() -> datetime:
    """The time of a row that a service makes; rows from a room's feed carry the room's own time."""
    return datetime.now(UTC)


def schema() -> MetaData:
    """All tables, as migrations must build them."""
    return SQLModel.metadata


class Table(SQLModel):
    """Base of the tables: text and timestamps are the same Postgres types everywhere."""


def _time(*, nullable: bool = False) -> Any:  # noqa: ANN401 - SQLModel's Field is typed so as well
    if nullable:
        return Field(default=None, sa_type=DateTime(timezone=True), nullable=True)
    return Field(
        default_factory=utc_now,
        sa_type=DateTime(timezone=True),
        nullable=False,
        sa_column_kwargs={"server_default": func.now()},
    )


def _room_key() -> Column[str]:
    return Column("room_id", Text, ForeignKey("rooms.id", ondelete="CASCADE"), primary_key=True)


class User(Table, table=True):
    """A profile, made at a user's first sign-in. `status` is what they said last; `last_seen` when."""

    __tablename__: ClassVar[str] = "users"

    id: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    email: str | None = Field(default=None, sa_type=Text)
    colour: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    status: str = Field(default="offline", sa_type=Text, sa_column_kwargs={"server_default": "offline"})
    last_seen: datetime | None = _time(nullable=True)
    created_at: datetime = _time()


class Room(Table, table=True):
    """A room. `owner_epoch` rises by one with every activation; only the writer's feed of that epoch may write."""

    __tablename__: ClassVar[str] = "rooms"
    __table_args__ = (
        Index(
            "rooms_public_created_at_idx",
            text("created_at DESC"),
            text("id"),
            postgresql_where=text("NOT private"),
        ),
        Index(
            "rooms_search_idx",
            text("to_tsvector('simple'::regconfig, (name || ' '::text) || description)"),
            postgresql_using="gin",
        ),
    )

    id: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    description: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    owner_id: str = Field(sa_type=Text)
    private: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    max_users: int = Field(default=50, sa_column_kwargs={"server_default": "50"})
    language: str = Field(default="text", sa_type=Text, sa_column_kwargs={"server_default": "text"})
    owner_epoch: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    created_at: datetime = _time()
    updated_at: datetime = _time()


class RoomMember(Table, table=True):
    """Someone's membership, with the profile as it was when they joined; `active` means connected now."""

    __tablename__: ClassVar[str] = "room_members"
    __table_args__ = (
        Index("room_members_by_joined_at_idx", "room_id", "joined_at", "user_id"),
        Index("room_members_of_user_idx", "user_id", text("joined_at DESC"), "room_id"),
    )

    room_id: str = Field(sa_column=_room_key())
    user_id: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    email: str | None = Field(default=None, sa_type=Text)
    colour: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    role: str = Field(default="member", sa_type=Text, sa_column_kwargs={"server_default": "member"})
    joined_at: datetime = _time()
    last_seen: datetime | None = _time(nullable=True)
    active: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})


class Invitation(Table, table=True):
    """A link that makes whoever holds it a member in `role`; `uses` counts the memberships that it made or raised.

    The link's token is signed, not stored. `expires_at` is a whole second, as the token's own expiry.
    """

    __tablename__: ClassVar[str] = "invitations"
    __table_args__ = (Index("invitations_by_created_at_idx", "room_id", text("created_at DESC"), "id"),)

    id: str = Field(primary_key=True, sa_type=Text)
    room_id: str = Field(sa_type=Text, foreign_key="rooms.id", ondelete="CASCADE")
    role: str = Field(sa_type=Text)
    created_by: str = Field(sa_type=Text)
    created_at: datetime = _time()
    expires_at: datetime = Field(sa_type=DateTime(timezone=True), nullable=False)
    revoked_at: datetime | None = _time(nullable=True)
    uses: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class AuditEvent(Table, table=True):
    """Who changed who belongs to a room, and as what; `id` rises with the order of a room's changes.

    `user_id` is whom it concerns, `role` theirs since then (or the one that an invitation grants).
    """

    __tablename__: ClassVar[str] = "audit_events"
    __table_args__ = (
        Index("audit_events_of_room_idx", "room_id", "id"),
        Index("audit_events_deletions_idx", "room_id", "id", postgresql_where=text("action = 'room_deleted'")),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    room_id: str = Field(sa_type=Text)
    at: datetime = _time()
    action: str = Field(sa_type=Text)
    actor_id: str = Field(sa_type=Text)
    user_id: str | None = Field(default=None, sa_type=Text)
    role: str | None = Field(default=None, sa_type=Text)
    previous_role: str | None = Field(default=None, sa_type=Text)
    invitation_id: str | None = Field(default=None, sa_type=Text)
    private: bool | None = None


class Operation(Table, table=True):
    """A committed operation: it takes the document from `version - 1` to `version`.

    `op` is the operation in invertible form; `op_type`, `position` and `content` describe it for people. `epoch` is the
    owner that committed it; `(client_id, seq)` is the edit it answers.
    """

    __tablename__: ClassVar[str] = "operations"
    __table_args__ = (UniqueConstraint("room_id", "client_id", "seq"),)

    room_id: str = Field(primary_key=True, sa_type=Text)
    version: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    op_type: str = Field(sa_type=Text)
    position: int
    content: str = Field(sa_type=Text)
    op: list[Any] = Field(sa_type=JSONB, nullable=False)
    user_id: str = Field(sa_type=Text)
    client_id: str = Field(sa_type=Text)
    seq: int = Field(sa_type=BigInteger)
    epoch: int = Field(sa_type=BigInteger)
    at: datetime = Field(sa_type=DateTime(timezone=True), nullable=False)


class Message(Table, table=True):
    """A chat message as it now stands; `reactions` maps an emoji to the ids of the users who chose it."""

    __tablename__: ClassVar[str] = "messages"
    __table_args__ = (Index("messages_by_created_at_idx", "room_id", text("created_at DESC"), text("id DESC")),)

    room_id: str = Field(sa_column=_room_key())
    id: str = Field(primary_key=True, sa_type=Text)
    user_id: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    content: str = Field(sa_type=Text)
    reply_to: str | None = Field(default=None, sa_type=Text)
    reactions: dict[str, list[str]] = Field(
        default_factory=dict, sa_type=JSONB, nullable=False, sa_column_kwargs={"server_default": text("'{}'::jsonb")}
    )
    edited: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    deleted: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    created_at: datetime = _time()


class DocumentSnapshot(Table, table=True):
    """The whole document at `version`, which was committed under `version_epoch`.

    `clients` maps each client_id to its last edit, `[seq, version, user_id]`; `size_bytes` is the length of `content`
    in UTF-8.
    """

    __tablename__: ClassVar[str] = "document_snapshots"

    room_id: str = Field(sa_column=_room_key())
    version: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    version_epoch: int = Field(sa_type=BigInteger)
    content: str = Field(sa_type=Text)
    size_bytes: int
    clients: dict[str, tuple[int, int, str]] = Field(default_factory=dict, sa_type=JSONB, nullable=False)
    created_at: datetime = _time()


class ConflictResolution(Table, table=True):
    """Two concurrent operations of the room touched the same place: `version` was transformed over `other_version`."""

    __tablename__: ClassVar[str] = "conflict_resolutions"

    room_id: str = Field(primary_key=True, sa_type=Text)
    version: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    other_version: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    user_id: str = Field(sa_type=Text)
    other_user_id: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    strategy: str = Field(sa_type=Text)
    created_at: datetime = _time()
