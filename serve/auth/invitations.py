"""The signed tokens of invitation links: what proves that somebody who may was the one who invited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import jwt

from rayrooms.errors import GoneError, NotFoundError
from serve.auth.signing import Signer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from persistence.settings import Settings
    from persistence.tables import Invitation

AUDIENCE = "rayrooms-invitation"
"""Not that of login tokens: neither kind passes for the other."""


@dataclass(frozen=True, slots=True)
class InvitationClaim:
    """What a verified link says; role, expiry and revocation are looked up in the invitation itself."""

    invitation_id: str
    room_id: str


class InvitationTokens:
    """Issues and verifies the tokens of one server's invitations."""

    def __init__(self, secret: str, previous: Sequence[str] = ()) -> None:
        self._signer = Signer(secret, AUDIENCE, previous=previous)

    @classmethod
    def from_settings(cls, settings: Settings) -> InvitationTokens:
        """Raises ValueError when the settings hold no secret, or a weak one."""
        return cls(settings.jwt_secret, settings.jwt_previous_secrets)

    def issue(self, invitation: Invitation) -> str:
        """The token for the invitation's link; it expires with the invitation."""
        return self._signer.sign(
            {"jti": invitation.id, "room": invitation.room_id, "role": invitation.role},
            issued_at=invitation.created_at.timestamp(),
            expires_at=invitation.expires_at.timestamp(),
        )

    def verify(self, token: str) -> InvitationClaim:
        """Which invitation a link stands for.

        Raises NotFoundError(invitation_invalid) for what this server did not sign, GoneError(invitation_expired) soon
        after its time, which the invitation itself knows to the second.
        """
        try:
            claims = self._signer.claims(token, ["jti", "room", "role"])
        except jwt.ExpiredSignatureError:
            raise expired() from None
        except jwt.InvalidTokenError as error:
            raise invalid() from error
        return InvitationClaim(invitation_id=str(claims["jti"]), room_id=str(claims["room"]))


def invalid() -> NotFoundError:
    """The refusal of a link that stands for no invitation."""
    return NotFoundError("This invitation link is not one of this server's.", code="invitation_invalid")


def expired() -> GoneError:
    """The refusal of an invitation after its time."""
    return GoneError("This invitation has expired; ask for a new one.", code="invitation_expired")


def revoked() -> GoneError:
    """The refusal of an invitation that was taken back, or whose maker may no longer give the role."""
    return GoneError("This invitation has been revoked; ask for a new one.", code="invitation_revoked")
