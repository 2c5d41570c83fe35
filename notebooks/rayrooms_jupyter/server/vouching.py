"""Tokens that say to the room server who a user of this Jupyter server is."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rayrooms.vouching import ALGORITHM, jupyter_user_id, vouched_claims

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jupyter_server.auth.identity import User


@dataclass(frozen=True, slots=True)
class Vouched:
    """A token and whom it stands for at the room server."""

    token: str = field(repr=False)
    user_id: str
    expires_at: datetime


class Voucher:
    """Vouches for Jupyter's users with the secret that the room server shares; `clock` gives unix time in seconds."""

    def __init__(self, secret: bytes, clock: Callable[[], float]) -> None:
        self._secret = secret
        self._clock = clock

    def vouch(self, user: User) -> Vouched:
        """A short-lived token for this user."""
        claims = vouched_claims(user.username, shown_name(user), issued_at=self._clock())
        return Vouched(
            token=_signed(claims, self._secret),
            user_id=jupyter_user_id(user.username),
            expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        )


def shown_name(user: User) -> str:
    """The name by which others know the user."""
    return user.display_name or user.name or user.username


def _signed(claims: Mapping[str, object], secret: bytes) -> str:
    """A JSON Web Token in compact form (RFC 7515, section 3.1; RFC 7519)."""
    signed = b".".join(_encoded(json.dumps(part).encode()) for part in ({"alg": ALGORITHM, "typ": "JWT"}, claims))
    return b".".join((signed, _encoded(hmac.digest(secret, signed, hashlib.sha256)))).decode()


def _encoded(octets: bytes) -> bytes:
    """Base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=")
