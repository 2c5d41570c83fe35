"""The WebSocket protocol of uvicorn, but no peer keeps the event loop for itself, and all hear why they must go."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from uvicorn import config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    import asyncio

READ_AT_ONCE = 64 * 1024
"""Bytes that the kernel holds of what came: all of it is parsed in one turn, which takes milliseconds."""
HEARD_AFTER_CLOSE = 64 * 1024
"""Bytes in which a peer that was told to go has to answer; more is not parsed."""
DROPPED = 32 * 1024 * 1024
"""Bytes of a peer that is not listened to any more: the rest of a message that is too large, for one."""
_LINGER = 2.0


class BoundedWebSockets(WebSocketsSansIOProtocol):
    """Reads little at a time, and does not listen to a peer that talks on when it was told to go.

    Otherwise each read brings up to 256 KB, thousands of small messages, and after a close frame all that comes in the
    next ten seconds is read and parsed at full speed.

    What such a peer still sends is dropped for a moment, though. If the socket were closed while anything is unread,
    the kernel would reset the connection and the close frame would be lost: a client that only knows that its
    connection broke comes back and sends the same again.
    """

    _heard_after_close = 0
    _dropped = 0
    _deaf = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in {socket.AF_INET, socket.AF_INET6}:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, READ_AT_ONCE)
        super().connection_made(transport)

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
        super().data_received(data)

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
