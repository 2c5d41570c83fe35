"""Who may enter a room, and as what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from persistence.repositories import (
    AuditRepository,
    RoomMemberRepository,
    RoomRepository,
    enrol,
    no_room,
    roles_in,
    standing_in,
)
from persistence.tables import RoomMember
from rayrooms.errors import ConflictError
from serve.auth.accounts import account_of, colour_of
from serve.auth.roles import Permission, require

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlmodel.ext.asyncio.session import AsyncSession

    from persistence.database import Database
    from persistence.tables import Room
    from rayrooms.protocol import Role
    from serve.auth.tokens import Identity


@dataclass(frozen=True, slots=True)
class Visit:
    """Someone looking at a room: `role` is None for a visitor of a public room who is not a member."""

    room: Room
    role: Role | None


@dataclass(frozen=True, slots=True)
class Admission:
    """What a live room needs to know of someone who enters it."""

    room_id: str
    room_name: str
    language: str
    max_users: int
    role: Role
    colour: str


class RoomAccess:
    """Reads memberships from Postgres each time: a removal counts from the very next request."""

    def __init__(self, database: Database, *, max_members: int) -> None:
        self._database = database
        self._max_members = max_members

    async def visit(self, room_id: str, identity: Identity, permission: Permission = Permission.READ) -> Visit:
        """The room and the caller's role in it.

        Raises NotFoundError(room_not_found), for strangers to a private room too; ForbiddenError:
        read_only or forbidden when the role does not include the permission.
        """
        async with self._database.session() as session:
            room, member = await RoomRepository(session).visited(room_id, identity.user_id)
        visit = Visit(room, cast("Role", member.role) if member else _unlisted(identity))
        if visit.role is None and room.private:
            raise no_room(room_id)
        require(visit.role, permission)
        return visit

    async def roles(self, room_id: str, people: Iterable[Identity]) -> dict[str, Role | None]:
        """As what each of them stands in the room, by user id; None for who is no member.

        Raises NotFoundError(room_not_found) when there is no such room.
        """
        by_id = {one.user_id: one for one in people}
        found = await roles_in(self._database, room_id, list(by_id))
        if found is None:
            raise no_room(room_id)
        return {user_id: cast("Role | None", found.get(user_id)) or _unlisted(one) for user_id, one in by_id.items()}

    async def admit(self, room_id: str, identity: Identity) -> Admission:
        """Let someone in to take part: a newcomer to a public room becomes a member; who runs the server does not.

        Raises NotFoundError(room_not_found), for strangers to a private room too, and ConflictError(too_many_members).
        """
        database, user_id = self._database, identity.user_id
        standing = await standing_in(database, room_id, user_id)
        if standing is None and identity.admin:
            return await self._admit_operator(room_id, identity)
        if standing is None:
            standing = await enrol(database, room_id, user_id, self._max_members)
        if standing is not None:
            return Admission(
                room_id=room_id,
                room_name=standing.room_name,
                language=standing.language,
                max_users=standing.max_users,
                role=cast("Role", standing.role),
                colour=standing.colour,
            )
        try:
            return await self._admit(room_id, identity)
        except ConflictError as error:
            if error.code != "already_exists":
                raise
            return await self._admit(room_id, identity)  # became a member in between, through another connection

    async def _admit_operator(self, room_id: str, identity: Identity) -> Admission:
        """Let whoever runs the server look on in any room, seen by all in it, without becoming a member."""
        async with self._database.session() as session:
            room = await RoomRepository(session).get(room_id)
        return Admission(
            room_id=room.id,
            room_name=room.name,
            language=room.language,
            max_users=room.max_users,
            role="viewer",
            colour=colour_of(identity.user_id),
        )

    async def require_place(self, session: AsyncSession, room_id: str) -> None:
        """Raise ConflictError(too_many_members) for a room that takes no more; of those who come at once all may."""
        if await RoomMemberRepository(session).count(room_id) >= self._max_members:
            raise ConflictError(f"A room has at most {self._max_members} members.", code="too_many_members")

    async def _admit(self, room_id: str, identity: Identity) -> Admission:
        async with self._database.session() as session:
            room, member = await RoomRepository(session).visited(room_id, identity.user_id)
            if member is None:
                if room.private:
                    raise no_room(room_id)
                await self.require_place(session, room_id)
                account = await account_of(session, identity)
                member = await RoomMemberRepository(session).add(
                    RoomMember(
                        room_id=room_id,
                        user_id=account.id,
                        name=account.name,
                        email=account.email,
                        colour=account.colour,
                        role="member",
                    )
                )
                await AuditRepository(session).record(
                    room_id, "member_joined", account.id, user_id=account.id, role="member"
                )
            return Admission(
                room_id=room.id,
                room_name=room.name,
                language=room.language,
                max_users=room.max_users,
                role=cast("Role", member.role),
                colour=member.colour,
            )


def _unlisted(identity: Identity) -> Role | None:
    """As what somebody stands in a room that they are no member of."""
    return "viewer" if identity.admin else None
