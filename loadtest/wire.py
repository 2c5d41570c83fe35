"""A WebSocket to a server, as thin as it can be: frames in, frames out."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from picows import WSError, WSListener, WSMsgType, ws_connect

if TYPE_CHECKING:
    from picows import WSFrame, WSTransport

_MAX_FRAME = 64 * 1024 * 1024


class WireError(Exception):
    """The server cannot be reached, or ended a connection."""


class Wire(WSListener):
    """One connection. Subclasses take frames in `received` and the connection's end in `lost`."""

    def __init__(self) -> None:
        super().__init__()
        self._transport: WSTransport | None = None
        self._closing = False

    async def connect(self, url: str, token: str) -> None:
        """Connect to the server at the http(s) `url`. Raises WireError."""
        parts = urlsplit(url)
        address = urlunsplit(
            ("wss" if parts.scheme == "https" else "ws", parts.netloc, parts.path.rstrip("/") + "/ws", "", "")
        )
        headers = {"Authorization": f"Bearer {token}"}
        try:
            await ws_connect(lambda: self, address, extra_headers=headers, max_frame_size=_MAX_FRAME)
        except (OSError, WSError) as error:
            raise WireError(f"{address} cannot be connected to: {error}") from error

    def send(self, data: bytes) -> None:
        """Send one text frame; nothing happens once the connection has ended."""
        if self._transport is not None:
            self._transport.send(WSMsgType.TEXT, data)

    def close(self) -> None:
        """End the connection; `lost` is not called."""
        self._closing = True
        if self._transport is not None:
            self._transport.disconnect()

    def received(self, data: bytes) -> None:
        """Take in a frame."""
        raise NotImplementedError

    def lost(self, why: str) -> None:
        """The server, or the network, ended the connection."""
        raise NotImplementedError

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.TEXT:
            self.received(frame.get_payload_as_bytes())
        elif frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._transport = None
        if not self._closing:
            closed = transport.close_handshake
            received = closed.recv if closed is not None else None
            self.lost(f"closed by the server: {received.code} {received.reason}" if received else "connection lost")
