"""The `/socket.io/` endpoint: handshake, the life of a connection, and the loop that feeds its conversation."""

from __future__ import annotations

import asyncio
import secrets
from functools import partial
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from serve.origins import GrantedOrigins
from serve.socketio import packets
from serve.socketio.connection import SocketIOConnection
from serve.socketio.conversation import Conversation
from serve.socketio.handshake import refusal, refuse
from serve.socketio.heartbeat import PING_INTERVAL, PING_TIMEOUT, Heartbeat
from serve.socketio.packets import EngineType
from serve.sockets.connection import TRY_AGAIN_LATER
from serve.sockets.handshake import AUTH_TIMEOUT, bearer_token
from serve.sockets.reading import read
from serve.sockets.shortcut import shortcut_of

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from persistence.settings import Settings
    from serve.sockets.handlers import Handlers
    from serve.sockets.open_connections import OpenConnections


class SocketIOEndpoint:
    """An ASGI application for all requests at `/socket.io/`: WebSockets of Engine.IO 4 are served, others refused."""

    def __init__(self, handlers: Handlers, settings: Settings, connections: OpenConnections) -> None:
        self._handlers = handlers
        self._settings = settings
        self._origins = GrantedOrigins.from_settings(settings)
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection from handshake to end, or refuse the request."""
        headers = Headers(scope=scope)
        if scope["type"] == "websocket":
            await receive()  # websocket.connect
        refused = refusal(scope, headers, self._origins)
        if refused is not None:
            self._connections.tally.refusals[refused.code] += 1
            await refuse(refused, scope, receive, send)
            return
        token = bearer_token(headers)
        shortcut = shortcut_of(scope)
        await send({"type": "websocket.accept"})
        connection = SocketIOConnection(
            send,
            secrets.token_hex(8),
            max_waiting=self._settings.max_socket_buffer,
            on_close=self._handlers.disconnect,
            tally=self._connections.tally,
        )
        self._connections.hold(connection)
        if shortcut is not None:
            shortcut.belongs_to(connection)
        try:
            await self._serve(connection, receive, token)
        finally:
            self._connections.drop(connection)
            self._handlers.disconnect(connection)

    async def _serve(self, connection: SocketIOConnection, receive: Receive, token: str | None) -> None:
        limit = self._settings.max_message
        opening = packets.opening(
            secrets.token_hex(8), ping_interval=PING_INTERVAL, ping_timeout=PING_TIMEOUT, max_payload=limit
        )
        connection.send(opening)
        heartbeat = Heartbeat(
            partial(connection.send, EngineType.PING.value), partial(connection.close, TRY_AGAIN_LATER, "no pong came")
        )
        conversation = Conversation(connection, self._handlers, heartbeat, max_message=limit, token=token)
        timer = asyncio.get_running_loop().call_later(AUTH_TIMEOUT, conversation.expect_identity)
        try:
            await read(receive, connection, self._handlers, lambda _, message: conversation.take(message))
        finally:
            timer.cancel()
            heartbeat.stop()
