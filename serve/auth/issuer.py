"""An operator's own issuer of tokens, which signs with a key that it shows to nobody (RS256 or EdDSA)."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from serve.auth.issuer_keys import ALGORITHMS, IssuerKeys, document_at
from serve.auth.signing import token_header, verified_claims

if TYPE_CHECKING:
    from persistence.settings import Settings

_SAFE_URL = re.compile(r"https://[^/@]+(/.*)?|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/.*)?")


class Issuer:
    """Verifies tokens of one issuer for one audience by the keys of its JWKS document."""

    def __init__(self, keys: IssuerKeys, *, issuer: str, audience: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience

    @classmethod
    def from_settings(cls, settings: Settings) -> Issuer | None:
        """None where no document is named. Raises ValueError for what cannot be used safely."""
        if not settings.jwks_url:
            return None
        if not _SAFE_URL.fullmatch(settings.jwks_url):
            raise ValueError("RAYROOMS_JWKS_URL is no https address: whoever is on the way could put in keys.")
        if not settings.jwt_issuer or not settings.jwt_audience:
            raise ValueError("RAYROOMS_JWKS_URL needs RAYROOMS_JWT_ISSUER and RAYROOMS_JWT_AUDIENCE beside it.")
        keys = IssuerKeys(document_at(settings.jwks_url), time.monotonic)
        return cls(keys, issuer=settings.jwt_issuer, audience=settings.jwt_audience)

    @staticmethod
    def signs(token: str) -> bool:
        """Whether a token claims to be signed as this issuer does. Raises jwt.InvalidTokenError."""
        return token_header(token).get("alg") in ALGORITHMS

    async def claims(self, token: str) -> dict[str, Any]:
        """The claims of a token that holds.

        Raises jwt.InvalidTokenError, and UnavailableError(keys_unavailable) while the keys cannot be read.
        """
        key = await self._keys.key(token_header(token).get("kid"))
        algorithms = [key.algorithm_name]
        return verified_claims(token, key, algorithms, issuer=self._issuer, audience=self._audience, require=["sub"])
