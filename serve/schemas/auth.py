"""Bodies of signing in."""

from pydantic import ConfigDict

from serve.schemas.base import PersonName, RequestBody, ResponseBody, Timestamp


class GuestSignIn(RequestBody):
    """Who a guest wants to be called."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "Ada"}})

    name: PersonName


class SignedIn(ResponseBody):
    """A token and whom it stands for; send it as `Authorization: Bearer <token>`."""

    token: str
    user_id: str
    name: str
    expires_at: Timestamp
