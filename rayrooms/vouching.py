"""What a Jupyter server says to a room server when it vouches for one of its users: the claims, and who they name.

Both hold one secret, the room server's `jupyter_secret`. The Jupyter server signs these claims with it (JWT, HS256)
each time a user connects; the room server lets that secret vouch for users of Jupyter and for nobody else.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final, TypedDict

ISSUER: Final = "rayrooms-jupyter"
AUDIENCE: Final = "rayrooms"
ALGORITHM: Final = "HS256"
MIN_SECRET_BYTES: Final = 32
"""RFC 7518, section 3.2: an HS256 key has at least the size of the hash."""
LIFETIME_SECONDS: Final = 600
"""How long a Jupyter server vouches; a connection that is made in time outlives it."""
MAX_LIFETIME_SECONDS: Final = 3600
"""The room server takes no token that holds for longer: this secret is for passing on, not for keeping."""
USER_ID_PREFIX: Final = "jupyter-"
MAX_NAME: Final = 100
"""Code points of a name that the room server takes."""

_PLAIN = re.compile(r"[A-Za-z0-9._~-]{1,56}")
_DIGEST_DIGITS = 32
_DIGEST = re.compile(rf"[0-9a-f]{{{_DIGEST_DIGITS}}}")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class VouchedClaims(TypedDict):
    """The claims of a vouched token; times are whole unix seconds."""

    iss: str
    aud: str
    sub: str
    name: str
    iat: int
    exp: int


def jupyter_user_id(username: str) -> str:
    """The user id that the room server gives to this user of Jupyter: at most 64 characters, safe in a URL.

    A plain username is part of it as it stands; any other one stands there as 128 bits of its SHA-256. So does one
    that looks like such a digest: nobody becomes somebody else by choosing their digest as a username.
    Raises ValueError for the empty username, which is nobody's.
    """
    if not username:
        raise ValueError("An empty username names nobody.")
    if _PLAIN.fullmatch(username) and not _DIGEST.fullmatch(username):
        return USER_ID_PREFIX + username
    digest = hashlib.sha256(username.encode("utf-8", "surrogatepass")).hexdigest()
    return USER_ID_PREFIX + digest[:_DIGEST_DIGITS]


def vouched_claims(
    username: str, display_name: str, *, issued_at: float, lifetime: float = LIFETIME_SECONDS
) -> VouchedClaims:
    """What a Jupyter server signs for its user; the display name (or else the username) as the room server takes it."""
    return VouchedClaims(
        iss=ISSUER,
        aud=AUDIENCE,
        sub=username,
        name=_storable(display_name) or _storable(username),
        iat=int(issued_at),
        exp=int(issued_at + lifetime),
    )


def _storable(name: str) -> str:
    return _UNSTORABLE.sub("", name).strip()[:MAX_NAME].strip()
