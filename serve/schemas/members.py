"""Bodies of memberships."""

from typing import Literal

from pydantic import ConfigDict, Field

from rayrooms.protocol import Role
from serve.schemas.base import Page, RequestBody, ResponseBody, Timestamp, UserId

GrantedRole = Literal["admin", "member", "viewer"]


class NewMember(RequestBody):
    """Someone known to the server, and what they may do in the room."""

    model_config = ConfigDict(json_schema_extra={"example": {"user_id": "guest-3f9a2c", "role": "member"}})

    user_id: UserId
    role: GrantedRole = "member"


class RoleChange(RequestBody):
    """What a member may do from now on."""

    role: GrantedRole


class Member(ResponseBody):
    """A membership; `last_seen` is null before the first visit."""

    room_id: str
    user_id: str
    name: str
    email: str | None
    colour: str
    role: Role
    joined_at: Timestamp
    last_seen: Timestamp | None
    active: bool = Field(description="Connected to the room now.")


class MemberPage(Page[Member, int]):
    """Members in the order they joined."""
