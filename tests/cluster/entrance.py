"""What stands in front of a cluster: an address for people that leads to a node that answers."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import httpx

from tests.chaos.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .bed import Bed, ClusterNode

_CONNECT_TIMEOUT = 1.0
_CHECK_TIMEOUT = 3.0
_CHECK_PAUSE = 1.0
_FAILURES = 2


class Watch:
    """Looks after the nodes' health every second: two failures close a node, one success opens it."""

    def __init__(self, bed: Bed) -> None:
        self._bed = bed
        self._failures: Counter[int] = Counter()

    async def run(self) -> None:
        """Until it is cancelled."""
        async with httpx.AsyncClient(timeout=_CHECK_TIMEOUT) as client:
            while True:
                await asyncio.gather(*(self._look(client, node) for node in self._bed.nodes))
                await asyncio.sleep(_CHECK_PAUSE)

    async def _look(self, client: httpx.AsyncClient, node: ClusterNode) -> None:
        try:
            answers = [await client.get(node.url + path) for path in ("/-/healthz", "/health")]
            is_well = all(answer.is_success for answer in answers)
        except httpx.HTTPError:
            is_well = False
        self._failures[node.number] = 0 if is_well else self._failures[node.number] + 1
        node.is_well_known = self._failures[node.number] < _FAILURES


class Entrance:
    """Passes connections on to one node, and to the others in turn while that is closed or not well."""

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
            if node.is_open and node.is_well_known:
                with suppress(OSError, TimeoutError):
                    return await asyncio.wait_for(asyncio.open_connection(node.host.ip, node.port), _CONNECT_TIMEOUT)
        raise ConnectionRefusedError


@asynccontextmanager
async def open_entrances(bed: Bed, ip: str) -> AsyncIterator[list[str]]:
    """An entrance for each node, all at this address. Yields their URLs."""
    entrances = [Entrance(bed, node) for node in bed.nodes]
    watching = asyncio.create_task(Watch(bed).run())
    try:
        for entrance in entrances:
            await entrance.open(ip)
        yield [entrance.url for entrance in entrances]
    finally:
        watching.cancel()
        for entrance in entrances:
            await entrance.close()
