"""Who is logged in at the Jupyter servers of these tests: whoever their cookie names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_server.auth.identity import IdentityProvider, User

if TYPE_CHECKING:
    from tornado.web import RequestHandler

COOKIE = "login"
USERS = {
    "ada": User("ada", "Augusta Ada King", "Ada", color="var(--jp-collaborator-color1)"),
    "bob": User("bob", "Bob"),
    "zoë@example.org": User("zoë@example.org", "Zoë"),
}


class CookieUsers(IdentityProvider):
    """Knows the users above by a cookie that holds their username in hexadecimal."""

    def get_user(self, handler: RequestHandler) -> User | None:
        """Nobody without the cookie."""
        return USERS.get(bytes.fromhex(handler.get_cookie(COOKIE) or "").decode())


def cookie(username: str) -> str:
    """The cookie with which that user is logged in."""
    return f"{COOKIE}={username.encode().hex()}"
