"""Memberships: who belongs to a room, as what; joining and leaving."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from persistence.repositories import AuditRepository, RoomMemberRepository, RoomRepository, UserRepository
from persistence.tables import RoomMember
from rayrooms.errors import ConflictError, NotFoundError
from serve.auth.roles import Permission, permission_over, require
from serve.schemas.members import Member, MemberPage
from serve.services.standing import tell_standing

if TYPE_CHECKING:
    from sqlmodel.ext.asyncio.session import AsyncSession

    from persistence.database import Database
    from persistence.repositories import AuditAction
    from rayrooms.protocol import Role
    from serve.auth.access import RoomAccess, Visit
    from serve.auth.tokens import Identity
    from serve.schemas.members import NewMember
    from serve.services.live import LiveRooms


class MemberService:
    """Every change is in Postgres first, then told to the live room, so that it also counts for open sessions."""

    def __init__(self, database: Database, live: LiveRooms, access: RoomAccess) -> None:
        self._database = database
        self._live = live
        self._access = access

    async def page(self, room_id: str, identity: Identity, *, limit: int, offset: int) -> MemberPage:
        """The members, in the order they joined."""
        await self._access.visit(room_id, identity)
        async with self._database.session() as session:
            rows = list(await RoomMemberRepository(session).page(room_id, limit=limit + 1, offset=offset))
        return MemberPage(
            items=[_member(row) for row in rows[:limit]],
            limit=limit,
            next=offset + limit if len(rows) > limit else None,
        )

    async def add(self, room_id: str, identity: Identity, new: NewMember) -> Member:
        """Add someone.

        Raises ForbiddenError, NotFoundError(user_not_found), ConflictError(already_exists, too_many_members).
        """
        await self._access.visit(room_id, identity, permission_over(new.role))
        return await self._add(room_id, identity, new.user_id, new.role)

    async def set_role(self, room_id: str, identity: Identity, user_id: str, role: Role) -> Member:
        """Give a member another role. The owner's cannot be changed: ConflictError."""
        visit = await self._access.visit(room_id, identity, permission_over(role))
        await self._tell_of_removal(room_id, user_id)
        async with self._database.session() as session:
            member = await _held(session, room_id, user_id)
            before = cast("Role", member.role)
            if before == "owner":
                raise ConflictError("The owner of a room stays its owner.")
            require(visit.role, permission_over(before))
            if before != role:
                await RoomMemberRepository(session).set_role(room_id, user_id, role)
                await AuditRepository(session).record(
                    room_id, "role_changed", identity.user_id, user_id=user_id, role=role, previous_role=before
                )
        standing = await self._tell(room_id, user_id, role)
        if standing is None:
            raise _no_member(user_id)
        return _member(standing)

    async def remove(self, room_id: str, identity: Identity, user_id: str) -> None:
        """Remove someone, or leave. Their open sessions end.

        Raises ForbiddenError, NotFoundError(user_not_found) when not a member, ConflictError for the owner.
        """
        visit = await self._access.visit(room_id, identity)
        if user_id != identity.user_id:
            require(visit.role, Permission.MANAGE_MEMBERS)
        await self._tell_of_removal(room_id, user_id)
        async with self._database.session() as session:
            before = cast("Role", (await _held(session, room_id, user_id)).role)
            if before == "owner":
                raise ConflictError("The owner cannot leave the room; deleting it is the way to end it.")
            if user_id != identity.user_id:
                require(visit.role, permission_over(before))
            await RoomMemberRepository(session).remove(room_id, user_id)
            action: AuditAction = "member_left" if user_id == identity.user_id else "member_removed"
            await AuditRepository(session).record(
                room_id, action, identity.user_id, user_id=user_id, previous_role=before
            )
        await self._tell(room_id, user_id, None)

    async def join(self, room_id: str, identity: Identity, user_id: str) -> Member:
        """Become a member of a public room, or have an admin make someone one. Joining twice changes nothing.

        Raises NotFoundError(room_not_found) for a private room, ConflictError(room_full) when as many as it admits are
        in it now.
        """
        if user_id != identity.user_id:
            await self._access.visit(room_id, identity, Permission.MANAGE_MEMBERS)
            try:
                return await self._add(room_id, identity, user_id, "member")
            except ConflictError as error:
                if error.code != "already_exists":
                    raise
                return _member(await self._find(room_id, user_id))
        visit = await self._access.visit(room_id, identity)
        if visit.role is None:
            await self._refuse_when_full(visit)
        await self._access.admit(room_id, identity)
        return _member(await self._find(room_id, user_id))

    async def _add(self, room_id: str, identity: Identity, user_id: str, role: Role) -> Member:
        async with self._database.session() as session:
            account = await UserRepository(session).get(user_id)
            members = RoomMemberRepository(session)
            if await members.find(room_id, user_id) is None:
                await self._access.require_place(session, room_id)
            added = await members.add(
                RoomMember(
                    room_id=room_id,
                    user_id=account.id,
                    name=account.name,
                    email=account.email,
                    colour=account.colour,
                    role=role,
                )
            )
            await AuditRepository(session).record(
                room_id, "member_added", identity.user_id, user_id=account.id, role=role
            )
        await self._tell(room_id, user_id, role)
        return _member(added)

    async def _tell(self, room_id: str, user_id: str, role: Role | None) -> RoomMember | None:
        return await tell_standing(self._live, self._database, room_id, user_id, role)

    async def _tell_of_removal(self, room_id: str, user_id: str) -> None:
        """Tell the live room again of a membership that is gone: an earlier removal may not have reached it."""
        try:
            await self._find(room_id, user_id)
        except NotFoundError:
            await self._tell(room_id, user_id, None)
            raise

    async def _find(self, room_id: str, user_id: str) -> RoomMember:
        async with self._database.session() as session:
            member = await RoomMemberRepository(session).find(room_id, user_id)
        if member is None:
            raise _no_member(user_id)
        return member

    async def _refuse_when_full(self, visit: Visit) -> None:
        present = {participant.user_id for participant in await self._live.participants(visit.room.id) or []}
        if len(present) >= visit.room.max_users:
            raise ConflictError(f"The room is full: it admits {visit.room.max_users} people at once.", code="room_full")


async def _held(session: AsyncSession, room_id: str, user_id: str) -> RoomMember:
    """The membership as it stands, and as it stays while the transaction decides about it."""
    await RoomRepository(session).hold(room_id)
    member = await RoomMemberRepository(session).hold(room_id, user_id)
    if member is None:
        raise _no_member(user_id)
    return member


def _no_member(user_id: str) -> NotFoundError:
    return NotFoundError(f"{user_id!r} is not a member of this room.", code="user_not_found")


def _member(row: RoomMember) -> Member:
    return Member.model_validate(row, from_attributes=True)
