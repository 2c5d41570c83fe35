"""The HTTP server of uvicorn, but it listens beside its port for its own node's ingress, and for people.

For the ingress on a Unix socket: what passes between two processes costs half as much there as on a TCP connection of
one machine. For people at the ingress' own address, so that most of what they send does not pass the ingress at all.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import ray
import uvicorn
from ray.serve import get_replica_context
from ray.serve.exceptions import RayServeException

from persistence.settings import get_settings
from serve.direct_http import DirectHttp, IngressedHttp, listen_beside_ingress
from serve.local_socket import local_address, local_name

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

_log = logging.getLogger(__name__)


class LocalServer(uvicorn.Server):
    """Has more than its port to listen at; only the port, where the others are taken."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not is_gateway():  # Serve's own proxy, which stands by where no gateway is well
            return
        loop, backlog, settings = asyncio.get_running_loop(), self.config.backlog, get_settings()
        name = local_name(ray.get_runtime_context().get_node_id(), self.config.port)
        try:
            connected = self._factory(IngressedHttp)
            self.servers.append(await loop.create_unix_server(connected, local_address(name), backlog=backlog))
        except OSError as error:
            _log.warning("no Unix socket %s, the ingress comes by TCP: %s", name, error)
        if not settings.direct:
            return
        try:
            connected = self._factory(DirectHttp)
            self.servers += await listen_beside_ingress(settings.host, settings.port, connected, backlog)
        except OSError as error:
            _log.warning("port %d is not shared, everybody comes by the ingress: %s", settings.port, error)

    def _factory(self, protocol: type[IngressedHttp]) -> Callable[[], asyncio.Protocol]:
        loop, config = asyncio.get_running_loop(), self.config
        return lambda: protocol(config, self.server_state, self.lifespan.state, loop)


def is_gateway() -> bool:
    """Whether this process is a replica of Serve."""
    try:
        get_replica_context()
    except RayServeException:
        return False
    return True


def install() -> None:
    """Have servers of this process that are made from now on be of this kind."""
    uvicorn.Server = LocalServer  # type: ignore[misc] # Serve looks it up there
