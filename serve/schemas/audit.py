"""Bodies of the audit log."""

from pydantic import Field

from persistence.repositories import AuditAction
from rayrooms.protocol import Role
from serve.schemas.base import Page, ResponseBody, Timestamp


class AuditEntry(ResponseBody):
    """One change: who made it, whom it concerns, and what it made of them. It holds no text and no token."""

    event_id: int
    room_id: str
    at: Timestamp
    action: AuditAction
    actor_id: str
    user_id: str | None = Field(description="Whom it concerns; null when nobody in particular.")
    role: Role | None = Field(description="Theirs since then, or the one that an invitation grants.")
    previous_role: Role | None
    invitation_id: str | None
    private: bool | None = Field(description="Of a new room, whether it is private.")


class AuditPage(Page[AuditEntry, int]):
    """Changes, newest first; `next` is the `before` of the next page."""
