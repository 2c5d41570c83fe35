"""The comm between a kernel and the front ends, in one process: it delivers what Jupyter would, and loses the rest."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

import msgspec
from rayrooms_jupyter.relay.limits import DEFAULT_LIMITS
from rayrooms_jupyter.relay.link import Ended, Frame, Link, Opened
from rayrooms_jupyter.relay.messages import Address, Open, content, read
from rayrooms_jupyter.relay.outlet import Outlet
from rayrooms_jupyter.relay.pacer import Pacer

if TYPE_CHECKING:
    from collections.abc import Callable

    from rayrooms_jupyter.relay import RelayHub

Content = dict[str, object]
PATIENCE = 20.0


class OutputLimit:
    """Which messages of a kernel a Jupyter server passes on to one front end.

    The rule of jupyter_server 2: a message is dropped while more than 1000 a second passed in the last 3 seconds, until
    it is less than 800. (The limit on bytes counts only what is printed.)
    """

    def __init__(self, *, rate: float = 1000.0, window: float = 3.0) -> None:
        self._rate = rate
        self._window = window
        self._passed: deque[float] = deque()
        self._is_exceeded = False
        self.dropped = 0

    def admits(self, now: float) -> bool:
        while self._passed and self._passed[0] <= now - self._window:
            self._passed.popleft()
        rate = (len(self._passed) + 1) / self._window
        if rate > self._rate:
            self._is_exceeded = True
        elif rate < 0.8 * self._rate:
            self._is_exceeded = False
        if self._is_exceeded:
            self.dropped += 1
            return False
        self._passed.append(now)
        return True


class Comm:
    """Carries what a hub sends to all who listen, and what they send to the hub."""

    def __init__(self) -> None:
        self.hub: RelayHub | None = None
        self.listeners: list[Callable[[Content], None]] = []
        self.sizes: list[int] = []
        self.is_cut = False
        self.passes: Callable[[], bool] = lambda: True
        self.doubles: Callable[[], bool] = lambda: False

    def from_kernel(self, message: Content) -> None:
        """The `send` of a hub."""
        data = msgspec.json.encode(message)
        self.sizes.append(len(data))
        if self.is_cut or not self.passes():
            return
        for _ in range(2 if self.doubles() else 1):
            for listener in list(self.listeners):
                asyncio.get_running_loop().call_soon(listener, msgspec.json.decode(data))

    def to_kernel(self, message: Content) -> None:
        if not self.is_cut and self.hub is not None:
            self.hub.handle(msgspec.json.decode(msgspec.json.encode(message)))


class View:
    """A view's end of a link, as the one in TypeScript, with what it heard."""

    def __init__(self, comm: Comm, *, token: str = "", link: str = "link", view: str = "view") -> None:
        self.address = Address(view, link)
        self.heard: list[str] = []
        self.is_open = False
        self.ended: Ended | None = None
        self._comm = comm
        self._outlet = Outlet(Pacer(bytes_per_second=1e9, messages_per_second=1e9))
        self._link = Link(DEFAULT_LIMITS, self._outlet.now(), Open(token))
        self._news = asyncio.Event()
        comm.listeners.append(self._receive)
        self._outlet.wake(self)

    def push(self, frame: str) -> None:
        self._link.push(frame)
        self._outlet.wake(self)

    def close(self) -> None:
        self._link.finish("closed", "", self._outlet.now())
        self._outlet.wake(self)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something that the kernel's messages bring about."""
        async with asyncio.timeout(PATIENCE):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def opened(self) -> View:
        await self.until(lambda: self.is_open)
        return self

    async def end(self) -> Ended:
        await self.until(lambda: self.ended is not None)
        assert self.ended is not None
        return self.ended

    def due(self) -> float | None:
        return self._link.due()

    def take(self, now: float) -> Content | None:
        message = self._link.take(now)
        self._follow()
        return None if message is None else content(self.address, message)

    def send(self, message: Content) -> None:
        self._comm.to_kernel(message)

    def _receive(self, message: Content) -> None:
        found = read(message)
        if found is None or found[0] != self.address:
            return
        self._link.receive(found[1], self._outlet.now())
        self._follow()
        self._outlet.wake(self)

    def _follow(self) -> None:
        for event in self._link.take_events():
            match event:
                case Opened():
                    self.is_open = True
                case Frame(text):
                    self.heard.append(text)
                case Ended():
                    self.ended = event
        self._news.set()
