"""What each event of a client does: the handlers, connect and disconnect among them."""

from __future__ import annotations

import secrets
from time import monotonic
from typing import TYPE_CHECKING

from actors.link import messages as link
from persistence.tables import MAX_ID
from rayrooms import protocol, text
from rayrooms.errors import (
    ForbiddenError,
    InvalidError,
    RateLimitedError,
    RayroomsError,
    UnauthenticatedError,
    UnavailableError,
    UpgradeRequiredError,
)
from rayrooms.protocol import Range
from serve.sockets.handshake import UPGRADE_REQUIRED, check_protocol
from serve.sockets.limits import PENALTY
from serve.sockets.payload import Payload
from serve.sockets.session import RoomSession, Standing

if TYPE_CHECKING:
    from rayrooms.protocol import AnyClientEvent, Operation
    from serve.auth.access import RoomAccess
    from serve.auth.tokens import Identity, Tokens
    from serve.sockets.connection import Connection
    from serve.sockets.hubs import RoomHubs
    from serve.sockets.limits import Allowance, Allowances, Bucket
    from serve.sockets.online import OnlineUsers

_SIGNALS = (protocol.CursorUpdate, protocol.Typing, protocol.PresenceUpdate)
_CHAT = (protocol.SendChat, protocol.EditMessage, protocol.DeleteMessage, protocol.AddReaction)
_JOINS = (protocol.JoinRoom, protocol.LeaveRoom)

_ANOTHER_CONNECTION = 5.0
"""Seconds after which it is worth trying whether one of a user's many connections has ended."""


class Handlers:
    """Takes the events of connections. What is refused raises a RayroomsError, answered in one place by `handle`."""

    def __init__(
        self, hubs: RoomHubs, access: RoomAccess, tokens: Tokens, online: OnlineUsers, allowances: Allowances
    ) -> None:
        self._hubs = hubs
        self._access = access
        self._tokens = tokens
        self._online = online
        self._allowances = allowances

    async def handle(self, connection: Connection, event: AnyClientEvent) -> None:
        """Act on one event; a refusal goes to its sender as an `error` event."""
        if self.handle_now(connection, event):
            return
        allowance = connection.allowance or self._unknown(connection)
        try:
            _take(_bucket(allowance, event))
            await self._other(connection, event)
        except RayroomsError as error:
            self._refuse(connection, error, event.ref, getattr(getattr(event, "data", None), "room_id", None))

    def handle_now(self, connection: Connection, event: AnyClientEvent) -> bool:
        """Act on an event that has nothing to wait for and comes often; False, with nothing done, for any other."""
        if not isinstance(event, protocol.CodeChange | protocol.CursorUpdate):
            return False
        allowance = connection.allowance or self._unknown(connection)
        try:
            if isinstance(event, protocol.CodeChange):
                _take(allowance.edits)
                self._code_change(connection, event)
            else:
                _take(allowance.signals)
                self._cursor(connection, event)
        except RayroomsError as error:
            seq = event.data.seq if isinstance(event, protocol.CodeChange) else None
            self._refuse(connection, error, event.ref, event.data.room_id, seq)
        return True

    def unreadable(self, connection: Connection, error: RayroomsError, ref: int | None) -> None:
        """Refuse a message that is none. Noise is limited as any other message is."""
        try:
            _take((connection.allowance or self._unknown(connection)).control)
        except RateLimitedError as limited:
            self._refuse(connection, limited, ref)
        else:
            connection.refuse(error, ref)

    def pause_after(self, connection: Connection, size: int) -> float:
        """For how many seconds not to read on after a message of `size` bytes (or characters, when it was text)."""
        pause = (connection.allowance or self._unknown(connection)).bytes.spend(monotonic(), size)
        if connection.penalty:
            pause, connection.penalty = max(pause, connection.penalty), 0.0
        return pause

    def _unknown(self, connection: Connection) -> Allowance:
        connection.allowance = self._allowances.anonymous()
        return connection.allowance

    def _refuse(
        self,
        connection: Connection,
        error: RayroomsError,
        ref: int | None,
        room_id: str | None = None,
        seq: int | None = None,
    ) -> None:
        """Answer with the error. Close a connection that is too old, slow one down that sends too much.

        One that no refusal slows down is cut off without the closing handshake, for which it would have to be read on.
        """
        connection.refuse(error, ref, room_id, seq)
        if isinstance(error, UpgradeRequiredError):
            connection.close(UPGRADE_REQUIRED, error.code)
        elif isinstance(error, RateLimitedError):
            allowance = connection.allowance or self._unknown(connection)
            connection.penalty = PENALTY
            if allowance.refusals.take(monotonic()) > 0.0:
                connection.cut()

    async def _other(self, connection: Connection, event: AnyClientEvent) -> None:
        match event:
            case protocol.Ping():
                connection.deliver(Payload.of(protocol.Pong(ref=event.ref)))
            case protocol.Connect():
                check_protocol(event.data.protocol)
                await self.connect(connection, event.data.token, event.ref)
            case protocol.JoinRoom():
                await self._join(connection, event)
            case protocol.LeaveRoom():
                self._leave(connection, event)
            case protocol.PresenceUpdate():
                session = self._session(connection, event.data.room_id, event.data.user_id)
                self._post(session, link.SetPresence(session.sid, event.data.status))
            case protocol.Typing():
                session = self._session(connection, event.data.room_id, event.data.user_id)
                self._post(session, link.SetTyping(session.sid, event.data.is_typing))
            case protocol.SendChat(data=data):
                session = self._session_about(connection, data.room_id, data.user_id, data.reply_to)
                self._post(session, link.Post(session.sid, data.content, data.reply_to, event.ref))
            case protocol.EditMessage(data=data):
                session = self._session_about(connection, data.room_id, data.user_id, data.message_id)
                self._post(session, link.EditMessage(session.sid, data.message_id, data.content, event.ref))
            case protocol.DeleteMessage(data=data):
                session = self._session_about(connection, data.room_id, data.user_id, data.message_id)
                self._post(session, link.DeleteMessage(session.sid, data.message_id, event.ref))
            case protocol.AddReaction(data=data):
                session = self._session_about(connection, data.room_id, data.user_id, data.message_id)
                self._post(session, link.React(session.sid, data.message_id, data.emoji, event.ref))
            case protocol.GetSync():
                session = self._session(connection, event.data.room_id, None)
                self._post(session, link.Sync(session.sid, event.data.version, event.ref))

    # -------------------------------------------------------------- coming and going

    async def connect(self, connection: Connection, token: str | None, ref: int | None) -> None:
        """Say who a connection is; without a token, that it still has to say so. Raises as `identify`."""
        if token is not None:
            await self.identify(connection, token)
        self.greet(connection, ref)

    async def identify(self, connection: Connection, token: str) -> None:
        """Make a connection that of the token's user.

        Raises UnauthenticatedError, UnavailableError while an issuer's keys cannot be read, and RateLimitedError
        (rate_limited, too_many_connections) when the user connects too often or has too many connections already.
        """
        identity = await self._tokens.identify(token)
        known = connection.identity
        if known is not None and known.user_id != identity.user_id:
            raise ForbiddenError("This connection belongs to another user.")
        if known is None:
            connection.allowance = self._admitted(identity.user_id)
        connection.identity = identity
        if known is None:
            self._online.came(identity)

    def _admitted(self, user_id: str) -> Allowance:
        """The allowance of a user who may have one more connection."""
        most = self._allowances.max_sockets
        if self._online.connections(user_id) >= most:
            raise RateLimitedError(
                f"A user may have at most {most} connections to one gateway.",
                code="too_many_connections",
                retry_after=_ANOTHER_CONNECTION,
            )
        allowance = self._allowances.of(user_id)
        _take(allowance.joins)
        return allowance

    def greet(self, connection: Connection, ref: int | None) -> None:
        """Tell a connection who it is taken for, if for anybody yet."""
        identity = connection.identity
        data = protocol.ConnectionResponseData(
            session_id=connection.id,
            user_id=identity.user_id if identity is not None else None,
            name=identity.name if identity is not None else None,
        )
        connection.deliver(Payload.of(protocol.ConnectionResponse(data=data, ref=ref)))

    def disconnect(self, connection: Connection) -> None:
        """The socket is gone, or as good as gone: leave every room. Doing so twice changes nothing."""
        connection.closed = True
        for session in list(connection.sessions.values()):
            session.hub.leave(session)
        identity, connection.identity = connection.identity, None
        if identity is not None:
            self._online.went(identity)

    async def _join(self, connection: Connection, event: protocol.JoinRoom) -> None:
        identity, data = _identity(connection), event.data
        check_protocol(data.protocol)
        client_id = data.client_id or secrets.token_hex(8)
        _check_id(client_id)
        _check_id(data.room_id)
        admission = await self._access.admit(data.room_id, identity)
        if data.version is None:
            self._hubs.tally.first_joins += 1
        else:
            self._hubs.tally.returns += 1
        before = connection.sessions.get(data.room_id)
        hub = self._hubs.hub(data.room_id)
        if before is not None:
            hub.leave(before)
        standing = Standing(data.version, data.version_epoch, event.ref)
        session = RoomSession(
            self._hubs.new_sid(), hub, connection, identity, client_id, admission.role, admission.colour, standing
        )
        await hub.join(session)

    def _leave(self, connection: Connection, event: protocol.LeaveRoom) -> None:
        session = self._session(connection, event.data.room_id, None)
        session.hub.leave(session)
        data = protocol.LeftRoomData(room_id=session.room_id, reason="left")
        connection.deliver(Payload.of(protocol.RoomLeft(data=data, ref=event.ref)))

    # -------------------------------------------------------------- in a room

    def _code_change(self, connection: Connection, event: protocol.CodeChange) -> None:
        data = event.data
        session = self._session(connection, data.room_id, data.user_id)
        if session.role == "viewer":
            raise ForbiddenError("Viewers can read and chat, but not edit.", code="read_only")
        edit = link.Edit(session.sid, _operation(data), data.version, data.client_id, data.seq, event.ref)
        # An edit with a seq that finds its room on the move is sent again by its client, as soon as `room_joined`
        # tells it where the room stands; answering an error as well would only make it do so twice.
        if not session.hub.post(session, edit):
            if data.seq is None:
                raise _moving()
        elif session.timed_seq is None:
            session.timed_seq, session.timed_from = data.seq, monotonic()

    def _cursor(self, connection: Connection, event: protocol.CursorUpdate) -> None:
        data = event.data
        session = self._session(connection, data.room_id, data.user_id)
        ranges = data.ranges
        if ranges is None:
            if data.position is None:
                raise InvalidError("A cursor needs `ranges` or a `position`.")
            ranges = [Range(data.position, data.position)]
        session.hub.post(session, link.SetCursor(session.sid, ranges, data.version, event.ref))

    def _post(self, session: RoomSession, message: link.ToRoom) -> None:
        if not session.hub.post(session, message):
            raise _moving()

    def _session(self, connection: Connection, room_id: str, user_id: str | None) -> RoomSession:
        identity = _identity(connection)
        if user_id is not None and user_id != identity.user_id:
            raise ForbiddenError("Nobody can act for another user.")
        session = connection.sessions.get(room_id)
        if session is None:
            raise InvalidError("Join the room first.", code="not_joined")
        return session

    def _session_about(
        self, connection: Connection, room_id: str, user_id: str | None, message_id: str | None
    ) -> RoomSession:
        """The session that says something about a message, if about any."""
        session = self._session(connection, room_id, user_id)
        if message_id is not None:
            _check_id(message_id)
        return session


def _take(bucket: Bucket) -> None:
    """Raise RateLimitedError when there is nothing left."""
    missing = bucket.take(monotonic())
    if missing > 0.0:
        raise RateLimitedError(
            "This is more than one user may send in so short a time; wait a moment.",
            retry_after=round(bucket.patience(missing), 3),
        )


def _bucket(allowance: Allowance, event: AnyClientEvent) -> Bucket:
    """Where a message that is no edit is taken from."""
    if isinstance(event, _SIGNALS):
        return allowance.signals
    if isinstance(event, _CHAT):
        return allowance.chat
    return allowance.joins if isinstance(event, _JOINS) else allowance.control


def _identity(connection: Connection) -> Identity:
    if connection.identity is None:
        raise UnauthenticatedError("Send `connect` with a token first.")
    return connection.identity


def _check_id(name: str) -> None:
    """Ids go to the database, which refuses some texts in its own words."""
    if len(name) > MAX_ID:
        raise InvalidError(f"An id has at most {MAX_ID} characters.")
    text.check_text(name)


def _operation(data: protocol.CodeChangeData) -> Operation:
    if data.op is not None:
        return data.op
    if data.type is None or data.position is None:
        raise InvalidError("An edit needs an `op`, or a `type` and a `position`.")
    return text.from_position_edit(data.type, data.position, content=data.content, length=data.length)


def _moving() -> UnavailableError:
    return UnavailableError("The room is moving to another owner; try again in a moment.")
