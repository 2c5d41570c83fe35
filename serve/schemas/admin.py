"""Bodies of what those who run the server see of it."""

from typing import Literal

from pydantic import ConfigDict, Field

from serve.schemas.base import Page, ResponseBody, Timestamp
from serve.schemas.health import Health

RoomState = Literal["awake", "asleep", "no_answer"]
"""`no_answer`: it is in memory somewhere, but did not say in time what it does."""


class WriterStatus(ResponseBody):
    """What the persistence actor of a node holds for Postgres."""

    database_ok: bool
    feeds: int = Field(description="Rooms and gateways that hand their records to it.")
    backlog_records: int
    backlog_bytes: int
    committed_records: int = Field(description="Since it was started.")
    lag_p99_ms: float = Field(description="From the arrival of a record to its commit, over the last ones.")


class NodeStatus(ResponseBody):
    """A machine of the cluster."""

    node_id: str
    address: str
    rooms: int = Field(description="How many rooms are awake on it.")
    takes_rooms: bool | None = Field(description="False once it is drained; null when the directory does not answer.")
    writer: WriterStatus | None = Field(description="Null when it does not answer, or none was needed yet.")


class DrainedNode(ResponseBody):
    """A machine that has no rooms any more and gets none."""

    node_id: str
    rooms: int = Field(description="How many it had to give up.")
    keeps_gateway: bool = Field(description="Whether people stay connected there, as was asked for.")


class GatewayStatus(ResponseBody):
    """A gateway replica, as it said within the last seconds."""

    gateway_id: str
    node_id: str
    pid: int
    sockets: int
    rooms: int = Field(description="Rooms that it has somebody in, or had a moment ago.")


class ClusterStatus(ResponseBody):
    """The server at this moment. A list is null when the part that knows it does not answer."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "health": {
                    "status": "ok",
                    "parts": {
                        "database": {"status": "ok", "detail": None},
                        "directory": {"status": "ok", "detail": None},
                        "ingress": {"status": "ok", "detail": None},
                    },
                },
                "nodes": [
                    {
                        "node_id": "7a1f",
                        "address": "127.0.0.1",
                        "rooms": 2,
                        "takes_rooms": True,
                        "writer": {
                            "database_ok": True,
                            "feeds": 3,
                            "backlog_records": 0,
                            "backlog_bytes": 0,
                            "committed_records": 1204,
                            "lag_p99_ms": 7.5,
                        },
                    }
                ],
                "gateways": [{"gateway_id": "5be0", "node_id": "7a1f", "pid": 4711, "sockets": 3, "rooms": 2}],
                "rooms_awake": 2,
                "rooms_stored": 40,
                "sockets": 3,
                "backlog_records": 0,
            }
        }
    )

    health: Health
    nodes: list[NodeStatus] | None
    gateways: list[GatewayStatus] | None
    rooms_awake: int | None
    rooms_stored: int | None
    sockets: int | None
    backlog_records: int = Field(description="Over all nodes that answer.")


class RoomPlace(ResponseBody):
    """Where an awake room lives."""

    node_id: str
    address: str = Field(description="Host and port at which gateways reach it.")
    epoch: int
    pid: int


class RoomActivity(ResponseBody):
    """What an awake room does; nothing of its text."""

    users: int = Field(description="Different people in it.")
    sessions: int
    version: int
    durable_version: int
    edits: int = Field(description="Since it woke.")
    edits_per_second: float = Field(description="Over the last ten seconds.")
    last_edit: Timestamp
    memory_bytes: int = Field(description="What its process holds alone; 0 where that is not known.")


class AdminRoom(ResponseBody):
    """A room as those who run the server see it."""

    room_id: str
    name: str
    owner_id: str
    private: bool
    created_at: Timestamp
    stored_version: int = Field(description="The newest version in the database.")
    edited_at: Timestamp | None = Field(description="Of that version; null before the first edit.")
    state: RoomState
    place: RoomPlace | None = Field(description="Null when asleep.")
    activity: RoomActivity | None = Field(description="Null when asleep or without an answer.")


class AdminRoomPage(Page[AdminRoom, str]):
    """Rooms by id; `next` is the `after` of the next page."""
