"""What a gateway replica is made of, put together in one place."""

from __future__ import annotations

import gc
from functools import partial
from typing import TYPE_CHECKING

import ray

from persistence.database import Database
from persistence.settings import get_settings
from persistence.telemetry.process import start_reporting
from serve.app import create_app
from serve.attendance import GatewayAttendance
from serve.auth.access import RoomAccess
from serve.auth.tokens import Tokens
from serve.cluster import RayCluster
from serve.context import AppContext
from serve.ingress import ENDPOINTS
from serve.live_rooms import LinkedRooms
from serve.socketio.endpoint import SocketIOEndpoint
from serve.sockets.endpoint import SocketEndpoint
from serve.sockets.handlers import Handlers
from serve.sockets.hubs import RoomHubs
from serve.sockets.limits import Allowances
from serve.sockets.locator import Locator
from serve.sockets.online import OnlineUsers
from serve.sockets.open_connections import OpenConnections
from serve.sockets.tally import GatewayTally
from serve.sockets.vacancies import Vacancies

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from persistence.settings import Settings

SOCKET_PATH = "/ws"
SOCKETIO_PATHS = {"/socket.io/", "/socket.io"}


class Replica:
    """An ASGI application: sockets go straight to their endpoints, everything else to the REST app."""

    def __init__(self, settings: Settings) -> None:
        self._database = Database.from_settings(settings)
        access = RoomAccess(self._database, max_members=settings.max_members)
        tokens = Tokens.from_settings(settings)
        self._settings = settings
        tally, handlers_type = _counting(settings)
        self._tally = tally
        locator = Locator()
        self._hubs = RoomHubs(locator, access, Vacancies(self._database), tally)
        online, allowances = OnlineUsers(self._database), Allowances.from_settings(settings)
        handlers = handlers_type(self._hubs, access, tokens, online, allowances)
        self._connections = OpenConnections(tally)
        self._sockets = SocketEndpoint(handlers, settings, self._connections)
        self._socketio = SocketIOEndpoint(handlers, settings, self._connections)
        self._attendance = GatewayAttendance(locator, self._hubs, self._connections)
        live, cluster = LinkedRooms(self._hubs), RayCluster(locator)
        self._rest = create_app(AppContext(settings, self._database, tokens, live, cluster, tally=tally))

    @property
    def sockets(self) -> int:
        """How many sockets are open here."""
        return len(self._connections)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, one socket, or the replica's lifespan."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket" and scope["path"] == SOCKET_PATH:
            await self._sockets(scope, receive, send)
        elif scope["path"] in SOCKETIO_PATHS:
            await self._socketio(scope, receive, send)
        else:
            await self._rest(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        # Long-lived objects are most of the heap; without this every full collection walks them again.
        gc.freeze()
        node = ray.get_runtime_context().get_node_id()
        reporting = start_reporting(self._settings, self._tally.readings, node=node)
        self._attendance.start()
        ENDPOINTS[SOCKET_PATH] = self._sockets
        ENDPOINTS.update(dict.fromkeys(SOCKETIO_PATHS, self._socketio))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        reporting.cancel()
        self._connections.leave_all()
        await self._attendance.end()
        await self._hubs.close()
        await self._database.close()
        await send({"type": "lifespan.shutdown.complete"})


def _counting(settings: Settings) -> tuple[GatewayTally, Callable[..., Handlers]]:
    """What counts, and what makes the handlers: others where edits are traced."""
    if not settings.traces:
        return GatewayTally(), Handlers
    from persistence.telemetry.span_export import tracer  # noqa: PLC0415 - only where it is needed
    from serve.sockets.traced import TracedHandlers, TracedTally  # noqa: PLC0415

    made = tracer(settings.traces, settings.traces_share, node=ray.get_runtime_context().get_node_id())
    return TracedTally(made), partial(TracedHandlers, tracer=made)


def build_replica() -> ASGIApp:
    """The application of this replica, from the settings of its process."""
    return Replica(get_settings())
