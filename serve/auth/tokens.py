"""Signed tokens: what proves to every route and socket who someone is."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from rayrooms.errors import InvalidError, UnauthenticatedError
from rayrooms.text import check_text

if TYPE_CHECKING:
    from persistence.settings import Settings

ALGORITHM = "HS256"
ISSUER = "rayrooms"
AUDIENCE = "rayrooms"
MIN_SECRET_BYTES = 32
"""RFC 7518, section 3.2: an HS256 key has at least the size of the hash."""
MAX_USER_ID = 64
MAX_NAME = 100
LEEWAY_SECONDS = 10
"""How far the clocks of an issuer and of this machine may stand apart."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a verified token stands for; `expires_at` is unix time in seconds."""

    user_id: str
    name: str
    expires_at: float
    email: str | None = None


class Tokens:
    """Issues and verifies the tokens of one server: JWT, HS256, with fixed issuer and audience."""

    def __init__(self, secret: str, *, ttl: float) -> None:
        """`ttl`: how long issued tokens live, in seconds. Raises ValueError when the secret is empty or short."""
        if not secret:
            raise ValueError("RAYROOMS_JWT_SECRET is empty: without a secret no token can be signed or verified.")
        if len(secret.encode()) < MIN_SECRET_BYTES:
            raise ValueError(f"RAYROOMS_JWT_SECRET is too short: it needs at least {MIN_SECRET_BYTES} bytes.")
        self._secret = secret
        self._ttl = ttl

    @classmethod
    def from_settings(cls, settings: Settings) -> Tokens:
        """Raises ValueError when the settings hold no secret, or a weak one."""
        return cls(settings.jwt_secret, ttl=settings.jwt_ttl)

    def issue(self, user_id: str, name: str, ttl: float | None = None, *, email: str | None = None) -> str:
        """A token for this user that holds for `ttl` seconds from now."""
        now = time.time()
        claims: dict[str, Any] = {
            "sub": user_id,
            "name": name,
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": int(now),
            "exp": int(now + (self._ttl if ttl is None else ttl)),
        }
        if email is not None:
            claims["email"] = email
        return jwt.encode(claims, self._secret, algorithm=ALGORITHM)

    def verify(self, token: str) -> Identity:
        """Who the token stands for. Raises UnauthenticatedError(bad_token) and says why."""
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                leeway=LEEWAY_SECONDS,
                options={"require": ["sub", "exp", "iat", "iss", "aud"]},
            )
        except jwt.ExpiredSignatureError:
            raise UnauthenticatedError("The token has expired.") from None
        except (jwt.InvalidTokenError, UnicodeError) as error:
            raise UnauthenticatedError("The token does not hold.") from error
        user_id = _text_claim(claims, "sub", MAX_USER_ID)
        if not user_id:
            raise UnauthenticatedError("The token names no user.")
        return Identity(
            user_id=user_id,
            name=_text_claim(claims, "name", MAX_NAME) or user_id,
            expires_at=float(claims["exp"]),
            email=_text_claim(claims, "email", 254) or None,
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
