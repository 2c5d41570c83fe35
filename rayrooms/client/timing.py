"""When a client tries again and when it gives up on a connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rayrooms.errors import RayroomsError


@dataclass(frozen=True, slots=True)
class Timing:
    """All in seconds.

    `ping_every` keeps proxies from closing a quiet connection. A connection is given up when nothing came for
    `dead_after`, when edits were not acknowledged for `unacked_after`, or when a join was not answered for
    `join_timeout`. Waits before a new try grow from `retry_first` to `retry_most`.
    """

    ping_every: float = 20.0
    dead_after: float = 45.0
    unacked_after: float = 15.0
    join_timeout: float = 15.0
    connect_timeout: float = 10.0
    retry_first: float = 0.25
    retry_most: float = 15.0
    close_timeout: float = 10.0
    tick: float = 1.0
    """How often the connection is looked after."""

    def backoff(self, attempt: int, uniform: Callable[[float, float], float]) -> float:
        """How long to wait before try number `attempt` (from 0): anything up to a bound that doubles each time.

        Full jitter, as in Brooker, "Exponential Backoff and Jitter" (2015): clients that lost one server do not all
        come back at once.
        """
        return uniform(0.0, min(self.retry_most, self.retry_first * 2.0 ** min(attempt, 32)))

    def wait(self, attempt: int, error: RayroomsError | None, uniform: Callable[[float, float], float]) -> float:
        """The same after a refusal: no sooner than the server asked for, within `retry_most`."""
        asked = error.retry_after if error is not None and error.retry_after is not None else 0.0
        return min(max(asked, 0.0), self.retry_most) + self.backoff(attempt, uniform)
