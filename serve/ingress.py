"""A hook into Serve's HTTP server that lets WebSockets come to the gateway straight from the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.middleware import Middleware

from serve import http_server, websocket_protocol
from serve.sockets.shortcut import EXTENSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

_OWN_DISCONNECTS = (b"x-request-disconnect-disabled", b"?1")


ENDPOINTS: dict[str, ASGIApp] = {}
"""The WebSocket applications of this process, by path: those of its gateway, once it is ready."""


class DirectSockets:
    """Has the WebSockets of `endpoints` served by these alone, apart from all that Serve wraps an application in.

    That is a dozen coroutines, and what they know of the request: a third of a millisecond for each socket, and kept
    for as long as the socket is open, a third of its memory.

    Of any other WebSocket Serve is told that the application watches for its end itself. Otherwise it reads every
    message in a task of its own into a queue without a bound: a wakeup more for each, and a client that floods us
    would fill the memory where the server's own back-pressure stops its socket.
    """

    def __init__(self, app: ASGIApp, endpoints: Mapping[str, ASGIApp] = ENDPOINTS) -> None:
        self._app = app
        self._endpoints = endpoints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request to its end, or only have it served."""
        if scope["type"] == "websocket":
            endpoint = self._endpoints.get(scope["path"])
            protocol = scope.get("extensions", {}).get(EXTENSION)
            if endpoint is not None and protocol is not None:
                protocol.take_over(endpoint, scope)
                return
            scope["headers"].append(_OWN_DISCONNECTS)  # not to a copy: the protocol empties the list in the end
        await self._app(scope, receive, send)


def middlewares() -> list[Middleware]:
    """What Serve is to wrap its HTTP servers in (`RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH`).

    Asked for before a server is made, so this is also where our own server and WebSocket protocol are put in place.
    """
    http_server.install()
    websocket_protocol.install()
    return [Middleware(DirectSockets)]
