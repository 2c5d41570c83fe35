"""Users: profile, rooms, joining and leaving, status."""

from fastapi import APIRouter, status

from serve.problems import refusals
from serve.routes.checked import CheckedRoute
from serve.routes.dependencies import Caller, Limit, Offset, RoomIdPath, ServicesDep, UserIdPath
from serve.schemas.members import Member
from serve.schemas.rooms import RoomPage
from serve.schemas.users import Profile, ProfileChange, StatusChange, UserStatus

router = APIRouter(prefix="/api/users/{user_id}", tags=["users"], route_class=CheckedRoute)

_OWN = ("bad_token", "malformed", "invalid_text", "forbidden", "database_unavailable")
_OWN_LIVE = (*_OWN, "room_unavailable")
_IN_ROOM = (*_OWN_LIVE, "room_not_found", "user_not_found")


@router.get("/profile", summary="Read one's profile", responses=refusals(*_OWN_LIVE))
async def get_profile(services: ServicesDep, identity: Caller, user_id: UserIdPath) -> Profile:
    """One's own only."""
    return await services.users.profile(identity, user_id)


@router.put("/profile", summary="Change one's profile", responses=refusals(*_OWN_LIVE, "message_too_large"))
async def put_profile(services: ServicesDep, identity: Caller, user_id: UserIdPath, body: ProfileChange) -> Profile:
    """Absent fields stay. Rooms joined from now on show it."""
    return await services.users.change_profile(identity, user_id, body)


@router.get("/rooms", summary="List one's rooms", responses=refusals(*_OWN))
async def list_own_rooms(
    services: ServicesDep, identity: Caller, user_id: UserIdPath, limit: Limit = 50, offset: Offset = 0
) -> RoomPage:
    """The rooms that one is a member of, newest first."""
    return await services.rooms.of_user(identity, user_id, limit=limit, offset=offset)


@router.post(
    "/rooms/{room_id}/join", summary="Join a room", responses=refusals(*_IN_ROOM, "room_full", "too_many_members")
)
async def join_room(services: ServicesDep, identity: Caller, user_id: UserIdPath, room_id: RoomIdPath) -> Member:
    """A public room: anyone, for themselves. Any room: an admin of it, for anyone. Joining twice changes nothing."""
    return await services.members.join(room_id, identity, user_id)


@router.post(
    "/rooms/{room_id}/leave",
    summary="Leave a room",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals(*_IN_ROOM, "conflict"),
)
async def leave_room(services: ServicesDep, identity: Caller, user_id: UserIdPath, room_id: RoomIdPath) -> None:
    """Oneself, or an admin for someone. Not the owner."""
    await services.members.remove(room_id, identity, user_id)


@router.get("/status", summary="Read one's status", responses=refusals(*_OWN_LIVE))
async def get_status(services: ServicesDep, identity: Caller, user_id: UserIdPath) -> UserStatus:
    """What one said in the last minutes, else what one's connections show."""
    return await services.users.status(identity, user_id)


@router.put("/status", summary="Set one's status", responses=refusals(*_OWN_LIVE, "message_too_large"))
async def put_status(services: ServicesDep, identity: Caller, user_id: UserIdPath, body: StatusChange) -> UserStatus:
    """Holds for some minutes; after that one's connections tell."""
    return await services.users.set_status(identity, user_id, body.status)
