"""What all answers to pages have in common: for a logged-in user, for pages of this Jupyter server only, not kept."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web

from rayrooms.errors import RayroomsError, UnavailableError

if TYPE_CHECKING:
    from tornado.web import RequestHandler

AUTH_RESOURCE: Final = "rayrooms"
"""What Jupyter's authorizer is asked about: `read` and `write` for requests, `execute` for sockets."""
_SAME_ORIGIN: Final = ("same-origin", "none")


class RoomsHandler(APIHandler):
    """A request that a page of this Jupyter server makes with its user's login."""

    auth_resource = AUTH_RESOURCE

    def set_default_headers(self) -> None:
        """Also of refusals."""
        super().set_default_headers()
        self.set_header("Cache-Control", "no-store")
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")

    def set_cors_headers(self) -> None:
        """None, whatever Jupyter allows: answers hold tokens, which no page of another origin may read."""
        self.clear_header("Access-Control-Allow-Origin")
        self.clear_header("Access-Control-Allow-Credentials")

    async def prepare(self) -> None:  # type: ignore[override]
        """Raises HTTPError(403) for the pages of others, as far as the browser tells."""
        if self.request.headers.get("Sec-Fetch-Site", "none") not in _SAME_ORIGIN:
            raise web.HTTPError(HTTPStatus.FORBIDDEN, "Only pages of this Jupyter server may ask for this.")
        await super().prepare()


class MisconfiguredHandler(RoomsHandler):
    """Stands for every route that an unusable configuration would serve wrongly."""

    def initialize(self, reason: str) -> None:
        """`reason`: a sentence for the operator."""
        self._reason = reason

    @web.authenticated
    @authorized
    async def get(self, *_path: str) -> None:
        """Refuse."""
        self._refuse()

    @web.authenticated
    @authorized
    async def post(self, *_path: str) -> None:
        """Refuse."""
        self._refuse()

    def _refuse(self) -> None:
        refuse(self, UnavailableError(f"The Rayrooms extension is misconfigured. {self._reason}", code="misconfigured"))


def refuse(handler: RequestHandler, error: RayroomsError, status: int | None = None) -> None:
    """Answer with a problem document (RFC 9457), as the room server does."""
    code = error.status if status is None else status
    problem: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(code).phrase,
        "status": code,
        "detail": error.message,
        "code": error.code,
    }
    finish(handler, code, "application/problem+json", json.dumps(problem))


def finish(handler: RequestHandler, status: int, content_type: str, body: str | bytes) -> None:
    """Answer with exactly this."""
    handler.set_status(status)
    if isinstance(handler, APIHandler):
        handler.finish(body, set_content_type=content_type)
    else:
        handler.set_header("Content-Type", content_type)
        handler.finish(body)


def refuse_unreachable(handler: RequestHandler) -> None:
    """Answer that the room server is not there."""
    refuse(handler, UnavailableError("The room server cannot be reached."), HTTPStatus.BAD_GATEWAY)
