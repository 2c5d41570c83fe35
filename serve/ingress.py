"""A hook into Serve's HTTP server that lets WebSocket messages come to the gateway straight from the socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.middleware import Middleware

from serve import websocket_protocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_OWN_DISCONNECTS = (b"x-request-disconnect-disabled", b"?1")


class DirectSockets:
    """Tells Serve that the application watches for a socket's end itself.

    Otherwise Serve reads every message in a task of its own into a queue without a bound: a wakeup more for each edit,
    and a client that floods us would fill the memory where the server's own back-pressure stops its socket.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, a WebSocket's marked."""
        if scope["type"] == "websocket":
            scope["headers"].append(_OWN_DISCONNECTS)  # not to a copy: the protocol empties the list in the end
        await self._app(scope, receive, send)


def middlewares() -> list[Middleware]:
    """What Serve is to wrap its HTTP servers in (`RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH`).

    Asked for before a server is made, so this is also where our own WebSocket protocol is put in its place.
    """
    websocket_protocol.install()
    return [Middleware(DirectSockets)]
