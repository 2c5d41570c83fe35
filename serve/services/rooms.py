"""Rooms: making, finding, describing and deleting them; their operations and conflicts."""

from __future__ import annotations

import secrets
import string
from typing import TYPE_CHECKING

from persistence.epochs import fresh_epoch
from persistence.repositories import (
    AuditRepository,
    ConflictRepository,
    PersonalRepository,
    RoomMemberRepository,
    RoomRepository,
    UserRepository,
)
from persistence.tables import Room, RoomMember
from rayrooms.errors import ConflictError
from serve.auth.accounts import account_of
from serve.auth.roles import Permission, allowed, require_self
from serve.schemas.conflicts import Conflict, ConflictPage
from serve.schemas.operations import OperationPage
from serve.schemas.rooms import LivePlace, RoomDetails, RoomPage, RoomSummary

if TYPE_CHECKING:
    from datetime import datetime

    from persistence.database import Database
    from persistence.repositories import RoomScope
    from rayrooms.protocol import Role
    from serve.auth.access import RoomAccess
    from serve.auth.tokens import Identity
    from serve.schemas.rooms import NewRoom
    from serve.services.history import RoomHistory
    from serve.services.live import LiveRooms

_ID_ALPHABET = string.ascii_lowercase + string.digits
_ID_LENGTH = 12


class RoomService:
    """A room's row, and with it what the live room knows."""

    def __init__(
        self, database: Database, live: LiveRooms, access: RoomAccess, history: RoomHistory, *, max_rooms: int
    ) -> None:
        self._database = database
        self._max_rooms = max_rooms
        self._live = live
        self._access = access
        self._history = history

    async def create(self, identity: Identity, new: NewRoom) -> RoomDetails:
        """Make a room that the caller owns. Raises ConflictError (already_exists for a taken id, too_many_rooms)."""
        async with self._database.session() as session:
            if await PersonalRepository(session).owned(identity.user_id) >= self._max_rooms:
                raise ConflictError(f"A user owns at most {self._max_rooms} rooms.", code="too_many_rooms")
            account = await account_of(session, identity)
            room = await RoomRepository(session).create(
                Room(
                    id=new.room_id or _new_id(),
                    name=new.name,
                    description=new.description,
                    owner_id=account.id,
                    private=new.private,
                    max_users=new.max_users,
                    language=new.language,
                    # There may have been a room of a chosen id, of which somebody still holds a copy.
                    owner_epoch=await fresh_epoch(session) if new.room_id else 0,
                )
            )
            await RoomMemberRepository(session).add(
                RoomMember(
                    room_id=room.id,
                    user_id=account.id,
                    name=account.name,
                    email=account.email,
                    colour=account.colour,
                    role="owner",
                )
            )
            await AuditRepository(session).record(
                room.id, "room_created", account.id, user_id=account.id, role="owner", private=room.private
            )
        summary = _summary(room, "owner", account.name, None)
        return RoomDetails(**dict(summary), member_count=1, version=0, awake=False, live=None)

    async def page(
        self, identity: Identity, *, scope: RoomScope, search: str | None, limit: int, offset: int
    ) -> RoomPage:
        """The rooms that the caller may read: those they are a member of, the public ones, or both; newest first."""
        async with self._database.session() as session:
            found = await PersonalRepository(session).rooms(
                identity.user_id, scope=scope, search=search, limit=limit + 1, offset=offset
            )
        return RoomPage(
            items=[_summary(one.room, one.role, one.owner_name, one.edited_at) for one in found[:limit]],
            limit=limit,
            next=offset + limit if len(found) > limit else None,
        )

    async def of_user(self, identity: Identity, user_id: str, *, limit: int, offset: int) -> RoomPage:
        """The rooms that the user is a member of, for themselves only."""
        require_self(identity, user_id)
        return await self.page(identity, scope="mine", search=None, limit=limit, offset=offset)

    async def describe(self, room_id: str, identity: Identity) -> RoomDetails:
        """The room with its present state."""
        visit = await self._access.visit(room_id, identity)
        head = await self._history.head(room_id)
        async with self._database.session() as session:
            member_count = await RoomMemberRepository(session).count(room_id)
            owner = await UserRepository(session).find(visit.room.owner_id)
        place = None
        if head.live is not None and allowed(visit.role, Permission.INSPECT):
            place = LivePlace(epoch=head.live.epoch, pid=head.live.pid, node_ip=head.live.node_ip)
        return RoomDetails(
            **dict(_summary(visit.room, visit.role, owner.name if owner else None, head.last_update)),
            member_count=member_count,
            version=head.version,
            awake=head.live is not None,
            live=place,
        )

    async def delete(self, room_id: str, identity: Identity) -> None:
        """Delete the room with all its history. Owner only."""
        await self._access.visit(room_id, identity, Permission.DELETE)
        # In this order: nobody who is sent out of the live room can wake it again.
        async with self._database.session() as session:
            await RoomRepository(session).delete(room_id)
            await AuditRepository(session).record(room_id, "room_deleted", identity.user_id)
        await self._live.room_deleted(room_id)

    async def operations(self, room_id: str, identity: Identity, *, limit: int, before: int | None) -> OperationPage:
        """The operations before version `before`, newest first."""
        await self._access.visit(room_id, identity)
        head = await self._history.head(room_id)
        upto = head.version if before is None else min(before - 1, head.version)
        after = max(0, upto - limit)
        items = await self._history.operations(room_id, after, upto)
        items.reverse()
        return OperationPage(items=items, limit=limit, next=after + 1 if after > 0 else None)

    async def conflicts(self, room_id: str, identity: Identity, *, limit: int, offset: int) -> ConflictPage:
        """What concurrent operations met, newest first, with counts by kind."""
        await self._access.visit(room_id, identity)
        async with self._database.session() as session:
            repository = ConflictRepository(session)
            rows = list(await repository.page(room_id, limit=limit + 1, offset=offset))
            counts = await repository.summary(room_id)
        return ConflictPage(
            items=[Conflict.model_validate(row, from_attributes=True) for row in rows[:limit]],
            limit=limit,
            next=offset + limit if len(rows) > limit else None,
            counts=counts,
        )


def _summary(room: Room, role: Role | None, owner_name: str | None, edited_at: datetime | None) -> RoomSummary:
    """The room as lists show it."""
    return RoomSummary(
        room_id=room.id,
        name=room.name,
        description=room.description,
        owner_id=room.owner_id,
        owner_name=owner_name,
        private=room.private,
        max_users=room.max_users,
        language=room.language,
        role=role,
        created_at=room.created_at,
        updated_at=room.updated_at,
        edited_at=edited_at,
    )


def _new_id() -> str:
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH))
