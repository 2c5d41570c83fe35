"""What one Socket.IO client says, packet by packet, and what that leads to."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import msgspec

from rayrooms import protocol
from rayrooms.errors import InvalidError, RateLimitedError, RayroomsError, TooLargeError, UnauthenticatedError
from serve.socketio import packets
from serve.socketio.events import client_event
from serve.socketio.packets import EngineType, Packet, PacketType
from serve.sockets.handshake import BAD_TOKEN, check_protocol, check_size

if TYPE_CHECKING:
    from starlette.types import Message

    from serve.socketio.connection import SocketIOConnection
    from serve.socketio.heartbeat import Heartbeat
    from serve.sockets.handlers import Handlers

NORMAL = 1000
"""Close code of a conversation that came to its end."""
MOST_UNANSWERED = 4096
"""Events of a client that may wait for their answers at one time."""

_HEAD = 64
"""Characters of a message that hold all that stands before its JSON."""
_UNANSWERED_EVENTS = (protocol.CursorUpdate, protocol.PresenceUpdate, protocol.Typing)
"""What a room takes without saying so."""


class _Auth(msgspec.Struct):
    """What a client connects with; `protocol` is the version of rayrooms.protocol that it speaks."""

    token: str | None = None
    protocol: protocol.Integer | None = None


class Conversation:
    """Takes the messages of a connection, one after the other. What is wrong is refused, and the connection goes on.

    `max_message` is in bytes; `token` is what the handshake's headers hold, for clients that send none as `auth`.
    """

    def __init__(
        self,
        connection: SocketIOConnection,
        handlers: Handlers,
        heartbeat: Heartbeat,
        *,
        max_message: int,
        token: str | None,
    ) -> None:
        self._connection = connection
        self._handlers = handlers
        self._heartbeat = heartbeat
        self._max_message = max_message
        self._token = token
        self._refs = itertools.count(1)

    async def take(self, message: Message) -> None:
        """Act on one WebSocket message."""
        text: str | None = message.get("text")
        try:
            if text is None:
                raise InvalidError("Binary packets are not spoken here.")
            try:
                check_size(text, self._max_message)
            except TooLargeError as error:
                self._refuse_unread(text, error)
                return
            await self._engine_packet(text)
        except RayroomsError as error:
            self._handlers.unreadable(self._connection, error, None)

    def _refuse_unread(self, text: str, error: TooLargeError) -> None:
        """Refuse a message by its head, which tells what acknowledgement an event asks for."""
        head = text[:_HEAD]
        self._refuse(packets.parse(head[1:]) if head.startswith(EngineType.MESSAGE) else None, error)

    def _refuse(self, packet: Packet | None, error: RayroomsError) -> None:
        """Refuse a packet that is not acted upon."""
        ref = next(self._refs)
        if packet is not None and packet.namespace == packets.ROOT:
            self._connection.expect(ref, packet.ack, None)
        self._handlers.unreadable(self._connection, error, ref)

    async def _engine_packet(self, text: str) -> None:
        match text[:1]:
            case EngineType.MESSAGE:
                await self._packet(packets.parse(text[1:]))
            case EngineType.PONG:
                self._heartbeat.answered()
            case EngineType.CLOSE:
                self._connection.close(NORMAL, "closed by the client")
            case _:
                raise InvalidError("This is not an Engine.IO packet of a client.")

    async def _packet(self, packet: Packet) -> None:
        if packet.kind is PacketType.CONNECT:
            await self._connect(packet)
            return
        if packet.namespace != packets.ROOT:
            raise InvalidError(f"There is only the namespace {packets.ROOT!r}.")
        match packet.kind:
            case PacketType.EVENT:
                await self._event(packet)
            case PacketType.DISCONNECT:
                self._connection.close(NORMAL, "disconnected by the client")
            case PacketType.BINARY_EVENT:
                self._refuse(packet, InvalidError("Binary events are not spoken here."))
            case _:
                raise InvalidError("This is not a Socket.IO packet of a client; nothing here asks for acknowledgement.")

    async def _connect(self, packet: Packet) -> None:
        """Let a client into the namespace. One that is turned away may try again until its time is up."""
        connection = self._connection
        if packet.namespace != packets.ROOT:
            refusal = packets.Refusal("Invalid namespace", {"code": "malformed", "message": "Invalid namespace"})
            connection.send(packets.connect_error(refusal, packet.namespace))
            return
        if connection.identity is not None:
            raise InvalidError("This connection is in the namespace already.")
        try:
            await self._handlers.identify(connection, self._shown(packet.body))
        except RayroomsError as error:
            self._turn_away(error)
            return
        connection.send(packets.connected(connection.id))
        self._handlers.greet(connection, None)

    def _shown(self, body: str) -> str:
        """The token that a client connects with."""
        try:
            auth = msgspec.json.decode(body, type=_Auth) if body else _Auth()
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise InvalidError(f"`auth` is not an object with a token: {error}.") from None
        check_protocol(auth.protocol)
        token = auth.token if auth.token is not None else self._token
        if token is None:
            raise UnauthenticatedError("Connect with a token: `auth: {token}`, or an Authorization header.")
        return token

    def _turn_away(self, error: RayroomsError) -> None:
        data = {"code": error.code, "message": error.message}
        self._connection.send(packets.connect_error(packets.Refusal(error.message, data)))

    def expect_identity(self) -> None:
        """The time to connect is up."""
        if self._connection.identity is None:
            self._turn_away(UnauthenticatedError("No token was sent in time."))
            self._connection.close(BAD_TOKEN, "bad_token")

    async def _event(self, packet: Packet) -> None:
        connection, ref = self._connection, next(self._refs)
        try:
            event = client_event(packet.body, ref)
        except InvalidError as error:
            self._refuse(packet, error)
            return
        connection.expect(ref, packet.ack, event)
        if connection.unanswered > MOST_UNANSWERED:
            connection.refuse(RateLimitedError("Too many events wait for their answers."), ref)
            return
        await self._handlers.handle(connection, event)
        if isinstance(event, _UNANSWERED_EVENTS):
            connection.accept(ref)
