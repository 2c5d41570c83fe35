"""HTTP straight from people: the gateway listens at the ingress' own address, beside the ingress.

The kernel deals new connections to all sockets that listen at an address (SO_REUSEPORT, socket(7)), here to one of the
ingress and to many of each gateway of its node. So nearly everybody has one process fewer on the way, and while no
gateway listens all come to the ingress, as they would without this.

What an ingress would keep away from the gateway is kept away here.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, ClassVar, Final

from httptools import HttpParserError
from ray.serve._private.constants import RAY_SERVE_HAPROXY_MAXCONN
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)

LISTENERS: Final = 32
"""The ingress has one, so it gets one connection of so many and one."""
HEADER_BYTES: Final = 15 * 1024
"""Of a request line and its headers, as Serve's HAProxy."""
HEADER_WITHIN: Final = 10.0
"""Seconds from connecting, or from the first byte of a later request, until its header is there."""

_TELL_EVERY: Final = 60.0
"""Seconds between two lines of the log about those who are hung up on: they may come by the thousand too."""

_LOOPBACK: Final = ("127.0.0.1", 0)


class IngressedHttp(HttpToolsProtocol):
    """HTTP that takes whoever calls for an ingress of the same machine, which is trusted in what it says of others."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self.client = _LOOPBACK


class DirectHttp(IngressedHttp):
    """HTTP from people themselves, of whom some send headers without end, or never do, or come by the thousand.

    They are trusted as through the ingress, which passes on what they say: what ends TLS stands before either.
    """

    _tell_after: ClassVar[float] = 0.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*args, **kwargs)
        self._late: asyncio.TimerHandle | None = None
        self._parsed = 0
        self._unparsed = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        if len(self.connections) > RAY_SERVE_HAPROXY_MAXCONN:
            self._tell_of_too_many()
            transport.abort()
            return
        self._expect_header()

    def _tell_of_too_many(self) -> None:
        now = self.loop.time()
        if now >= DirectHttp._tell_after:
            DirectHttp._tell_after = now + _TELL_EVERY
            _log.warning("%d connections are open, and no more are taken", RAY_SERVE_HAPROXY_MAXCONN)

    def connection_lost(self, exc: Exception | None) -> None:
        self._in_time()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._late is not None and not self.transport.is_closing():
            self._unparsed += len(data)
            if self._unparsed > HEADER_BYTES:
                self.send_400_response("The header is too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._parsed = 0
        self._expect_header()

    def on_url(self, url: bytes) -> None:
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(name, value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_time()
        super().on_headers_complete()

    def _count(self, *parts: bytes) -> None:
        self._parsed += sum(map(len, parts))
        if self._parsed > HEADER_BYTES:
            raise HttpParserError("the header is too large")

    def _expect_header(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(HEADER_WITHIN, self.transport.close)

    def _in_time(self) -> None:
        self._unparsed = 0
        if self._late is not None:
            self._late.cancel()
            self._late = None


async def listen_beside_ingress(
    host: str, port: int, connected: Callable[[], asyncio.Protocol], backlog: int
) -> list[asyncio.Server]:
    """Listen where the ingress does. Raises OSError where somebody else listens, who does not share the address."""
    loop = asyncio.get_running_loop()
    listening: list[asyncio.Server] = []
    try:
        for _ in range(LISTENERS):
            listening.append(await loop.create_server(connected, host, port, backlog=backlog, reuse_port=True))  # noqa: PERF401 - those made before one that fails are closed
    except OSError:
        for server in listening:
            server.close()
        raise
    return listening
