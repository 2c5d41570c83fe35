"""Invitations: links that make whoever opens them a member of a room."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from persistence.repositories import (
    AuditRepository,
    InvitationRepository,
    RoomMemberRepository,
    RoomRepository,
    UserRepository,
)
from persistence.tables import Invitation as InvitationRow
from persistence.tables import RoomMember
from rayrooms.errors import NotFoundError
from serve.auth.accounts import account_of
from serve.auth.invitations import expired, invalid, revoked
from serve.auth.roles import ROLES, Permission, granting, lower_than, permission_over
from serve.schemas.invitations import (
    AcceptedInvitation,
    Invitation,
    InvitationPage,
    InvitationPreview,
    IssuedInvitation,
)
from serve.services.standing import tell_standing

if TYPE_CHECKING:
    from sqlmodel.ext.asyncio.session import AsyncSession

    from persistence.database import Database
    from rayrooms.errors import RayroomsError
    from rayrooms.protocol import Role
    from serve.auth.access import RoomAccess
    from serve.auth.invitations import InvitationTokens
    from serve.auth.tokens import Identity
    from serve.schemas.invitations import NewInvitation
    from serve.services.live import LiveRooms

_ID_BYTES = 12
_PAGE_PATH = "/invite"


class InvitationService:
    """An invitation is worth no more than its maker: once they could not give the role any more, it is void."""

    def __init__(self, database: Database, live: LiveRooms, access: RoomAccess, tokens: InvitationTokens) -> None:
        self._database = database
        self._live = live
        self._access = access
        self._tokens = tokens

    async def create(self, room_id: str, identity: Identity, new: NewInvitation) -> IssuedInvitation:
        """Make a link. Raises ForbiddenError for whoever could not give that role themselves."""
        await self._access.visit(room_id, identity, permission_over(new.role))
        now = datetime.now(UTC)
        async with self._database.session() as session:
            made = await InvitationRepository(session).add(
                InvitationRow(
                    id=secrets.token_hex(_ID_BYTES),
                    room_id=room_id,
                    role=new.role,
                    created_by=identity.user_id,
                    created_at=now,
                    expires_at=(now + timedelta(seconds=new.expires_in)).replace(microsecond=0),
                )
            )
            await AuditRepository(session).record(
                room_id, "invitation_created", identity.user_id, role=new.role, invitation_id=made.id
            )
        token = self._tokens.issue(made)
        terms = made.model_dump(exclude={"id", "revoked_at"})
        return IssuedInvitation(**terms, invitation_id=made.id, token=token, path=f"{_PAGE_PATH}#{token}")

    async def page(
        self, room_id: str, identity: Identity, *, include_all: bool, limit: int, offset: int
    ) -> InvitationPage:
        """The open invitations, or all that were ever made; newest first."""
        await self._access.visit(room_id, identity, Permission.MANAGE_MEMBERS)
        async with self._database.session() as session:
            rows = await InvitationRepository(session).page(
                room_id,
                limit=limit + 1,
                offset=offset,
                granting=None if include_all else {role: granting(role) for role in ROLES},
            )
        return InvitationPage(
            items=[_shown(invitation, maker_role) for invitation, maker_role in rows[:limit]],
            limit=limit,
            next=offset + limit if len(rows) > limit else None,
        )

    async def revoke(self, room_id: str, identity: Identity, invitation_id: str) -> None:
        """Make a link void; again is fine. Raises NotFoundError(invitation_invalid) when the room has none such."""
        await self._access.visit(room_id, identity, Permission.MANAGE_MEMBERS)
        async with self._database.session() as session:
            await RoomRepository(session).hold(room_id)
            invitations = InvitationRepository(session)
            found = await invitations.find(room_id, invitation_id)
            if found is None:
                raise NotFoundError("This room has no such invitation.", code="invitation_invalid")
            if await invitations.revoke(room_id, invitation_id):
                await AuditRepository(session).record(
                    room_id,
                    "invitation_revoked",
                    identity.user_id,
                    role=cast("Role", found[0].role),
                    invitation_id=invitation_id,
                )

    async def preview(self, token: str) -> InvitationPreview:
        """What a link offers, to whoever holds it."""
        claim = self._tokens.verify(token)
        async with self._database.session() as session:
            room = await RoomRepository(session).get(claim.room_id)
            invitation = await _open(session, room.id, claim.invitation_id)
            maker = await UserRepository(session).get(invitation.created_by)
        return InvitationPreview(
            room_id=room.id,
            room_name=room.name,
            role=invitation.role,
            invited_by=maker.name,
            expires_at=invitation.expires_at,
        )

    async def accept(self, token: str, identity: Identity) -> AcceptedInvitation:
        """Make the caller a member, or raise their role; never lower it."""
        claim = self._tokens.verify(token)
        async with self._database.session() as session:
            room = await RoomRepository(session).hold(claim.room_id)
            invitation = await _open(session, room.id, claim.invitation_id)
            offered = cast("Role", invitation.role)
            account = await account_of(session, identity)
            members = RoomMemberRepository(session)
            before = await members.hold(room.id, account.id)
            if before is None:
                await self._access.require_place(session, room.id)
            changed = await members.add_or_raise(
                RoomMember(
                    room_id=room.id,
                    user_id=account.id,
                    name=account.name,
                    email=account.email,
                    colour=account.colour,
                    role=offered,
                ),
                lower_than(offered),
            )
            if changed:
                if not await InvitationRepository(session).count_use(invitation.id):
                    raise revoked()  # in between; this undoes the membership
                await AuditRepository(session).record(
                    room.id,
                    "invitation_accepted",
                    account.id,
                    user_id=account.id,
                    role=offered,
                    previous_role=None if before is None else cast("Role", before.role),
                    invitation_id=invitation.id,
                )
            member = await members.find(room.id, account.id)
        role = offered if member is None else cast("Role", member.role)
        if role == offered:  # a repeat tells it again: the first may not have reached the live room
            await tell_standing(self._live, self._database, room.id, account.id, role)
        return AcceptedInvitation(room_id=room.id, room_name=room.name, role=role)


async def _open(session: AsyncSession, room_id: str, invitation_id: str) -> InvitationRow:
    found = await InvitationRepository(session).find(room_id, invitation_id)
    if found is None:
        raise invalid()
    refusal = _refusal(*found)
    if refusal is not None:
        raise refusal
    return found[0]


def _refusal(invitation: InvitationRow, maker_role: Role | None) -> RayroomsError | None:
    """Why the invitation cannot be accepted now, None when it can."""
    if invitation.revoked_at is not None or maker_role not in granting(cast("Role", invitation.role)):
        return revoked()
    if invitation.expires_at <= datetime.now(UTC):
        return expired()
    return None


def _shown(row: InvitationRow, maker_role: Role | None) -> Invitation:
    return Invitation(**row.model_dump(exclude={"id"}), invitation_id=row.id, open=_refusal(row, maker_role) is None)
