"""Editing and catching up without a socket."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, status

from serve.problems import refusals
from serve.routes.checked import CheckedRoute
from serve.routes.dependencies import Caller, RoomIdPath, ServicesDep
from serve.schemas.operations import Accepted, NewOperation, OperationRange
from serve.schemas.sync import RoomVersion, Snapshot, SyncRequest, SyncResult
from serve.services.sync import MAX_RANGE

router = APIRouter(prefix="/api/sync", tags=["sync"], route_class=CheckedRoute)

_READS = (
    "bad_token",
    "malformed",
    "invalid_text",
    "room_not_found",
    "room_unavailable",
    "room_load_failed",
    "database_unavailable",
)
_MAX_VERSION = 2**53 - 1


@router.post(
    "/sync",
    summary="Catch up",
    responses=refusals(*_READS, "future_version", "version_too_old", "message_too_large"),
)
async def sync(services: ServicesDep, identity: Caller, body: SyncRequest) -> SyncResult:
    """Operations from the caller's version on, or a snapshot to one who is more than 1000 of them behind."""
    return await services.sync.sync(body.room_id, identity, body.client_version)


@router.post(
    "/{room_id}/operations",
    summary="Edit",
    responses=refusals(
        *_READS,
        "invalid_operation",
        "future_version",
        "forbidden",
        "read_only",
        "version_too_old",
        "out_of_order",
        "superseded",
        "message_too_large",
        "document_too_large",
        "rate_limited",
        "backlog_full",
    ),
)
async def post_operation(
    services: ServicesDep,
    identity: Caller,
    room_id: RoomIdPath,
    body: Annotated[
        NewOperation,
        Body(
            openapi_examples={
                "operation": {"value": {"op": [5, "hello"], "version": 12, "client_id": "c1", "seq": 3}},
                "insert": {"value": {"op_type": "insert", "position": 5, "content": "hello"}},
                "delete": {"value": {"op_type": "delete", "position": 5, "length": 3}},
                "replace": {"value": {"op_type": "replace", "position": 5, "length": 3, "content": "bye"}},
            }
        ),
    ],
) -> Accepted:
    """A live edit: connected editors see it at once. A repeat of a numbered edit is answered with its first result."""
    return await services.sync.edit(room_id, identity, body)


@router.get(
    "/{room_id}/operations",
    summary="Read the operations log forwards",
    responses=refusals(*_READS, "future_version", "version_too_old"),
)
async def get_operations(
    services: ServicesDep,
    identity: Caller,
    room_id: RoomIdPath,
    from_version: Annotated[int, Query(ge=0, le=_MAX_VERSION, description="The version that the caller holds.")] = 0,
    to_version: Annotated[int | None, Query(ge=0, le=_MAX_VERSION, description="Default: the newest.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_RANGE)] = MAX_RANGE,
) -> OperationRange:
    """The operations after `from_version` up to and including `to_version`, ascending."""
    return await services.sync.operations(
        room_id, identity, from_version=from_version, to_version=to_version, limit=limit
    )


@router.get("/{room_id}/version", summary="Ask for the version", responses=refusals(*_READS))
async def get_version(services: ServicesDep, identity: Caller, room_id: RoomIdPath) -> RoomVersion:
    """Where the document stands."""
    return await services.sync.version(room_id, identity)


@router.get(
    "/{room_id}/snapshot",
    summary="Read the text",
    responses=refusals(*_READS, "future_version", "version_too_old"),
)
async def get_snapshot(
    services: ServicesDep,
    identity: Caller,
    room_id: RoomIdPath,
    version: Annotated[int | None, Query(ge=0, le=_MAX_VERSION, description="Default: the newest.")] = None,
) -> Snapshot:
    """The whole text, as it stands or as it stood at a version."""
    return await services.sync.snapshot(room_id, identity, version)


@router.post(
    "/{room_id}/snapshot",
    summary="Write a snapshot",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(*_READS, "forbidden", "read_only", "snapshot_not_found"),
)
async def post_snapshot(services: ServicesDep, identity: Caller, room_id: RoomIdPath) -> Snapshot:
    """Answers once the snapshot is in Postgres."""
    return await services.sync.take_snapshot(room_id, identity)
