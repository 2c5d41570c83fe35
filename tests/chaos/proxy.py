"""A proxy for byte streams that can do what networks do: delay, lose, stand still, half open, reset."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

Mode = Literal["pass", "delay", "drop", "stall", "half_open", "reset"]
"""`delay`: all bytes come later. `drop`: bytes are lost; what lost some is cut in the end, as TCP would. `stall`:
nothing is read or answered, and goes on in the end where it stood. `half_open`: the far side is cut off and the near
side not told, before the end. `reset`: all are cut at once and nobody is let in.
"""

_LOSES = {"drop", "half_open"}
_CHUNK = 64 * 1024

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Rule = tuple[Mode, float]
"""A mode, and the delay in seconds."""


class Proxy:
    """Listens at one place and passes on to another.

    The latest mode that was imposed and not yet lifted holds; without one the latest of `general`, which several
    proxies may share: whoever changes that calls `follow` on each.
    """

    def __init__(self, connect: Callable[[], Awaitable[Stream]], general: list[Rule] | None = None) -> None:
        self._connect = connect
        self._general = general if general is not None else []
        self._imposed: list[Rule] = []
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None
        self.pairs: set[Pair] = set()

    async def listen(self, host: str, port: int = 0) -> int:
        """Begin; returns the port."""
        self._server = await asyncio.start_server(self._accept, host, port)
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for pair in list(self.pairs):
            pair.cut()
        await asyncio.gather(*(pair.task for pair in self.pairs), return_exceptions=True)

    @property
    def mode(self) -> Mode:
        return self._rule[0]

    @property
    def delay(self) -> float:
        return self._rule[1]

    @property
    def _rule(self) -> Rule:
        return (self._imposed or self._general or [("pass", 0.0)])[-1]

    @contextmanager
    def imposed(self, mode: Mode, delay: float = 0.0) -> Iterator[None]:
        """Impose a mode for the time of a block."""
        rule = (mode, delay)
        self._imposed.append(rule)
        self.follow()
        try:
            yield
        finally:
            self._imposed.remove(rule)
            self.follow()

    def follow(self) -> None:
        """The mode may have changed: cut what must be cut, and let all others look."""
        for pair in list(self.pairs):
            if self.mode == "reset" or (pair.damaged and self.mode not in _LOSES):
                pair.cut()
            elif self.mode == "half_open":
                pair.cut_far()
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self) -> None:
        """Wait until the mode is another."""
        await self._changed.wait()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mode == "reset":
            _reset(writer)
            return
        task = asyncio.current_task()
        assert task is not None
        pair = Pair(self, (reader, writer), task)
        self.pairs.add(pair)
        try:
            await pair.run(self._connect)
        except asyncio.CancelledError:
            return  # the streams of this version of asyncio call it an error when their callback is cancelled
        finally:
            pair.end()
            self.pairs.discard(pair)


class Pair:
    """A connection from the near side and its continuation to the far side."""

    def __init__(self, proxy: Proxy, near: Stream, task: asyncio.Task[None]) -> None:
        self.damaged = False
        self.task = task
        self._proxy = proxy
        self._near = near
        self._far: Stream | None = None

    async def run(self, connect: Callable[[], Awaitable[Stream]]) -> None:
        """Pass on, until either side closes or this is cut."""
        proxy = self._proxy
        while proxy.mode in {"stall", "drop", "half_open"}:
            self.damaged = self.damaged or proxy.mode != "stall"
            await proxy.changed()
        if self.damaged:
            return
        with suppress(OSError):
            self._far = await connect()
            pumps = [
                asyncio.ensure_future(self._pump(self._near[0], self._far[1])),
                asyncio.ensure_future(self._pump(self._far[0], self._near[1])),
            ]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        proxy = self._proxy
        while True:
            try:
                data = await reader.read(_CHUNK)
            except OSError:
                data = b""
            if proxy.mode == "delay":
                await asyncio.sleep(proxy.delay)
            while proxy.mode == "stall" or (proxy.mode in _LOSES and not data):
                self.damaged = self.damaged or proxy.mode in _LOSES
                await proxy.changed()
            if proxy.mode in _LOSES:
                self.damaged = True
            elif self.damaged or not data:
                return
            else:
                with suppress(OSError):
                    writer.write(data)
                    await writer.drain()

    def cut_far(self) -> None:
        """The far side hears that all is over; the near side hears nothing."""
        self.damaged = True
        if self._far is not None:
            _reset(self._far[1])

    def cut(self) -> None:
        """End it, and let both sides know."""
        _reset(self._near[1])
        if self._far is not None:
            _reset(self._far[1])
        self.task.cancel()

    def end(self) -> None:
        """Close both sides, in order unless something was lost."""
        for stream in (self._near, self._far):
            if stream is not None:
                if self.damaged:
                    _reset(stream[1])
                else:
                    stream[1].close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close at once, so that the other end gets a reset and not an orderly end."""
    with suppress(OSError):
        found: socket.socket | None = writer.get_extra_info("socket")
        if found is not None and found.fileno() >= 0 and found.family != socket.AF_UNIX:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
