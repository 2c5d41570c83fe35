"""What stands in front of a cluster: an address for people that leads to a node that answers."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.chaos.proxy import Proxy

if TYPE_CHECKING:
    from .bed import Bed, ClusterNode

_CONNECT_TIMEOUT = 1.0


class Entrance:
    """Passes connections on to one node, and to the others in turn while that does not take them."""

    def __init__(self, bed: Bed, preferred: ClusterNode) -> None:
        self._bed = bed
        self._preferred = preferred
        self._proxy = Proxy(self._reach)
        self.url = ""

    async def open(self, ip: str) -> None:
        self.url = f"http://{ip}:{await self._proxy.listen(ip)}"

    async def close(self) -> None:
        await self._proxy.close()

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        nodes = self._bed.nodes
        first = nodes.index(self._preferred)
        for node in [*nodes[first:], *nodes[:first]]:
            if node.is_open:
                with suppress(OSError, TimeoutError):
                    return await asyncio.wait_for(asyncio.open_connection(node.host.ip, node.port), _CONNECT_TIMEOUT)
        raise ConnectionRefusedError
