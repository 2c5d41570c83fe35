"""The WebSocket protocol of uvicorn, but no peer keeps the event loop for itself with what it sends."""

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
"""Bytes in which a peer that was told to go has to answer."""


class BoundedWebSockets(WebSocketsSansIOProtocol):
    """Reads little at a time, and hangs up on a peer that talks on when it was told to go.

    Otherwise each read brings up to 256 KB, thousands of small messages, and after a close frame all that comes in the
    next ten seconds is read and parsed at full speed.
    """

    _heard_after_close = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in {socket.AF_INET, socket.AF_INET6}:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, READ_AT_ONCE)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self.close_sent:
            self._heard_after_close += len(data)
            if self._heard_after_close > HEARD_AFTER_CLOSE:
                self.transport.abort()
                return
        super().data_received(data)


def install() -> None:
    """Have servers of this process use it that do not choose a protocol themselves, as Serve's."""
    config.WS_PROTOCOLS["auto"] = f"{__name__}:{BoundedWebSockets.__name__}"
