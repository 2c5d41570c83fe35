"""The few REST routes that widgets need, forwarded to the room server; nothing else of it can be reached this way."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from jupyter_server.auth.decorator import authorized
from tornado import web

from rayrooms.errors import TooLargeError
from rayrooms_jupyter.server.answers import RoomsHandler, finish, refuse, refuse_unreachable
from rayrooms_jupyter.server.credentials import page_token, vouched_token
from rayrooms_jupyter.server.upstream import UpstreamError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rayrooms_jupyter.server.upstream import Upstream
    from rayrooms_jupyter.server.vouching import Voucher

_MAX_BODY: Final = 64 * 1024
_MAX_PARAMETER: Final = 200
_PAGING: Final = ("limit", "offset", "before")
"""The query parameters that are forwarded. Jupyter's own `token` is none of them."""


class _ForwardingHandler(RoomsHandler):
    def initialize(self, upstream: Upstream, voucher: Voucher | None) -> None:
        """Without a voucher the page's own token goes upstream."""
        self._upstream = upstream
        self._voucher = voucher

    async def _forward(
        self,
        method: str,
        path: str,
        token: str | None,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> None:
        try:
            answer = await self._upstream.call(method, path, token=token, query=query or {}, body=body)
        except UpstreamError as error:
            self.log.warning("Rayrooms: no answer from the room server: %s", error)
            refuse_unreachable(self)
        else:
            finish(self, answer.status, answer.content_type, answer.body)


class AccountHandler(_ForwardingHandler):
    """Signing in as a guest and staying so. This is about the page's own guest token, vouched for or not."""

    @web.authenticated
    @authorized
    async def post(self, action: str) -> None:
        """`guest` or `renew`."""
        if len(self.request.body) > _MAX_BODY:
            refuse(self, TooLargeError(f"A request holds at most {_MAX_BODY} bytes."))
            return
        await self._forward("POST", f"/api/auth/{action}", page_token(self), body=self.request.body)


class RoomHandler(_ForwardingHandler):
    """Reading about a room."""

    @web.authenticated
    @authorized
    async def get(self, room_id: str, part: str | None = None) -> None:
        """The room itself, or its `members` or `messages`."""
        query: dict[str, str] = {
            name: self.get_query_argument(name) for name in _PAGING if name in self.request.query_arguments
        }
        if any(len(value) > _MAX_PARAMETER for value in query.values()):
            raise web.HTTPError(HTTPStatus.REQUEST_URI_TOO_LONG)
        token = page_token(self) if self._voucher is None else vouched_token(self, self._voucher)
        await self._forward("GET", f"/api/rooms/{room_id}" + (f"/{part}" if part else ""), token, query)
