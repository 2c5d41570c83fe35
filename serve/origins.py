"""Which pages of other origins may call this server: REST by CORS, and sockets, which browsers open for any page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Collection

    from persistence.settings import Settings

_LOOPBACK = re.compile(r"https?://(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?")
"""An origin as browsers write it (RFC 6454, section 6.2): in lower case, addresses in their shortest form, no path."""


class GrantedOrigins:
    """The origins that the settings name, and while the server is bound to loopback, any page of this machine.

    A notebook lies on another port than this server, and what only this machine reaches is for this machine's pages:
    they bring a token of their own, since no cookie says here who somebody is.
    """

    def __init__(self, named: Collection[str], *, loopback: bool) -> None:
        self._named = frozenset(named)
        self._loopback = loopback

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Those of this server."""
        return cls(settings.allowed_origins, loopback=settings.bound_to_loopback)

    def __contains__(self, origin: object) -> bool:
        """Whether pages of this origin, the value of their `Origin` header, may call."""
        if origin in self._named:
            return True
        return self._loopback and isinstance(origin, str) and _LOOPBACK.fullmatch(origin) is not None
