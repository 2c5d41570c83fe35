"""Bodies of rooms."""

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from rayrooms.protocol import Role
from serve.schemas.base import Page, RequestBody, ResponseBody, RoomId, Timestamp


class NewRoom(RequestBody):
    """A room to be made; whoever makes it owns it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "Parser pairing"},
                {"name": "Interview", "room_id": "interview-42", "private": True, "max_users": 4, "language": "python"},
            ]
        }
    )

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    description: Annotated[str, StringConstraints(max_length=2000)] = ""
    private: bool = Field(default=False, description="Only members may enter and read.")
    max_users: int = Field(default=50, ge=1, le=10_000, description="How many people may be in it at once.")
    language: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+#._-]{1,32}$")] = "text"
    room_id: RoomId | None = Field(default=None, description="Chosen by the server when absent.")


class RoomSummary(ResponseBody):
    """A room as lists show it; `role` is the caller's, null when not a member.

    `edited_at` is the time of the last edit, null before the first; in lists, as far as edits are stored.
    """

    room_id: str
    name: str
    description: str
    owner_id: str
    owner_name: str | None
    private: bool
    max_users: int
    language: str
    role: Role | None
    created_at: Timestamp
    updated_at: Timestamp
    edited_at: Timestamp | None


class LivePlace(ResponseBody):
    """Where an awake room lives: the epoch of its owner, and that process."""

    epoch: int
    pid: int
    node_ip: str


class RoomDetails(RoomSummary):
    """A room with its present state."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "room_id": "interview-42",
                "name": "Interview",
                "description": "",
                "owner_id": "guest-3f9a2c",
                "owner_name": "Ada",
                "private": True,
                "max_users": 4,
                "language": "python",
                "role": "owner",
                "created_at": "2026-01-05T09:30:00Z",
                "updated_at": "2026-01-05T09:30:00Z",
                "edited_at": "2026-01-06T14:02:11Z",
                "member_count": 2,
                "version": 1204,
                "awake": True,
                "live": {"epoch": 7, "pid": 4711, "node_ip": "127.0.0.1"},
            }
        }
    )

    member_count: int
    version: int
    awake: bool = Field(description="Whether the room is in memory; reading never wakes it.")
    live: LivePlace | None = Field(description="Shown to owner and admins; null when asleep.")


class RoomPage(Page[RoomSummary, int]):
    """Rooms, newest first."""
