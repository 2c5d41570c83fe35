"""The room's end of the link: accepts gateways, cuts frames, and feeds messages to the host in turns."""

from __future__ import annotations

import asyncio
import hmac
import logging
from typing import TYPE_CHECKING, cast

import msgspec

from actors.link import messages as link
from persistence.wire import FrameError, FrameReader, decoder, frame

if TYPE_CHECKING:
    from actors.host.room_host import RoomHost

logger = logging.getLogger(__name__)

MAX_UNSENT = 64 * 1024 * 1024
"""Bytes that may wait for one gateway; one that reads no more is cut off and comes back when it can."""

_decode = decoder(list[link.ToRoom])
_encode = msgspec.msgpack.Encoder().encode

_PONG = frame([_encode(link.Pong())])


class LinkServer(asyncio.Protocol):
    """One gateway's link. It speaks only after a Hello with the secret and the epoch of the room that lives here."""

    def __init__(self, host: RoomHost) -> None:
        self._host = host
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._welcome = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._host.connected(self)

    def data_received(self, data: bytes) -> None:
        try:
            for payload in self._reader.feed(data):
                for message in _decode(payload):
                    if self._welcome:
                        self._host.dispatch(self, message)
                    elif not self._greet(message):
                        return
        except FrameError as error:
            address = self._host.address
            about = {"room_id": address.room_id, "epoch": address.epoch} if address is not None else {}
            logger.warning("a gateway's link spoke nonsense and was closed: %s", error, extra=about)
            self.close()
        finally:
            self._host.end_turn()

    def _greet(self, message: link.ToRoom) -> bool:
        address = self._host.address
        if (
            isinstance(message, link.Hello)
            and address is not None
            and message.epoch == address.epoch
            and hmac.compare_digest(message.secret.encode(), address.secret.encode())  # of texts it takes ASCII only
            and not self._host.is_leaving
        ):
            self._welcome = True
            self.write(frame([_encode(link.Welcome(address.room_id, address.epoch))]))
            self._host.welcomed(self)
            return True
        self.close()
        return False

    def pong(self) -> None:
        """Say that we are here; not a part of any turn, so it passes commits that wait for the feed."""
        self.write(_PONG)

    def write(self, data: bytes) -> None:
        """Send a frame, or cut off a gateway that has stopped reading."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size() > MAX_UNSENT:
            transport.abort()
            return
        transport.write(data)

    def close(self) -> None:
        """Hang up when all that was written has been read."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Hang up on a gateway that hangs: at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        self._host.disconnected(self)
