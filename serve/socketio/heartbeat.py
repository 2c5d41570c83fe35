"""Engine.IO's pings: they keep the way open, and tell when nobody is at its other end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PING_INTERVAL = 25.0
"""Seconds from a pong to the next ping; proxies must bear as much silence."""
PING_TIMEOUT = 20.0
"""Seconds for which a pong is waited for."""


class Heartbeat:
    """Calls `ping` an interval after the last pong, and `on_silence` when no pong has come in time."""

    def __init__(self, ping: Callable[[], None], on_silence: Callable[[], None]) -> None:
        self._ping = ping
        self._on_silence = on_silence
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(PING_INTERVAL, self._beat)

    def _beat(self) -> None:
        self._timer = self._loop.call_later(PING_TIMEOUT, self._on_silence)
        self._ping()

    def answered(self) -> None:
        """A pong came."""
        self._timer.cancel()
        self._timer = self._loop.call_later(PING_INTERVAL, self._beat)

    def stop(self) -> None:
        """Nobody is to be pinged any more."""
        self._timer.cancel()
