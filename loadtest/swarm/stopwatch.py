"""Times from one user of this process to another, and what Locust is told of them."""

from __future__ import annotations

import time

from locust import events

_REMEMBERED = 100_000


class Stopwatch:
    """When each edit or message of this process was sent; the oldest are forgotten."""

    def __init__(self) -> None:
        self._times: dict[tuple[str, int | str], float] = {}

    def sent(self, who: str, what: int | str) -> None:
        """Something is sent. A repeat counts from the first time: that is how long its author has waited."""
        self._times.setdefault((who, what), time.perf_counter())
        if len(self._times) > _REMEMBERED:
            del self._times[next(iter(self._times))]

    def came(self, name: str, who: str, what: int | str) -> None:
        """It came to somebody: tell Locust how long that took, if it was sent from this process."""
        sent = self._times.get((who, what))
        if sent is not None:
            record(name, since(sent))


def since(began: float) -> float:
    """Milliseconds since `began`, a value of the performance counter."""
    return (time.perf_counter() - began) * 1000


def record(name: str, milliseconds: float, error: Exception | None = None) -> None:
    """Tell Locust of something that came over a WebSocket, or failed there."""
    events.request.fire(
        request_type="WS", name=name, response_time=milliseconds, response_length=0, exception=error, context={}
    )
