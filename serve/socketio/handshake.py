"""Which requests at `/socket.io/` become connections; all others get an error in Engine.IO's shape."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs

import msgspec
from starlette.datastructures import Headers
from starlette.responses import Response

from serve.middleware import DATA_HEADERS, SECURITY_HEADERS
from serve.socketio import packets
from serve.sockets.handshake import ORIGIN_NOT_ALLOWED, origin_allowed

if TYPE_CHECKING:
    from collections.abc import Container

    from starlette.types import Receive, Scope, Send

_DENIAL = "websocket.http.response"
"""The extension of ASGI with which a WebSocket handshake is answered by a response."""


class _EngineError(msgspec.Struct):
    """What Engine.IO servers answer: clients hand it to their application with the connect_error."""

    code: int
    message: str


class Refused(NamedTuple):
    """A request that does not become a connection: the HTTP status, and the error."""

    status: int
    error: _EngineError

    @property
    def code(self) -> str:
        """Under which it is counted."""
        return ORIGIN_NOT_ALLOWED if self.status == HTTPStatus.FORBIDDEN else "no_handshake"


_FORBIDDEN = Refused(403, _EngineError(4, "Forbidden: this origin is not allowed."))
_NO_POLLING = Refused(
    400,
    _EngineError(
        0,
        'Transport unknown: there is no long polling here; connect with the option transports: ["websocket"].',
    ),
)
_VERSION = Refused(
    400,
    _EngineError(5, f"Unsupported protocol version: this is Engine.IO {packets.VERSION}, of Socket.IO 3 and later."),
)
_SESSION = Refused(400, _EngineError(1, "Session ID unknown: a connection starts with its WebSocket."))
_NO_UPGRADE = Refused(400, _EngineError(3, "Bad request: this is not a WebSocket handshake."))


def refusal(scope: Scope, headers: Headers, allowed: Container[str]) -> Refused | None:
    """Why a request does not become a connection; None when it does."""
    query = parse_qs(scope["query_string"].decode("latin-1"))
    if not origin_allowed(headers, allowed):
        return _FORBIDDEN
    if query.get("transport") != ["websocket"]:
        return _NO_POLLING
    if query.get("EIO") != [packets.VERSION]:
        return _VERSION
    if "sid" in query:
        return _SESSION
    return _NO_UPGRADE if scope["type"] == "http" else None


async def refuse(refused: Refused, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the error; a page of an allowed origin may read it."""
    if scope["type"] == "websocket" and _DENIAL not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "reason": refused.error.message})
        return
    origin = Headers(scope=scope).get("origin")
    granted = {"Access-Control-Allow-Origin": origin} if origin is not None and refused is not _FORBIDDEN else {}
    response = Response(
        msgspec.json.encode(refused.error),
        refused.status,
        SECURITY_HEADERS | DATA_HEADERS | granted,
        "application/json",
    )
    await response(scope, receive, send)
