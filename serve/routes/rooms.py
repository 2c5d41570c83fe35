"""Rooms, their members, and what happened in them."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status
from pydantic import AwareDatetime

from persistence.repositories import RoomScope
from serve.problems import refusals
from serve.routes.checked import CheckedRoute
from serve.routes.dependencies import Caller, Limit, Offset, RoomIdPath, ServicesDep, UserIdPath
from serve.schemas.audit import AuditPage
from serve.schemas.conflicts import ConflictPage
from serve.schemas.members import Member, MemberPage, NewMember, RoleChange
from serve.schemas.messages import MessagePage
from serve.schemas.operations import OperationPage
from serve.schemas.rooms import NewRoom, RoomDetails, RoomPage

router = APIRouter(prefix="/api/rooms", tags=["rooms"], route_class=CheckedRoute)

_BASIC = ("bad_token", "malformed", "invalid_text", "database_unavailable")
_READS = (*_BASIC, "room_not_found")
_READS_LIVE = (*_READS, "room_unavailable", "room_load_failed")
_MANAGES = (*_READS, "forbidden", "message_too_large", "room_unavailable")


@router.post(
    "",
    summary="Make a room",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(*_BASIC, "already_exists", "too_many_rooms", "message_too_large"),
)
async def create_room(services: ServicesDep, identity: Caller, body: NewRoom, response: Response) -> RoomDetails:
    """Whoever makes a room owns it."""
    room = await services.rooms.create(identity, body)
    response.headers["Location"] = f"/api/rooms/{room.room_id}"
    return room


@router.get("", summary="List rooms", responses=refusals(*_BASIC))
async def list_rooms(
    services: ServicesDep,
    identity: Caller,
    scope: Annotated[RoomScope, Query(description="The caller's own rooms, the public ones, or both.")] = "all",
    search: Annotated[
        str | None, Query(max_length=200, description="Words that begin words of name or description.")
    ] = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> RoomPage:
    """Newest first."""
    return await services.rooms.page(identity, scope=scope, search=search, limit=limit, offset=offset)


@router.get("/{room_id}", summary="Describe a room", responses=refusals(*_READS_LIVE))
async def get_room(services: ServicesDep, identity: Caller, room_id: RoomIdPath) -> RoomDetails:
    """With its present state; reading never wakes a sleeping room."""
    return await services.rooms.describe(room_id, identity)


@router.delete(
    "/{room_id}",
    summary="Delete a room",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals(*_READS, "forbidden", "room_unavailable"),
)
async def delete_room(services: ServicesDep, identity: Caller, room_id: RoomIdPath) -> None:
    """With all its history; owner only. Open sessions end."""
    await services.rooms.delete(room_id, identity)


@router.get("/{room_id}/members", summary="List members", tags=["members"], responses=refusals(*_READS))
async def list_members(
    services: ServicesDep, identity: Caller, room_id: RoomIdPath, limit: Limit = 50, offset: Offset = 0
) -> MemberPage:
    """In the order they joined."""
    return await services.members.page(room_id, identity, limit=limit, offset=offset)


@router.post(
    "/{room_id}/members",
    summary="Add a member",
    tags=["members"],
    status_code=status.HTTP_201_CREATED,
    responses=refusals(*_MANAGES, "user_not_found", "already_exists", "too_many_members"),
)
async def add_member(services: ServicesDep, identity: Caller, room_id: RoomIdPath, body: NewMember) -> Member:
    """Owner and admins; only the owner makes admins."""
    return await services.members.add(room_id, identity, body)


@router.put(
    "/{room_id}/members/{user_id}",
    summary="Change a member's role",
    tags=["members"],
    responses=refusals(*_MANAGES, "user_not_found", "conflict"),
)
async def change_role(
    services: ServicesDep, identity: Caller, room_id: RoomIdPath, user_id: UserIdPath, body: RoleChange
) -> Member:
    """Owner and admins; only the owner makes and unmakes admins. It counts for open sessions at once."""
    return await services.members.set_role(room_id, identity, user_id, body.role)


@router.delete(
    "/{room_id}/members/{user_id}",
    summary="Remove a member",
    tags=["members"],
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals(*_READS, "forbidden", "room_unavailable", "user_not_found", "conflict"),
)
async def remove_member(services: ServicesDep, identity: Caller, room_id: RoomIdPath, user_id: UserIdPath) -> None:
    """Owner and admins, or oneself. Their open sessions end."""
    await services.members.remove(room_id, identity, user_id)


@router.get(
    "/{room_id}/operations",
    summary="Read the operations log backwards",
    tags=["history"],
    responses=refusals(*_READS_LIVE, "version_too_old"),
)
async def list_operations(
    services: ServicesDep,
    identity: Caller,
    room_id: RoomIdPath,
    limit: Limit = 50,
    before: Annotated[int | None, Query(ge=1, le=2**53 - 1, description="Only versions below this one.")] = None,
) -> OperationPage:
    """Newest first."""
    return await services.rooms.operations(room_id, identity, limit=limit, before=before)


@router.get(
    "/{room_id}/messages",
    summary="Read the chat backwards",
    tags=["history"],
    responses=refusals(*_READS, "room_unavailable"),
)
async def list_messages(
    services: ServicesDep,
    identity: Caller,
    room_id: RoomIdPath,
    limit: Limit = 50,
    before: Annotated[AwareDatetime | None, Query(description="Only messages older than this.")] = None,
) -> MessagePage:
    """Newest first."""
    return await services.chat.page(room_id, identity, limit=limit, before=before)


@router.get("/{room_id}/conflicts", summary="See which edits met", tags=["history"], responses=refusals(*_READS))
async def list_conflicts(
    services: ServicesDep, identity: Caller, room_id: RoomIdPath, limit: Limit = 50, offset: Offset = 0
) -> ConflictPage:
    """Concurrent operations that touched the same place, newest first, and their counts by kind."""
    return await services.rooms.conflicts(room_id, identity, limit=limit, offset=offset)


@router.get(
    "/{room_id}/audit",
    summary="See who changed who belongs to a room",
    tags=["members"],
    responses=refusals(*_READS, "forbidden"),
)
async def list_audit(
    services: ServicesDep,
    identity: Caller,
    room_id: RoomIdPath,
    limit: Limit = 50,
    before: Annotated[int | None, Query(ge=1, le=2**53 - 1, description="Only events with ids below this one.")] = None,
) -> AuditPage:
    """Memberships, roles and invitations, newest first, with who made each change. Owner and admins."""
    return await services.audit.page(room_id, identity, limit=limit, before=before)
