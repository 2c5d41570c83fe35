"""Which token goes to the room server with a request: what this server vouches, else what the page itself holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from rayrooms.protocol import SUBPROTOCOL_BEARER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jupyter_server.auth.identity import User
    from jupyter_server.base.handlers import JupyterHandler

    from rayrooms_jupyter.server.vouching import Voucher

_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]{1,8192}")
"""RFC 6750, section 2.1: what a bearer token is made of. Nothing else gets into a header of ours."""


def vouched_token(handler: JupyterHandler, voucher: Voucher) -> str:
    """A token for the user that Jupyter has found behind the request, whatever else came with it."""
    user: User = handler.current_user
    return voucher.vouch(user).token


def page_token(handler: JupyterHandler) -> str | None:
    """The token in the page's `Authorization: Bearer`; None when that header holds Jupyter's own, which stays here."""
    if handler.token_authenticated:
        return None
    scheme, _, token = handler.request.headers.get("Authorization", "").partition(" ")
    return _checked(token.strip()) if scheme.lower() == "bearer" else None


def offered_token(subprotocols: Iterable[str]) -> str | None:
    """The token that a page offers as a subprotocol, as a browser can set no header on a socket."""
    for name in subprotocols:
        if name.startswith(SUBPROTOCOL_BEARER):
            return _checked(name.removeprefix(SUBPROTOCOL_BEARER))
    return None


def _checked(token: str) -> str | None:
    return token if _TOKEN.fullmatch(token) else None
