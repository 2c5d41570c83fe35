"""Which handler serves what under `{base_url}rayrooms/`."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from rayrooms_jupyter.server.answers import MisconfiguredHandler
from rayrooms_jupyter.server.forward import AccountHandler, RoomHandler
from rayrooms_jupyter.server.session import SessionHandler
from rayrooms_jupyter.server.socket_proxy import SocketProxy
from rayrooms_jupyter.server.static_files import STATIC, BundleHandler
from rayrooms_jupyter.server.upstream import Upstream
from rayrooms_jupyter.server.vouching import Voucher

if TYPE_CHECKING:
    from tornado.web import RequestHandler

    from rayrooms_jupyter.server.config import ProxySettings

    Routes = list[tuple[str, type[RequestHandler], dict[str, Any]]]

_ROOM_ID = r"([A-Za-z0-9][A-Za-z0-9._~-]{0,63})"
_SERVED = (r"session", r"ws", r"api/auth/(guest|renew)", rf"api/rooms/{_ROOM_ID}(?:/(members|messages))?")


def proxy_routes(base_url: str, settings: ProxySettings) -> Routes:
    """Everything."""
    upstream = Upstream(settings.url)
    voucher = None if settings.secret is None else Voucher(settings.secret, time.time)
    session, socket, account, room = (_under(base_url, path) for path in _SERVED)
    forwarding = {"upstream": upstream, "voucher": voucher}
    return [
        (session, SessionHandler, {"settings": settings, "voucher": voucher}),
        (socket, SocketProxy, forwarding),
        (account, AccountHandler, forwarding),
        (room, RoomHandler, forwarding),
        _static_route(base_url),
    ]


def refusing_routes(base_url: str, reason: str) -> Routes:
    """The same with an unusable configuration: only the files are served."""
    refusing = [(_under(base_url, path), MisconfiguredHandler, {"reason": reason}) for path in _SERVED]
    return [*refusing, _static_route(base_url)]


def _static_route(base_url: str) -> tuple[str, type[RequestHandler], dict[str, Any]]:
    return (_under(base_url, r"static/([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+)"), BundleHandler, {"path": str(STATIC)})


def _under(base_url: str, path: str) -> str:
    return re.escape(base_url.rstrip("/")) + "/rayrooms/" + path
