"""Tells a live room as what somebody stands in it, until it was told what the database holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from persistence.repositories import RoomMemberRepository

if TYPE_CHECKING:
    from persistence.database import Database
    from persistence.tables import RoomMember
    from rayrooms.protocol import Role
    from serve.services.live import LiveRooms


async def tell_standing(
    live: LiveRooms, database: Database, room_id: str, user_id: str, role: Role | None
) -> RoomMember | None:
    """Tell the room of the role that was just committed, None for none, and return the membership that stands after it.

    Two changes of one membership, through two gateways, may reach the room in the other order than the database. So
    each is followed by a look at what stands; whoever told the room last has then told it that. Raises UnavailableError
    when the room does not answer: whoever asked has to ask again.
    """
    while True:
        await live.member_changed(room_id, user_id, role)
        async with database.session() as session:
            member = await RoomMemberRepository(session).find(room_id, user_id)
        standing = None if member is None else cast("Role", member.role)
        if standing == role:
            return member
        role = standing
