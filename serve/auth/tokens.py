"""Signed tokens: what proves to every route and socket who someone is."""

from __future__ import annotations

import hashlib
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import jwt

from persistence.repositories import OPERATOR
from rayrooms.errors import InvalidError, UnauthenticatedError
from rayrooms.text import check_text
from rayrooms.vouching import ISSUER as JUPYTER_ISSUER
from rayrooms.vouching import MAX_LIFETIME_SECONDS, MAX_NAME, jupyter_user_id
from rayrooms.vouching import USER_ID_PREFIX as JUPYTER_PREFIX
from serve.auth.issuer import Issuer
from serve.auth.signing import Signer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from persistence.settings import Settings

AUDIENCE = "rayrooms"
MAX_USER_ID = 64
_REMEMBERED = 1024
GUEST_PREFIX = "guest-"
"""Of the ids of guests, which only this server gives."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a verified token stands for; `expires_at` is unix time in seconds, `guest` what its claim says.

    `admin` stands for whoever runs the server: only its own secret can say so. They see the server and look on in any
    room; with `sees_server` alone they see the server, and are in rooms like anybody.
    """

    user_id: str
    name: str
    expires_at: float
    email: str | None = None
    guest: bool = False
    admin: bool = False
    sees_server: bool = False

    @property
    def verified(self) -> bool:
        """Whether somebody vouches for who this is; a guest's name is only what they call themselves."""
        return not self.guest


class Tokens:
    """Issues and verifies the tokens of one server; verifies those of Jupyter servers and of the operator's own issuer.

    The key under which a token holds tells what it may say. This server's own secret names any user; that of the
    Jupyter servers names users of theirs, whose ids are made by `jupyter_user_id`; the issuer's keys name all others.
    """

    def __init__(
        self,
        secret: str,
        *,
        ttl: float,
        jupyter_secret: str = "",
        previous: Sequence[str] = (),
        jupyter_previous: Sequence[str] = (),
        issuer: Issuer | None = None,
    ) -> None:
        """`ttl`: how long issued tokens live, in seconds; without `jupyter_secret` no Jupyter server vouches.

        `previous` ones sign nothing any more and still verify. Raises ValueError when the secret is empty, when one is
        short, or when one stands for both kinds.
        """
        self._signer = Signer(secret, AUDIENCE, previous=previous)
        self._jupyter: Signer | None = None
        if jupyter_secret:
            setting = "RAYROOMS_JUPYTER_SECRET"
            if {jupyter_secret, *jupyter_previous} & {secret, *previous}:
                raise ValueError(f"{setting} is RAYROOMS_JWT_SECRET: whoever has that can sign as anybody.")
            self._jupyter = Signer(
                jupyter_secret, AUDIENCE, previous=jupyter_previous, issuer=JUPYTER_ISSUER, setting=setting
            )
        self._issuer = issuer
        self._ttl = ttl
        self._known: dict[bytes, Identity] = {}
        """By digest, of tokens under these secrets, the last ones that held: to verify one again would say the same for
        as long as it lives, and takes a tenth of what it takes to let somebody into a room."""

    @classmethod
    def from_settings(cls, settings: Settings) -> Tokens:
        """Raises ValueError when the settings hold no secret, a weak one, or an issuer that cannot be trusted."""
        return cls(
            settings.jwt_secret,
            ttl=settings.guest_ttl,
            jupyter_secret=settings.jupyter_secret,
            previous=settings.jwt_previous_secrets,
            jupyter_previous=settings.jupyter_previous_secrets,
            issuer=Issuer.from_settings(settings),
        )

    def issue(
        self,
        user_id: str,
        name: str,
        ttl: float | None = None,
        *,
        email: str | None = None,
        guest: bool = False,
        admin: bool | Literal["server"] = False,
    ) -> str:
        """A token for this user that holds for `ttl` seconds from now; a guest's can be renewed by its holder.

        An `admin`'s sees the whole server and into all rooms, one for the "server" only that; they are for those who
        run it, and for minutes.
        """
        now = time.time()
        claims: dict[str, Any] = {"sub": user_id, "name": name}
        if email is not None:
            claims["email"] = email
        if guest:
            claims["guest"] = True
        if admin:
            claims["admin"] = admin
        return self._signer.sign(claims, issued_at=now, expires_at=now + (self._ttl if ttl is None else ttl))

    async def identify(self, token: str) -> Identity:
        """Who the token stands for, whoever signed it.

        Raises UnauthenticatedError(bad_token) and says why, UnavailableError(keys_unavailable) while the issuer's keys
        cannot be read.
        """
        with _refusing():
            if self._issuer is not None and _digest(token) not in self._known and self._issuer.signs(token):
                return _issued(await self._issuer.claims(token))
            return self._identity(token)

    def verify(self, token: str) -> Identity:
        """Who a token under a secret stands for. Raises UnauthenticatedError(bad_token) and says why."""
        with _refusing():
            return self._identity(token)

    def _identity(self, token: str) -> Identity:
        digest = _digest(token)
        known = self._known.get(digest)
        if known is not None and time.time() < known.expires_at:
            return known
        identity = self._verified(token)
        while len(self._known) >= _REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[digest] = identity
        return identity

    def _verified(self, token: str) -> Identity:
        try:
            return _named(self._signer.claims(token, ["sub"]))
        except jwt.InvalidSignatureError:
            if self._jupyter is None:
                raise
        return _vouched_for(self._jupyter.claims(token, ["sub"]))


def _digest(token: str) -> bytes:
    """Stands for a token, in a tenth of its memory."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except jwt.ExpiredSignatureError:
        raise UnauthenticatedError("The token has expired.") from None
    except jwt.InvalidTokenError as error:
        raise UnauthenticatedError("The token does not hold.") from error


def _issued(claims: dict[str, Any]) -> Identity:
    """The user whom the operator's own issuer names: one of its own, no guest, and no admin whatever it claims."""
    named = _named(claims)
    if named.user_id.startswith((GUEST_PREFIX, JUPYTER_PREFIX)) or named.user_id == OPERATOR:
        raise UnauthenticatedError("The token names a user who is not its issuer's.")
    return replace(named, guest=False, admin=False, sees_server=False)


def _named(claims: dict[str, Any]) -> Identity:
    """The user whom a token under the server's own secret names."""
    user_id = _text_claim(claims, "sub", MAX_USER_ID)
    if not user_id:
        raise UnauthenticatedError("The token names no user.")
    admin = claims.get("admin")
    return Identity(
        user_id=user_id,
        name=_text_claim(claims, "name", MAX_NAME) or user_id,
        expires_at=float(claims["exp"]),
        email=_text_claim(claims, "email", 254) or None,
        guest=claims.get("guest") is True,
        admin=admin is True,
        sees_server=admin is True or admin == "server",
    )


def _vouched_for(claims: dict[str, Any]) -> Identity:
    """The user for whom a Jupyter server vouches, whatever else its token claims."""
    if not claims["sub"]:
        raise UnauthenticatedError("The token names no user.")
    expires_at = float(claims["exp"])
    if not expires_at - float(claims["iat"]) <= MAX_LIFETIME_SECONDS:
        raise UnauthenticatedError(f"A Jupyter server vouches for at most {MAX_LIFETIME_SECONDS} seconds.")
    user_id = jupyter_user_id(claims["sub"])
    return Identity(user_id=user_id, name=_text_claim(claims, "name", MAX_NAME) or user_id, expires_at=expires_at)


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
