"""The `/ws` endpoint: handshake, identity, decoding, and the loop that feeds the handlers."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

import msgspec
from starlette.datastructures import Headers

from rayrooms import protocol
from rayrooms.codec import codec_for
from rayrooms.errors import InvalidError, RateLimitedError, RayroomsError, UnauthenticatedError, UnavailableError
from serve.origins import GrantedOrigins
from serve.sockets.connection import TRY_AGAIN_LATER, WebSocketConnection
from serve.sockets.handshake import (
    AUTH_TIMEOUT,
    BAD_TOKEN,
    ORIGIN_NOT_ALLOWED,
    bearer_token,
    check_size,
    origin_allowed,
)
from serve.sockets.reading import read
from serve.sockets.shortcut import pause_message, shortcut_of

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

    from persistence.settings import Settings
    from serve.sockets.connection import Connection
    from serve.sockets.handlers import Handlers
    from serve.sockets.open_connections import OpenConnections

_json = codec_for(protocol.SUBPROTOCOL_JSON).decode_client
_msgpack = codec_for(protocol.SUBPROTOCOL_MSGPACK).decode_client


class _Answerable(msgspec.Struct):
    """As much of a message as is needed to answer it."""

    ref: protocol.Integer | None = None


class SocketEndpoint:
    """An ASGI application for WebSocket connections, raw so that nothing stands between the server and the room."""

    def __init__(self, handlers: Handlers, settings: Settings, connections: OpenConnections) -> None:
        self._handlers = handlers
        self._settings = settings
        self._origins = GrantedOrigins.from_settings(settings)
        self._connections = connections
        # Made once: a bound method for each of thousands of sockets would be so much memory.
        self._disconnect = handlers.disconnect
        self._take_at_once = self._take_now
        self._take_in_turn = self._take

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection from handshake to end."""
        connection = await self._accept(scope, receive, send)  # what the handshake said is forgotten with its frame
        if connection is None:
            return
        timer: asyncio.TimerHandle | None = None
        if connection.identity is None:
            timer = asyncio.get_running_loop().call_later(AUTH_TIMEOUT, self._expect_identity, connection)
        try:
            await read(receive, connection, self._handlers, self._take_in_turn)
        finally:
            if timer is not None:
                timer.cancel()
            self._end(connection)

    async def _accept(self, scope: Scope, receive: Receive, send: Send) -> WebSocketConnection | None:
        """Who is let in, perhaps to be told that they may not stay; None for pages of an origin that is not allowed."""
        await receive()  # websocket.connect
        headers = Headers(scope=scope)
        if not origin_allowed(headers, self._origins):
            self._connections.tally.refusals[ORIGIN_NOT_ALLOWED] += 1
            await send({"type": "websocket.close", "code": 4403, "reason": "origin not allowed"})
            return None
        offered: list[str] = scope.get("subprotocols", [])
        binary = protocol.SUBPROTOCOL_MSGPACK in offered
        chosen = next((p for p in (protocol.SUBPROTOCOL_MSGPACK, protocol.SUBPROTOCOL_JSON) if p in offered), None)
        token = _token(headers, offered)
        shortcut = shortcut_of(scope)
        await send({"type": "websocket.accept", "subprotocol": chosen})
        connection = WebSocketConnection(
            send,
            secrets.token_hex(8),
            binary=binary,
            take_now=self._take_at_once,
            max_waiting=self._settings.max_socket_buffer,
            on_close=self._disconnect,
            tally=self._connections.tally,
        )
        self._connections.hold(connection)
        if shortcut is not None:
            connection.shortcut = shortcut
            shortcut.belongs_to(connection)
        try:
            await self._greet(connection, token)
        except BaseException:
            self._end(connection)
            raise
        return connection

    async def _greet(self, connection: Connection, token: str | None) -> None:
        try:
            await self._handlers.connect(connection, token, None)
        except RayroomsError as error:
            connection.refuse(error, None)
            later = isinstance(error, RateLimitedError | UnavailableError)
            connection.close(TRY_AGAIN_LATER if later else BAD_TOKEN, error.code)

    def _end(self, connection: Connection) -> None:
        self._connections.drop(connection)
        self._handlers.disconnect(connection)

    def _expect_identity(self, connection: Connection) -> None:
        if connection.identity is None:
            connection.refuse(UnauthenticatedError("No token was sent in time."), None)
            connection.close(BAD_TOKEN, "bad_token")

    def _take_now(self, connection: WebSocketConnection, data: str | bytes) -> bool:
        """Take an edit or a cursor as it comes; leave what is anything else, or wrong, to the reading loop."""
        if connection.closed or len(data) > self._settings.max_message // 4 or connection.shortcut is None:
            return False
        try:
            event = _json(data) if isinstance(data, str) else _msgpack(data)
        except InvalidError:
            return False
        if not self._handlers.handle_now(connection, event):
            return False
        pause = self._handlers.pause_after(connection, len(data))
        if pause > 0.0 or connection.closed:
            connection.shortcut.insert(pause_message(pause))  # for the reading loop, which is what waits or ends
        return True

    async def _take(self, connection: Connection, message: Message) -> None:
        text: str | None = message.get("text")
        data: str | bytes = text if text is not None else message.get("bytes") or b""
        ref = None
        try:
            check_size(data, self._settings.max_message)
            try:
                event = _json(data) if isinstance(data, str) else _msgpack(data)
            except InvalidError:
                ref = _ref(data)
                raise
        except RayroomsError as error:
            self._handlers.unreadable(connection, error, ref)
            return
        await self._handlers.handle(connection, event)


def _ref(data: str | bytes) -> int | None:
    """The ref of a message that could not be read otherwise, if that can be."""
    try:
        if isinstance(data, str):
            return msgspec.json.decode(data, type=_Answerable).ref
        return msgspec.msgpack.decode(data, type=_Answerable).ref
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _token(headers: Headers, offered: list[str]) -> str | None:
    """The token of the handshake: `Authorization: Bearer`, or a subprotocol `bearer.<token>`."""
    shown = bearer_token(headers)
    if shown is not None:
        return shown
    for name in offered:
        if name.startswith(protocol.SUBPROTOCOL_BEARER):
            return name.removeprefix(protocol.SUBPROTOCOL_BEARER)
    return None
