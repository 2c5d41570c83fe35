"""`GET session`: what a page has to know before it opens a room, and for a logged-in user a token of their own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from tornado import web

from rayrooms.protocol import PROTOCOL_VERSION
from rayrooms_jupyter.server.answers import RoomsHandler
from rayrooms_jupyter.server.vouching import shown_name

if TYPE_CHECKING:
    from jupyter_server.auth.identity import User

    from rayrooms_jupyter.server.config import ProxySettings
    from rayrooms_jupyter.server.vouching import Voucher


class SessionHandler(RoomsHandler):
    """The token is for the URLs that this answer names, and for no other place."""

    def initialize(self, settings: ProxySettings, voucher: Voucher | None) -> None:
        """Without a voucher nobody is vouched for."""
        self._settings = settings
        self._voucher = voucher

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer to a page that proves to be of this origin: by Jupyter's XSRF token, its own token, or the referrer.

        Raises HTTPError(403) for any other.
        """
        self.check_xsrf_cookie()
        user: User = self.current_user
        vouched = None if self._voucher is None else self._voucher.vouch(user)
        session = {
            "url": self._settings.url,
            "public_url": self._settings.public_url_for(self.request.host),
            "verified": vouched is not None,
            "user": {"username": user.username, "name": shown_name(user), "colour": user.color},
            "token": vouched.token if vouched else None,
            "user_id": vouched.user_id if vouched else None,
            "expires_at": vouched.expires_at.isoformat() if vouched else None,
            "protocol": PROTOCOL_VERSION,
        }
        self.finish(json.dumps(session))
