"""Claims under a secret: what this server signs, each kind of token for an audience of its own, and verifies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt

from rayrooms.vouching import ALGORITHM, MIN_SECRET_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

ISSUER = "rayrooms"
LEEWAY_SECONDS = 10
"""How far the clocks of an issuer and of this machine may stand apart."""


class Signer:
    """JWT, HS256, with a fixed issuer and audience: tokens of another issuer, or for another audience, do not hold."""

    def __init__(
        self, secret: str, audience: str, *, issuer: str = ISSUER, setting: str = "RAYROOMS_JWT_SECRET"
    ) -> None:
        """`setting` is where the secret comes from. Raises ValueError, which names it, for an empty or short one."""
        if not secret:
            raise ValueError(f"{setting} is empty: without a secret no token can be signed or verified.")
        if len(secret.encode()) < MIN_SECRET_BYTES:
            raise ValueError(f"{setting} is too short: it needs at least {MIN_SECRET_BYTES} bytes.")
        self._secret = secret
        self._audience = audience
        self._issuer = issuer

    def sign(self, claims: dict[str, Any], *, issued_at: float, expires_at: float) -> str:
        """A token with these claims; times are unix time in seconds."""
        own = {"iss": self._issuer, "aud": self._audience, "iat": int(issued_at), "exp": int(expires_at)}
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
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud", *require]},
            )
        except (TypeError, ValueError, OverflowError) as error:
            raise jwt.InvalidTokenError("The token is not plain text, or its times are no numbers.") from error
        return claims
