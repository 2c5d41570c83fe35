"""Who somebody is in that JupyterLab: whoever their cookie says, so that each browser context can be a user."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from jupyter_server.auth.identity import IdentityProvider, User

if TYPE_CHECKING:
    from tornado.web import RequestHandler

COOKIE = "lab-user"


class CookieUsers(IdentityProvider):
    """Takes the user's name from a cookie that anybody can write; without it, nobody is logged in."""

    def get_user(self, handler: RequestHandler) -> User | None:
        """The cookie holds the display name; the username is made of it."""
        name = unquote(handler.get_cookie(COOKIE, "") or "")
        return User(username_of(name), name, name) if name else None


def username_of(name: str) -> str:
    """`Ada Lovelace` is `ada-lovelace`."""
    return name.lower().replace(" ", "-")
