"""Bodies of profiles and statuses."""

from typing import Annotated

from pydantic import ConfigDict, StringConstraints

from rayrooms.protocol import Status
from serve.schemas.base import PersonName, RequestBody, ResponseBody, Timestamp


class Profile(ResponseBody):
    """A user; `last_seen` is null before the first sign of life."""

    user_id: str
    name: str
    email: str | None
    colour: str
    status: Status
    last_seen: Timestamp | None
    created_at: Timestamp


class ProfileChange(RequestBody):
    """What to change: absent fields stay as they are, `email: null` takes the address away."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "Ada L.", "colour": "#1b6ca8"}})

    name: PersonName = ""
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)] | None = None
    colour: Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")] = ""


class UserStatus(ResponseBody):
    """Whether someone is there, and when they last were."""

    user_id: str
    status: Status
    last_seen: Timestamp | None


class StatusChange(RequestBody):
    """What someone says of themselves."""

    status: Status
