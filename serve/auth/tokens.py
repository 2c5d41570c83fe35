"""Signed tokens: what proves to every route and socket who someone is."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from rayrooms.errors import InvalidError, UnauthenticatedError
from rayrooms.text import check_text
from serve.auth.signing import Signer

if TYPE_CHECKING:
    from persistence.settings import Settings

AUDIENCE = "rayrooms"
MAX_USER_ID = 64
MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a verified token stands for; `expires_at` is unix time in seconds, `guest` what its claim says."""

    user_id: str
    name: str
    expires_at: float
    email: str | None = None
    guest: bool = False


class Tokens:
    """Issues and verifies the tokens of one server: JWT, HS256, with fixed issuer and audience."""

    def __init__(self, secret: str, *, ttl: float) -> None:
        """`ttl`: how long issued tokens live, in seconds. Raises ValueError when the secret is empty or short."""
        self._signer = Signer(secret, AUDIENCE)
        self._ttl = ttl

    @classmethod
    def from_settings(cls, settings: Settings) -> Tokens:
        """Raises ValueError when the settings hold no secret, or a weak one."""
        return cls(settings.jwt_secret, ttl=settings.guest_ttl)

    def issue(
        self, user_id: str, name: str, ttl: float | None = None, *, email: str | None = None, guest: bool = False
    ) -> str:
        """A token for this user that holds for `ttl` seconds from now; a guest's can be renewed by its holder."""
        now = time.time()
        claims: dict[str, Any] = {"sub": user_id, "name": name}
        if email is not None:
            claims["email"] = email
        if guest:
            claims["guest"] = True
        return self._signer.sign(claims, issued_at=now, expires_at=now + (self._ttl if ttl is None else ttl))

    def verify(self, token: str) -> Identity:
        """Who the token stands for. Raises UnauthenticatedError(bad_token) and says why."""
        try:
            claims = self._signer.claims(token, ["sub"])
        except jwt.ExpiredSignatureError:
            raise UnauthenticatedError("The token has expired.") from None
        except jwt.InvalidTokenError as error:
            raise UnauthenticatedError("The token does not hold.") from error
        user_id = _text_claim(claims, "sub", MAX_USER_ID)
        if not user_id:
            raise UnauthenticatedError("The token names no user.")
        return Identity(
            user_id=user_id,
            name=_text_claim(claims, "name", MAX_NAME) or user_id,
            expires_at=float(claims["exp"]),
            email=_text_claim(claims, "email", 254) or None,
            guest=claims.get("guest") is True,
        )


def _text_claim(claims: dict[str, Any], key: str, max_length: int) -> str:
    """A text claim that can be stored, or "" when it is absent."""
    value = claims.get(key, "")
    if not isinstance(value, str) or len(value) > max_length:
        raise UnauthenticatedError(f"The token's claim {key!r} is not a text of at most {max_length} characters.")
    try:
        check_text(value)
    except InvalidError as error:
        raise UnauthenticatedError(f"The token's claim {key!r} cannot be stored.") from error
    return value
