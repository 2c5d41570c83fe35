"""`/ws`: a page's socket to the room server, through Jupyter's login and with Jupyter's user."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado import web
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from rayrooms.protocol import SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK
from rayrooms_jupyter.server.answers import AUTH_RESOURCE, refuse_unreachable
from rayrooms_jupyter.server.credentials import offered_token, vouched_token
from rayrooms_jupyter.server.upstream import UpstreamError

if TYPE_CHECKING:
    from rayrooms_jupyter.server.upstream import Upstream, UpstreamSocket
    from rayrooms_jupyter.server.vouching import Voucher

_MAX_FROM_PAGE: Final = 16 * 1024 * 1024
"""Bytes of a page's frame. Well above what the room server takes, which says so in its own words."""
_BAD_GATEWAY: Final = 1014
"""What a page is told when the room server went without a close code."""


class SocketProxy(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """Passes frames both ways as they are, none before the last one is with the kernel; then close code and reason."""

    _upstream_socket: UpstreamSocket
    _downstream: asyncio.Task[None]

    def initialize(self, upstream: Upstream, voucher: Voucher | None) -> None:
        """Without a voucher the token that the page offers goes upstream."""
        self._upstream = upstream
        self._voucher = voucher

    def set_default_headers(self) -> None:
        """None: those that Jupyter sets are for pages."""

    def set_cors_headers(self) -> None:
        """None: a socket is governed by the origin check."""

    @property
    def max_message_size(self) -> int:
        """Bytes of a frame from the page."""
        return _MAX_FROM_PAGE

    @ws_authenticated
    async def get(self) -> None:
        """Connect to the room server, and only then accept.

        Answers 502 when the room server cannot be reached. Raises HTTPError(403) for the pages of others.
        """
        if not self._is_own_page():
            raise web.HTTPError(HTTPStatus.FORBIDDEN, "Cross-origin sockets are not allowed.")
        if not await ensure_async(self.authorizer.is_authorized(self, self.current_user, "execute", AUTH_RESOURCE)):
            raise web.HTTPError(HTTPStatus.FORBIDDEN)
        offered = self._offered()
        token = offered_token(offered) if self._voucher is None else vouched_token(self, self._voucher)
        known = [name for name in offered if name in {SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK}]
        try:
            self._upstream_socket = await self._upstream.connect(token, known)
        except UpstreamError as error:
            self.log.warning("Rayrooms: no connection to the room server: %s", error)
            refuse_unreachable(self)
            return
        try:
            await super().get()
        finally:
            self._upstream_socket.close()

    def _is_own_page(self) -> bool:
        """As Tornado asks when it accepts; asked before, so that nobody else makes this server connect anywhere."""
        return self.request.headers.get("Sec-Fetch-Site") == "same-origin" or self.check_origin()

    def _offered(self) -> list[str]:
        header = self.request.headers.get("Sec-WebSocket-Protocol", "")
        return [name for part in header.split(",") if (name := part.strip())]

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """What the room server chose of them."""
        chosen = self._upstream_socket.subprotocol
        return chosen if chosen in subprotocols else None

    def open(self) -> None:
        """Begin to pass frames; Jupyter's own pings see to it that a page which is gone does not stay open."""
        super().open()
        self.set_nodelay(True)
        self._downstream = asyncio.create_task(self._pass_down())

    async def on_message(self, message: str | bytes) -> None:
        """Pass a frame up. The next one is read when this one is on its way."""
        await self._upstream_socket.write(message)

    async def _pass_down(self) -> None:
        """To the end of the room server's frames, also when the page is gone: so that its goodbye is heard."""
        socket = self._upstream_socket
        while (frame := await socket.read()) is not None:
            try:
                await self.write_message(frame, binary=isinstance(frame, bytes))
            except WebSocketClosedError:
                continue
        if socket.close_code is None:
            self.close(_BAD_GATEWAY, "the room server is gone")
        else:
            self.close(socket.close_code, socket.close_reason)

    def on_close(self) -> None:
        """Tell the room server what the page said."""
        self._upstream_socket.close(self.close_code, self.close_reason)
