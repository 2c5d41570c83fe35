"""How fast all links of a kernel together may send. Pure."""

from __future__ import annotations

_MS = 1000.0


class Pacer:
    """Admits messages at a rate of bytes and of messages, with some of each ahead of time (a virtual scheduling GCRA).

    Jupyter servers drop what goes over 1000 messages or 1 MB a second in a window of 3 seconds. With the default of
    half of that in bytes and a fifth in messages, and a burst of one second, any such window stays below it, and
    leaves room for what else the kernel prints. Times are milliseconds.
    """

    def __init__(
        self, *, bytes_per_second: float = 500_000.0, messages_per_second: float = 200.0, burst: float = 1000.0
    ) -> None:
        self._bytes_per_second = bytes_per_second
        self._messages_per_second = messages_per_second
        self._burst = burst
        self._paid_bytes = 0.0
        self._paid_messages = 0.0

    def ready_at(self) -> float:
        """When the next message may go, of whatever size."""
        return max(self._paid_bytes, self._paid_messages) - self._burst

    def spend(self, size: int, now: float) -> None:
        """A message of `size` bytes goes."""
        self._paid_bytes = max(self._paid_bytes, now) + size * _MS / self._bytes_per_second
        self._paid_messages = max(self._paid_messages, now) + _MS / self._messages_per_second
