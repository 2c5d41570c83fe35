"""What those who run the server see of it. Everybody else is refused."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, status

from serve.problems import refusals
from serve.routes.checked import CheckedRoute
from serve.routes.dependencies import Caller, Limit, RoomIdPath, ServicesDep
from serve.schemas.admin import AdminRoomPage, ClusterStatus, DrainedNode

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=CheckedRoute)

NodeIdPath = Annotated[str, Path(min_length=1, max_length=64, description="The id of a machine, as in the status.")]
_BASIC = ("bad_token", "forbidden", "malformed", "invalid_text", "database_unavailable", "room_unavailable")


@router.get("/status", summary="See how the server is", responses=refusals(*_BASIC))
async def cluster_status(services: ServicesDep, identity: Caller) -> ClusterStatus:
    """Its machines, gateways and database, and how much of what."""
    return await services.admin.status(identity)


@router.get("/rooms", summary="See all rooms", responses=refusals(*_BASIC))
async def all_rooms(
    services: ServicesDep,
    identity: Caller,
    awake: Annotated[bool, Query(description="Only those in memory.")] = False,  # noqa: FBT002 - a query parameter
    after: Annotated[str, Query(max_length=64, description="Only ids after this one: `next` of the page before.")] = "",
    limit: Limit = 50,
) -> AdminRoomPage:
    """By id, with what those do that are awake. Nothing of what is in them; asking wakes none."""
    return await services.admin.rooms(identity, awake=awake, after=after, limit=limit)


@router.post(
    "/rooms/{room_id}/reopen",
    summary="Have a room read anew from the database",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals(*_BASIC, "room_not_found"),
)
async def reopen_room(services: ServicesDep, identity: Caller, room_id: RoomIdPath) -> None:
    """As when its process dies: whoever is in it stays connected, and no acknowledged edit is lost. After a restore."""
    await services.admin.reopen(identity, room_id)


@router.post(
    "/nodes/{node_id}/drain", summary="Empty a machine", responses=refusals(*_BASIC, "node_not_found", "conflict")
)
async def drain_node(
    services: ServicesDep,
    identity: Caller,
    node_id: NodeIdPath,
    keep_gateway: Annotated[bool, Query(description="Whether its people stay connected there.")] = False,  # noqa: FBT002 - a query parameter
) -> DrainedNode:
    """Its rooms move to other machines, a few at a time, then its people to other gateways; nobody is put out.

    Answers when its rooms are elsewhere, which may take minutes. Saying it again does no harm.
    """
    return await services.admin.drain(identity, node_id, keep_gateway=keep_gateway)


@router.post(
    "/nodes/{node_id}/reopen",
    summary="Let a machine take rooms again",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals(*_BASIC, "node_not_found"),
)
async def reopen_node(services: ServicesDep, identity: Caller, node_id: NodeIdPath) -> None:
    """One that was drained and is not taken away after all. Its gateway, if it had one, comes back only with Ray's."""
    await services.admin.reopen_node(identity, node_id)
