"""Bodies of invitations."""

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from rayrooms.protocol import Role
from serve.schemas.base import Page, RequestBody, ResponseBody, Timestamp
from serve.schemas.members import GrantedRole

MIN_SECONDS = 60
MAX_SECONDS = 30 * 86_400
DEFAULT_SECONDS = 7 * 86_400


class NewInvitation(RequestBody):
    """What the link is to grant, and for how long."""

    model_config = ConfigDict(json_schema_extra={"example": {"role": "member", "expires_in": DEFAULT_SECONDS}})

    role: GrantedRole = "member"
    expires_in: int = Field(
        default=DEFAULT_SECONDS, ge=MIN_SECONDS, le=MAX_SECONDS, description="Seconds from now; default a week."
    )


class InvitationTerms(ResponseBody):
    """What an invitation grants; `uses` counts the memberships that it made or raised."""

    invitation_id: str
    room_id: str
    role: GrantedRole
    created_by: str
    created_at: Timestamp
    expires_at: Timestamp
    uses: int


class IssuedInvitation(InvitationTerms):
    """A new invitation with its token, which is shown this once."""

    token: str
    path: str = Field(description="Of the page that accepts it, with the token as the fragment, which no log sees.")


class Invitation(InvitationTerms):
    """An invitation as lists show it, without its token."""

    revoked_at: Timestamp | None
    open: bool = Field(
        description="Whether it can be accepted: neither revoked nor expired, and its maker may still give the role."
    )


class InvitationPage(Page[Invitation, int]):
    """Invitations, newest first."""


class InvitationToken(RequestBody):
    """The token of an invitation link."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=2048)]


class InvitationPreview(ResponseBody):
    """What one is invited to."""

    room_id: str
    room_name: str
    role: GrantedRole
    invited_by: str = Field(description="The name of who made the invitation.")
    expires_at: Timestamp


class AcceptedInvitation(ResponseBody):
    """The room, and one's role in it now: that of the invitation, or the higher one that one had."""

    room_id: str
    room_name: str
    role: Role
