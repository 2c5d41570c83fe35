"""The HTTP server of uvicorn, but it listens for its own node's ingress on a Unix socket as well.

What passes between two processes costs half as much there as on a TCP connection of one machine.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import ray
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from serve.local_socket import local_address, local_name

if TYPE_CHECKING:
    import socket

LOOPBACK = ("127.0.0.1", 0)
"""Who calls through a Unix socket, for whatever trusts an ingress on the same machine."""

_log = logging.getLogger(__name__)


class LocalHttp(HttpToolsProtocol):
    """HTTP on a Unix socket, which knows no address of its peer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self.client = LOOPBACK


class LocalServer(uvicorn.Server):
    """Has a Unix socket for its port; without one, where it is taken, only the port."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        name = local_name(ray.get_runtime_context().get_node_id(), self.config.port)
        try:
            self.servers.append(await self._listen(name))
        except OSError as error:
            _log.warning("no Unix socket %s, the ingress comes by TCP: %s", name, error)

    async def _listen(self, name: str) -> asyncio.Server:
        loop, config = asyncio.get_running_loop(), self.config

        def connected() -> LocalHttp:
            return LocalHttp(config, self.server_state, self.lifespan.state, loop)

        return await loop.create_unix_server(connected, local_address(name), backlog=config.backlog)


def install() -> None:
    """Have servers of this process that are made from now on be of this kind."""
    uvicorn.Server = LocalServer  # type: ignore[misc] # Serve looks it up there
