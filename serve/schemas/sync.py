"""Bodies of versions, snapshots and catching up."""

from pydantic import ConfigDict, Field

from serve.schemas.base import RequestBody, ResponseBody, Timestamp, Version
from serve.schemas.operations import LoggedOperation


class RoomVersion(ResponseBody):
    """Where a room's document stands; `last_update` is null before the first commit."""

    current_version: int
    last_update: Timestamp | None


class Snapshot(ResponseBody):
    """The whole document at `version`; `size_bytes` is its length in UTF-8, `created_at` when it came to be so."""

    content: str
    version: int
    size_bytes: int
    created_at: Timestamp


class SyncRequest(RequestBody):
    """A room and the version that the caller holds."""

    model_config = ConfigDict(json_schema_extra={"example": {"room_id": "interview-42", "client_version": 1180}})

    room_id: str
    client_version: Version


class SyncResult(ResponseBody):
    """What leads from `client_version` to `server_version`: operations, or a snapshot to one too far behind."""

    room_id: str
    server_version: int
    client_version: int
    snapshot: Snapshot | None
    operations: list[LoggedOperation] = Field(description="Ascending and without gaps; empty when there is a snapshot.")
