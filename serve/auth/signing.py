"""Claims under a secret: what this server signs, each kind of token for an audience of its own, and verifies."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

import jwt

from rayrooms.vouching import ALGORITHM, MIN_SECRET_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ISSUER = "rayrooms"
LEEWAY_SECONDS = 10
"""How far the clocks of an issuer and of this machine may stand apart."""


class Signer:
    """JWT, HS256, with a fixed issuer and audience: tokens of another issuer, or for another audience, do not hold.

    It signs with one secret, and until their tokens have expired it also takes what `previous` ones signed. The header
    of its own tokens names the secret (`kid`); those of other holders of the secret need not.
    """

    def __init__(
        self,
        secret: str,
        audience: str,
        *,
        previous: Sequence[str] = (),
        issuer: str = ISSUER,
        setting: str = "RAYROOMS_JWT_SECRET",
    ) -> None:
        """`setting` is where the secret comes from. Raises ValueError, which names it, for an empty or short one."""
        if not secret:
            raise ValueError(f"{setting} is empty: without a secret no token can be signed or verified.")
        for one in (secret, *previous):
            if len(one.encode()) < MIN_SECRET_BYTES:
                raise ValueError(f"{setting} is too short: it needs at least {MIN_SECRET_BYTES} bytes.")
        self._secret = secret
        self._key_id = key_id(secret)
        self._secrets = {key_id(one): one for one in (secret, *previous)}
        self._audience = audience
        self._issuer = issuer

    def sign(self, claims: dict[str, Any], *, issued_at: float, expires_at: float) -> str:
        """A token with these claims; times are unix time in seconds."""
        own = {"iss": self._issuer, "aud": self._audience, "iat": int(issued_at), "exp": int(expires_at)}
        return jwt.encode({**claims, **own}, self._secret, algorithm=ALGORITHM, headers={"kid": self._key_id})

    def claims(self, token: str, require: Sequence[str]) -> dict[str, Any]:
        """The claims of a token that holds and has those of `require`.

        Raises jwt.ExpiredSignatureError for one that held once, jwt.InvalidTokenError for any other, of which
        jwt.InvalidSignatureError says that none of these secrets signed it.
        """
        for secret in self._candidates(token):
            try:
                return verified_claims(
                    token, secret, [ALGORITHM], issuer=self._issuer, audience=self._audience, require=require
                )
            except jwt.InvalidSignatureError:
                continue
        raise jwt.InvalidSignatureError("No secret of this server signed the token.")

    def _candidates(self, token: str) -> Iterable[str]:
        named = self._secrets.get(token_header(token).get("kid", ""))
        return self._secrets.values() if named is None else [named]


def key_id(secret: str) -> str:
    """The public name of a secret. It tells no more of the secret than any token that it signed."""
    return hmac.digest(secret.encode(), b"rayrooms key id", hashlib.sha256).hex()[:16]


def token_header(token: str) -> dict[str, str]:
    """What a token says, unverified, of how it was signed: its texts only. Raises jwt.InvalidTokenError."""
    try:
        header = jwt.get_unverified_header(token)
    except (TypeError, ValueError) as error:
        raise jwt.InvalidTokenError("The token is not plain text.") from error
    return {name: value for name, value in header.items() if isinstance(value, str)}


def verified_claims(
    token: str,
    key: str | jwt.PyJWK,
    algorithms: Sequence[str],
    *,
    issuer: str,
    audience: str,
    require: Sequence[str],
) -> dict[str, Any]:
    """The claims of a token that this key signed by one of these algorithms; raises jwt.InvalidTokenError."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=algorithms,
            issuer=issuer,
            audience=audience,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iat", "iss", "aud", *require]},
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise jwt.InvalidTokenError("The token is not plain text, or its times are no numbers.") from error
    return claims
