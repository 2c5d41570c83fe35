"""As what somebody stands in a room already: the one question that everybody who enters asks, in one round trip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import text

if TYPE_CHECKING:
    from persistence.database import Database

_QUERY: Final = text("""
    SELECT rooms.name, rooms.language, rooms.max_users, room_members.role, room_members.colour
    FROM rooms JOIN room_members ON room_members.room_id = rooms.id
    WHERE rooms.id = :room_id AND room_members.user_id = :user_id
""")


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
