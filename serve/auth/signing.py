"""What this server signs: claims under its secret, each kind of token for an audience of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt

if TYPE_CHECKING:
    from collections.abc import Sequence

ALGORITHM = "HS256"
ISSUER = "rayrooms"
MIN_SECRET_BYTES = 32
"""RFC 7518, section 3.2: an HS256 key has at least the size of the hash."""
LEEWAY_SECONDS = 10
"""How far the clocks of an issuer and of this machine may stand apart."""


class Signer:
    """JWT, HS256, with a fixed issuer. A token for one audience does not hold for another."""

    def __init__(self, secret: str, audience: str) -> None:
        """Raises ValueError when the secret is empty or short."""
        if not secret:
            raise ValueError("RAYROOMS_JWT_SECRET is empty: without a secret no token can be signed or verified.")
        if len(secret.encode()) < MIN_SECRET_BYTES:
            raise ValueError(f"RAYROOMS_JWT_SECRET is too short: it needs at least {MIN_SECRET_BYTES} bytes.")
        self._secret = secret
        self._audience = audience

    def sign(self, claims: dict[str, Any], *, issued_at: float, expires_at: float) -> str:
        """A token with these claims; times are unix time in seconds."""
        own = {"iss": ISSUER, "aud": self._audience, "iat": int(issued_at), "exp": int(expires_at)}
        return jwt.encode({**claims, **own}, self._secret, algorithm=ALGORITHM)

    def claims(self, token: str, require: Sequence[str]) -> dict[str, Any]:
        """The claims of a token that holds and has those of `require`.

        Raises jwt.ExpiredSignatureError for one that held once, jwt.InvalidTokenError for any other.
        """
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud", *require]},
            )
        except UnicodeError as error:
            raise jwt.InvalidTokenError("The token is not plain text.") from error
        return claims
