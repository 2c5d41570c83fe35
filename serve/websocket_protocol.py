"""The WebSocket protocol of uvicorn, but no peer keeps the event loop for itself, and all hear why they must go."""

from __future__ import annotations

import asyncio
import contextvars
import random
import socket
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

from uvicorn import config
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import Protocol
from websockets.streams import StreamReader

from serve.sockets.reading import TURN
from serve.sockets.shortcut import EXTENSION
from serve.waiting import Gate, Mailbox, Rounds

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send
    from websockets.http11 import Request

    from serve.sockets.shortcut import Peer

READ_AT_ONCE = 64 * 1024
"""Bytes that the kernel holds of what came: all of it is parsed in one turn, which takes milliseconds."""
HEARD_AFTER_CLOSE = 64 * 1024
"""Bytes in which a peer that was told to go has to answer; more is not parsed."""
DROPPED = 32 * 1024 * 1024
"""Bytes of a peer that is not listened to any more: the rest of a message that is too large, for one."""
_FAREWELLS_A_SECOND = 25
_FAREWELLS_WITHIN = 10.0
_LINGER = 2.0
_PLAIN = 1024
"""Bytes up to which a frame is not worth compressing, though the peer understands it."""


def farewells(sockets: int) -> float:
    """Seconds over which a server that stops lets go of its sockets. Serve has refused new ones by then.

    To let them in elsewhere all at once would keep those waiting who are there.
    """
    return min(_FAREWELLS_WITHIN, max(1.0, sockets / _FAREWELLS_A_SECOND))


_ROUNDS: WeakKeyDictionary[asyncio.AbstractEventLoop, Rounds] = WeakKeyDictionary()


def _rounds(loop: asyncio.AbstractEventLoop) -> Rounds:
    found = _ROUNDS.get(loop)
    if found is None:
        found = _ROUNDS[loop] = Rounds(loop)
    return found


class BoundedWebSockets(WebSocketsSansIOProtocol):
    """Reads little at a time, and does not listen to a peer that talks on when it was told to go.

    Otherwise each read brings up to 256 KB, thousands of small messages, and after a close frame all that comes in the
    next ten seconds is read and parsed at full speed.

    What such a peer still sends is dropped for a moment, though. If the socket were closed while anything is unread,
    the kernel would reset the connection and the close frame would be lost: a client that only knows that its
    connection broke comes back and sends the same again.

    An idle socket costs little: its application may do without what wraps it (`take_over`), queue and gate make what
    they need when they need it, what the handshake said is forgotten once it is accepted, and one timer asks all
    sockets whether they are there. What uvicorn keeps in its attributes is kept in slots: it has more of them than
    Python puts in a compact dictionary, and the other kind takes 1.5 kB.
    """

    __slots__ = (
        "_deaf",
        "_dropped",
        "_heard_after_close",
        "_mailbox",
        "_own",
        "_peer",
        "_turn",
        "app",
        "app_state",
        "asgi_version",
        "client",
        "close_sent",
        "close_timeout",
        "close_timer",
        "config",
        "conn",
        "connections",
        "curr_msg_data_type",
        "default_headers",
        "disconnected",
        "frames",
        "handshake_complete",
        "handshake_initiated",
        "initial_response",
        "last_ping_rtt",
        "logger",
        "loop",
        "pending_ping_payload",
        "ping_interval",
        "ping_sent_at",
        "ping_timeout",
        "ping_timer",
        "pong_timer",
        "queue",
        "read_paused",
        "request",
        "response",
        "root_path",
        "scheme",
        "scope",
        "server",
        "tasks",
        "transport",
        "writable",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*args, **kwargs)
        self._heard_after_close = 0
        self._dropped = 0
        self._deaf = False
        self._own: asyncio.Task[None] | None = None
        self._peer: Peer | None = None
        self._turn = 0
        self._mailbox = Mailbox()
        self.queue = cast("Any", self._mailbox)
        self.writable = cast("Any", Gate())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in {socket.AF_INET, socket.AF_INET6}:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, READ_AT_ONCE)
        super().connection_made(transport)
        # The HTTP protocol that read the upgrade and its parser hold one another; neither is used any more.
        before: Any = cast("asyncio.Transport", transport).get_protocol()
        before.parser = None

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.handshake_initiated and not self.close_sent:
            cast("Scope", self.scope)["extensions"][EXTENSION] = self

    def start_keepalive(self) -> None:
        """The handshake is accepted, and nobody asks for it any more."""
        super().start_keepalive()
        self._parse_anew()
        self.conn.available_extensions = None
        self.request.headers.clear()  # a parser that goes on holds it as well
        del self.request, self.response
        scope = cast("Scope", self.scope)
        scope["headers"].clear()
        if self._own is not None:
            scope.clear()
            self.server = self.client = None

    def _parse_anew(self) -> None:
        """Leave the parser, which holds the request, for a fresh one, unless it is in the middle of a frame already."""
        conn = self.conn
        reading: Any = cast("Any", conn.parser).gi_yieldfrom
        waiting = reading and reading.gi_yieldfrom
        if waiting and waiting.gi_code is StreamReader.at_eof.__code__:
            conn.parser = Protocol.parse(conn)
            next(conn.parser)

    def schedule_ping(self) -> None:
        delay = max(0.0, cast("float", self.ping_interval) - self.last_ping_rtt)
        self.ping_timer = cast("Any", _rounds(self.loop).call_later(delay, self.send_keepalive_ping))

    async def run_asgi(self) -> None:
        await self._run(cast("ASGIApp", self.app), cast("Scope", self.scope))

    def take_over(self, app: ASGIApp, scope: Scope) -> None:
        """Have `app` serve this socket in a task of its own, whenever those through whom it was called return.

        The scope is emptied when it accepts.
        """
        # In a context of its own too, or that would hold what they know of the request.
        self._own = self.loop.create_task(self._run(app, scope), context=contextvars.Context())
        self._own.add_done_callback(self.on_task_complete)
        self.tasks.add(self._own)

    async def _run(self, app: ASGIApp, scope: Scope) -> None:
        """Let an application serve the socket, and end it if it is the last that does."""
        failed = False
        try:
            await app(scope, cast("Receive", self.receive), cast("Send", self.send))
        except ClientDisconnected:
            pass
        except BaseException:
            self.logger.exception("Exception in ASGI application")
            failed = True
        if self._own is not None and self._own is not asyncio.current_task():
            return
        if failed or not self.handshake_complete:
            self.send_500_response()
        if self.close_timer is None:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        if self.close_sent and not self._deaf:
            self._heard_after_close += len(data)
            if self._heard_after_close > HEARD_AFTER_CLOSE:
                self._stop_listening()
        if self._deaf:
            self._dropped += len(data)
            if self._dropped > DROPPED:
                self.transport.abort()
            return
        self._turn = TURN
        super().data_received(data)

    # -------------------------------------------------------------- the shortcut

    def send_frame(self, frame: bytes) -> bool:
        """See Shortcut."""
        if self.close_sent or self.disconnected or not self.writable.is_set() or self.transport.is_closing():
            return False
        if self.conn.extensions and len(frame) > _PLAIN:
            return False
        self.transport.write(frame)
        return True

    def belongs_to(self, peer: Peer) -> None:
        """See Shortcut."""
        self._peer = peer

    def insert(self, message: Message) -> None:
        """See Shortcut."""
        self._mailbox.put_nowait(message)

    def shutdown(self) -> None:
        if self._peer is None or self.close_sent or not self.handshake_complete:
            super().shutdown()
        else:
            self.loop.call_later(random.uniform(0.0, farewells(len(self.connections))), self._peer.leave)  # noqa: S311 - spreads load

    def send_receive_event_to_app(self) -> None:
        """Give a message to whoever listens, and what is not taken there to whoever receives."""
        if self._peer is not None and self._turn > 0 and not self.close_sent and self._mailbox.is_awaited:
            self._turn -= 1
            data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
            try:
                taken = self._peer.take_now(data.decode() if self.curr_msg_data_type == "text" else data)
            except UnicodeDecodeError:
                taken = False  # the long way closes the socket for it
            if taken:
                self.frames = []
                return
        super().send_receive_event_to_app()

    def connection_lost(self, exc: Exception | None) -> None:
        self._peer = None
        super().connection_lost(exc)

    # -------------------------------------------------------------- peers that have to go

    def handle_parser_exception(self) -> None:
        told = self.conn.close_sent
        assert told is not None, "the parser fails the connection before it says so"
        self.queue.put_nowait({"type": "websocket.disconnect", "code": told.code, "reason": told.reason})
        self.close_sent = True
        self.stop_keepalive()
        if not self.transport.is_closing():
            self.transport.write(b"".join(self.conn.data_to_send()))
            self._stop_listening()

    def _stop_listening(self) -> None:
        """Say that nothing more will come, and end the connection when the peer does, or in a moment."""
        self._deaf = True
        if self.transport.can_write_eof():
            self.transport.write_eof()
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = self.loop.call_later(_LINGER, self.transport.close)


def install() -> None:
    """Have servers of this process use it that do not choose a protocol themselves, as Serve's."""
    config.WS_PROTOCOLS["auto"] = f"{__name__}:{BoundedWebSockets.__name__}"
