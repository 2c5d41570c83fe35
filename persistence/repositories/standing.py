"""As what somebody stands in a room, and how a newcomer to a public one becomes a member: in one round trip each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from psycopg import IntegrityError

if TYPE_CHECKING:
    from persistence.database import Database

_QUERY: Final = """
    SELECT rooms.name, rooms.language, rooms.max_users, room_members.role, room_members.colour
    FROM rooms JOIN room_members ON room_members.room_id = rooms.id
    WHERE rooms.id = %(room_id)s AND room_members.user_id = %(user_id)s
"""

_ROLES: Final = """
    SELECT coalesce(jsonb_object_agg(user_id, role) FILTER (WHERE user_id IS NOT NULL), '{}')
    FROM rooms LEFT JOIN room_members ON room_members.room_id = rooms.id AND user_id = ANY(%(user_ids)s)
    WHERE rooms.id = %(room_id)s
    GROUP BY rooms.id
"""

# One statement is one transaction: nobody is a member without the event, nor the other way round. The room's row is
# locked before the event is recorded, so that a deletion is the last event of its room.
_ENROL: Final = """
    WITH room AS MATERIALIZED (
        SELECT id, name, language, max_users FROM rooms WHERE id = %(room_id)s AND NOT private FOR KEY SHARE
    ), joined AS (
        INSERT INTO room_members (room_id, user_id, name, email, colour, role, joined_at, active)
        SELECT room.id, users.id, users.name, users.email, users.colour, 'member', now(), false
        FROM room JOIN users ON users.id = %(user_id)s
        WHERE (SELECT count(*) FROM room_members WHERE room_id = %(room_id)s) < %(most)s
        ON CONFLICT DO NOTHING
        RETURNING room_id, role, colour
    ), recorded AS (
        INSERT INTO audit_events (room_id, at, action, actor_id, user_id, role)
        SELECT room_id, now(), 'member_joined', %(user_id)s, %(user_id)s, role FROM joined
    )
    SELECT room.name, room.language, room.max_users, joined.role, joined.colour
    FROM room JOIN joined ON joined.room_id = room.id
"""


class Standing(NamedTuple):
    """A member's role and colour, and what a live room needs of its own row."""

    room_name: str
    language: str
    max_users: int
    role: str
    colour: str


async def standing_in(database: Database, room_id: str, user_id: str) -> Standing | None:
    """None for somebody who is no member, or a room that is not there. Raises UnavailableError."""
    row = await database.first(_QUERY, room_id=room_id, user_id=user_id)
    return Standing._make(row) if row is not None else None


async def roles_in(database: Database, room_id: str, user_ids: list[str]) -> dict[str, str] | None:
    """The roles of those among them who are members; None for a room that is not there. Raises UnavailableError."""
    row = await database.first(_ROLES, room_id=room_id, user_ids=user_ids)
    return row[0] if row is not None else None


async def enrol(database: Database, room_id: str, user_id: str, most: int) -> Standing | None:
    """Make a newcomer a member of a public room of fewer than `most`, with the event in the audit log.

    None, with nothing changed, when that cannot be: the room is private or not there, it is full, or the user has no
    profile yet or is a member already. Raises UnavailableError.
    """
    try:
        row = await database.first(_ENROL, room_id=room_id, user_id=user_id, most=most)
    except IntegrityError:  # deleted meanwhile
        return None
    return Standing._make(row) if row is not None else None
