"""The way out of the kernel, shared by all links of all widgets: one message at a time, as fast as the pacer admits."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Protocol
from weakref import WeakKeyDictionary

import msgspec

from rayrooms_jupyter.relay.pacer import Pacer

_log = logging.getLogger(__name__)

_MS = 1000.0
_ENVELOPE = 600
"""Bytes that Jupyter's own headers add to a message, about."""


class Source(Protocol):
    """What has messages to send now and then."""

    def due(self) -> float | None:
        """When `take` should be called, in milliseconds of the loop's clock; None: not before the next `wake`."""

    def take(self, now: float) -> dict[str, object] | None:
        """The content of the next message, if one is due."""

    def send(self, content: dict[str, object]) -> None:
        """Hand it to the comm."""


class Outlet:
    """Lets sources take turns. Used on its event loop only."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer
        self._turns: deque[Source] = deque()
        self._timers: dict[Source, asyncio.TimerHandle] = {}
        self._next: asyncio.Handle | None = None

    def now(self) -> float:
        """Milliseconds."""
        return asyncio.get_running_loop().time() * _MS

    def wake(self, source: Source) -> None:
        """Something happened to `source`: see when it is due."""
        timer = self._timers.pop(source, None)
        if timer is not None:
            timer.cancel()
        if source in self._turns:
            return
        due = source.due()
        if due is None:
            return
        if due > self.now():
            self._timers[source] = asyncio.get_running_loop().call_at(due / _MS, self.wake, source)
            return
        self._turns.append(source)
        if self._next is None:
            # In its own turn of the loop, so that all that arrived in this one goes in one message.
            self._next = asyncio.get_running_loop().call_soon(self._run)

    def _run(self) -> None:
        while self._turns:
            now = self.now()
            ready_at = self._pacer.ready_at()
            if ready_at > now:
                self._next = asyncio.get_running_loop().call_at(ready_at / _MS, self._run)
                return
            source = self._turns.popleft()
            content = source.take(now)
            if content is not None:
                self._pacer.spend(len(msgspec.json.encode(content)) + _ENVELOPE, now)
                self._send(source, content)
            self.wake(source)
        self._next = None

    def _send(self, source: Source, content: dict[str, object]) -> None:
        try:
            source.send(content)
        except Exception as error:  # noqa: BLE001 - a comm that is closed loses messages, as one that is cut does
            _log.debug("The comm did not take a message of the relay: %s", error)


_outlets: WeakKeyDictionary[asyncio.AbstractEventLoop, Outlet] = WeakKeyDictionary()


def outlet_of_loop() -> Outlet:
    """The outlet of all that runs on the running loop."""
    loop = asyncio.get_running_loop()
    outlet = _outlets.get(loop)
    if outlet is None:
        outlet = _outlets[loop] = Outlet(Pacer())
    return outlet
