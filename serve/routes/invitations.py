"""Invitation links: an admin makes, lists and revokes them; whoever holds one sees what it offers and accepts it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, status

from serve.problems import refusals
from serve.routes.checked import CheckedRoute
from serve.routes.dependencies import Caller, Limit, Offset, RoomIdPath, ServicesDep
from serve.schemas.invitations import (
    AcceptedInvitation,
    InvitationPage,
    InvitationPreview,
    InvitationToken,
    IssuedInvitation,
    NewInvitation,
)

router = APIRouter(prefix="/api", tags=["invitations"], route_class=CheckedRoute)

_MANAGES = (
    "bad_token",
    "malformed",
    "invalid_text",
    "room_not_found",
    "forbidden",
    "database_unavailable",
)
_OPENS = (
    "malformed",
    "invalid_text",
    "message_too_large",
    "room_not_found",
    "invitation_invalid",
    "invitation_expired",
    "invitation_revoked",
    "database_unavailable",
)


@router.post(
    "/rooms/{room_id}/invitations",
    summary="Make an invitation link",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(*_MANAGES, "message_too_large"),
)
async def create_invitation(
    services: ServicesDep, identity: Caller, room_id: RoomIdPath, body: NewInvitation
) -> IssuedInvitation:
    """Owner and admins; only the owner invites admins. Many may use one link."""
    return await services.invitations.create(room_id, identity, body)


@router.get("/rooms/{room_id}/invitations", summary="List invitations", responses=refusals(*_MANAGES))
async def list_invitations(
    services: ServicesDep,
    identity: Caller,
    room_id: RoomIdPath,
    *,
    include_all: Annotated[
        bool, Query(alias="all", description="Also those that are revoked, expired or void.")
    ] = False,
    limit: Limit = 50,
    offset: Offset = 0,
) -> InvitationPage:
    """Newest first, without their tokens; owner and admins."""
    return await services.invitations.page(room_id, identity, include_all=include_all, limit=limit, offset=offset)


@router.delete(
    "/rooms/{room_id}/invitations/{invitation_id}",
    summary="Revoke an invitation",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals(*_MANAGES, "invitation_invalid"),
)
async def revoke_invitation(
    services: ServicesDep,
    identity: Caller,
    room_id: RoomIdPath,
    invitation_id: Annotated[str, Path(description="The invitation's id.")],
) -> None:
    """Its link opens nothing from now on; who came by it stays. Owner and admins."""
    await services.invitations.revoke(room_id, identity, invitation_id)


@router.post("/invitations/preview", summary="See what a link offers", responses=refusals(*_OPENS))
async def preview_invitation(services: ServicesDep, body: InvitationToken) -> InvitationPreview:
    """Needs no token but the link's own."""
    return await services.invitations.preview(body.token)


@router.post(
    "/invitations/accept",
    summary="Accept an invitation",
    responses=refusals("bad_token", *_OPENS, "room_unavailable", "too_many_members"),
)
async def accept_invitation(services: ServicesDep, identity: Caller, body: InvitationToken) -> AcceptedInvitation:
    """Makes the caller a member in the role offered, or raises their role to it; it lowers none. Again is fine."""
    return await services.invitations.accept(body.token, identity)
