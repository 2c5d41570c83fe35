"""What all socket endpoints ask of a client: where its page comes from, who it is, and messages of bounded size."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rayrooms.errors import TooLargeError, UpgradeRequiredError
from rayrooms.protocol import FIRST_PROTOCOL, OLDEST_PROTOCOL

if TYPE_CHECKING:
    from collections.abc import Container

    from starlette.datastructures import Headers

BAD_TOKEN = 4401
"""Close code for a connection that did not prove who it is."""
UPGRADE_REQUIRED = 4426
"""Close code for a client that is too old."""
ORIGIN_NOT_ALLOWED = "origin_not_allowed"
"""Under which refused handshakes are counted."""
AUTH_TIMEOUT = 15.0
"""Seconds within which it has to."""


def origin_allowed(headers: Headers, allowed: Container[str]) -> bool:
    """Browsers say where a page comes from: it has to be this server itself, or an origin that is granted this."""
    origin = headers.get("origin")
    if origin is None or origin in allowed:
        return True
    try:
        return urlsplit(origin).netloc == headers.get("host")
    except ValueError:
        return False


def bearer_token(headers: Headers) -> str | None:
    """The token of `Authorization: Bearer`, if there is one."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else None


def check_protocol(spoken: int | None) -> None:
    """Raise UpgradeRequiredError for a client that speaks an older version than is understood here."""
    version = FIRST_PROTOCOL if spoken is None else spoken
    if version < OLDEST_PROTOCOL:
        raise UpgradeRequiredError(
            f"This client speaks version {version} of the protocol and the server needs {OLDEST_PROTOCOL} or later: "
            "reload the page, or upgrade the client."
        )


def check_size(data: str | bytes, limit: int) -> None:
    """Raise TooLargeError for a message of more than `limit` bytes, a text's being those of UTF-8."""
    if len(data) > limit or (isinstance(data, str) and 4 * len(data) > limit and len(data.encode()) > limit):
        raise TooLargeError(f"A message holds at most {limit} bytes.")
