"""One WebSocket connection to a server, as a stream of wire messages."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from rayrooms.codec import codec_for
from rayrooms.errors import (
    ForbiddenError,
    InvalidError,
    UnauthenticatedError,
    UnavailableError,
    UpgradeRequiredError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from websockets.asyncio.client import ClientConnection

    from rayrooms.errors import RayroomsError
    from rayrooms.protocol import AnyClientEvent, AnyServerEvent

MAX_FRAME = 64 * 1024 * 1024
"""Bytes. A whole document of the greatest size in one `room_joined` fits many times."""
_BAD_TOKEN = 4401
_UPGRADE_REQUIRED = 4426
_SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}


class Transport:
    """A connection that was made with `Transport.open`."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._codec = codec_for(connection.subprotocol)

    @classmethod
    async def open(cls, url: str, token: str, *, subprotocol: str, timeout: float) -> Transport:  # noqa: ASYNC109 - handed to the library
        """Connect; raises what `open_socket` raises."""
        return cls(await open_socket(url, token, subprotocol=subprotocol, timeout=timeout))

    async def send(self, messages: Iterable[AnyClientEvent]) -> None:
        """Write messages, each a frame. Raises UnavailableError when the connection is gone."""
        try:
            for message in messages:
                await self._connection.send(self._codec.encode(message))
        except ConnectionClosed as error:
            raise lost(error) from error

    async def receive(self) -> AnyServerEvent:
        """The next message, but for those of kinds that this client does not know.

        Raises UnavailableError when the connection is gone, UnauthenticatedError when the server closed it for want of
        a token that holds, UpgradeRequiredError when for want of a newer client.
        """
        while True:
            try:
                frame = await self._connection.recv()
            except ConnectionClosed as error:
                raise lost(error) from error
            try:
                return self._codec.decode_server(frame)
            except InvalidError as error:
                if error.code != "unknown_event":
                    raise UnavailableError(f"The server does not speak this protocol: {error.message}") from error

    async def close(self) -> None:
        """Close the connection; waits a second at most for the other side."""
        await self._connection.close()


async def open_socket(url: str, token: str, *, subprotocol: str, timeout: float) -> ClientConnection:  # noqa: ASYNC109 - handed to the library
    """Connect to the server at `url`, its base URL (http, https, ws or wss), for frames in `subprotocol`.

    Raises UnauthenticatedError or ForbiddenError when the server refuses the connection itself, UnavailableError when
    it cannot be reached, InvalidError when `url` is none.
    """
    try:
        return await connect(
            socket_url(url),
            subprotocols=[Subprotocol(subprotocol)],
            additional_headers={"Authorization": f"Bearer {token}"},
            compression=None,
            open_timeout=timeout,
            ping_interval=None,
            close_timeout=1,
            max_size=MAX_FRAME,
        )
    except InvalidStatus as error:
        raise _refusal(error.response.status_code) from error
    except (OSError, TimeoutError, WebSocketException) as error:
        raise UnavailableError(f"The server cannot be reached: {error}.") from error


def lost(error: ConnectionClosed) -> RayroomsError:
    """What the end of an open connection means: all but a refused token or client may pass."""
    code = error.rcvd.code if error.rcvd is not None else None
    if code == _BAD_TOKEN:
        return UnauthenticatedError("The server does not accept the token.")
    if code == _UPGRADE_REQUIRED:
        return UpgradeRequiredError("The server needs a newer version of this client.")
    return UnavailableError("The connection to the server is gone.")


def socket_url(url: str) -> str:
    """The address of the socket of the server at `url`. Raises InvalidError."""
    parts = urlsplit(url)
    scheme = _SCHEMES.get(parts.scheme)
    if scheme is None or not parts.netloc:
        raise InvalidError(f"{url!r} is not the URL of a server.")
    path = parts.path.rstrip("/")
    return urlunsplit((scheme, parts.netloc, path if path.endswith("/ws") else f"{path}/ws", "", ""))


def base_url(url: str) -> str:
    """The address of the REST routes of the server at `url`. Raises InvalidError."""
    parts = urlsplit(socket_url(url))
    scheme = "https" if parts.scheme == "wss" else "http"
    return urlunsplit((scheme, parts.netloc, parts.path.removesuffix("/ws"), "", ""))


def _refusal(status: int) -> RayroomsError:
    if status == UnauthenticatedError.status:
        return UnauthenticatedError("The server does not accept the token.")
    if status == ForbiddenError.status:
        return ForbiddenError("The server refused the connection.")
    return UnavailableError(f"The server answered with status {status}.")
