"""Proxies between gateways and rooms: each port of a room is mirrored at the address that gateways are told."""

from __future__ import annotations

import asyncio
import socket
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .proxy import Mode, Rule

_TABLE = Path("/proc/net/tcp")
_LISTENING = "0A"
_EVERY = 0.1


class Links:
    """Rooms listen at `real`; gateways connect to `told`, an address of this machine that nobody else uses."""

    def __init__(self, *, told: str, real: str) -> None:
        self._told = told
        self._real = real
        self._proxies: dict[int, Proxy] = {}
        self._general: list[Rule] = []
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._follow())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for proxy in self._proxies.values():
            await proxy.close()

    @property
    def crowded(self) -> int:
        """The most connections that any room has."""
        return max((len(proxy.pairs) for proxy in self._proxies.values()), default=0)

    def mirrors(self, port: int | None) -> bool:
        """Whether the room at this port is reached through here yet."""
        return port in self._proxies

    @contextmanager
    def imposed(self, mode: Mode, delay: float = 0.0, *, port: int | None = None) -> Iterator[None]:
        """Impose a mode on the room at `port`, or on all there are and those that come meanwhile."""
        proxy = self._proxies.get(port or 0)
        if proxy is not None:
            with proxy.imposed(mode, delay):
                yield
            return
        rule = (mode, delay)
        self._general.append(rule)
        self._tell()
        try:
            yield
        finally:
            self._general.remove(rule)
            self._tell()

    def _tell(self) -> None:
        for proxy in self._proxies.values():
            proxy.follow()

    async def _follow(self) -> None:
        """A warm actor listens long before anybody is told of it, so looking now and then is enough."""
        while True:
            there = await asyncio.to_thread(listening, self._real)
            for port in there - self._proxies.keys():
                await self._mirror(port)
            for port in self._proxies.keys() - there:
                await self._proxies.pop(port).close()
            await asyncio.sleep(_EVERY)

    async def _mirror(self, port: int) -> None:
        proxy = Proxy(partial(asyncio.open_connection, self._real, port), self._general)
        await proxy.listen(self._told, port)
        self._proxies[port] = proxy


def listening(address: str) -> set[int]:
    """The ports on which anybody listens at an IPv4 address of this machine."""
    wanted = socket.inet_aton(address)[::-1].hex().upper()
    rows = (line.split() for line in _TABLE.read_text().splitlines()[1:])
    return {
        int(row[1].partition(":")[2], 16) for row in rows if row[3] == _LISTENING and row[1].partition(":")[0] == wanted
    }
