"""The sending side of one stream: queue, packets, window, resending."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rayrooms_jupyter.relay.limits import Limits
    from rayrooms_jupyter.relay.messages import End

AT_ONCE = 0.0
"""A time that has always come."""
NEVER = math.inf


@dataclass(slots=True)
class Packet:
    """Frames under one number, as they were first sent: what is sent again must be the same."""

    seq: int
    frames: tuple[str, ...]
    more: bool
    end: End | None
    sent_at: float
    tries: int = 1


class Sender:
    """Cuts frames into packets, and has each of them sent until it is acknowledged.

    Selective repeat. The time after which a packet goes again follows the measured round trips (Jacobson and Karels
    1988, as in RFC 6298; only packets that were sent once are measured, after Karn and Partridge 1987). When it has
    passed, only the oldest packet goes again, each time after twice the wait, so that a kernel that is busy and
    answers nobody finds one packet many times, not many; the others follow once an acknowledgement shows that the way
    is open.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._queue: deque[tuple[str, bool]] = deque()
        self._queued = 0
        self._end: End | None = None
        self._greets = False
        self._next_seq = 1
        self._flight: dict[int, Packet] = {}
        self._lost: deque[int] = deque()
        self._last_new_at = -limits.coalesce
        self._progress_at = 0.0
        self._round_trip: float | None = None
        self._variation = 0.0
        self._resend_after = limits.resend_first
        self._timeouts = 0

    @property
    def queued(self) -> int:
        """How much waits for its first sending, in code points, each frame counting one more."""
        return self._queued

    @property
    def is_done(self) -> bool:
        """Whether all was acknowledged, the end of the stream included."""
        return self._end is None and not self._greets and not self._queue and not self._flight

    def greet(self) -> None:
        """Send a first packet even if there is no frame for it."""
        self._greets = True

    def push(self, frame: str) -> None:
        """Queue a frame."""
        most = self._limits.packet - 1
        for start in range(0, len(frame) or 1, most):
            piece = frame[start : start + most]
            self._queue.append((piece, start + most < len(frame)))
            self._queued += len(piece) + 1

    def end(self, end: End) -> None:
        """Let the stream end after what is queued."""
        self._end = end

    # -------------------------------------------------------------- sending

    def due(self) -> float:
        """When `take` has something, if nothing else happens before."""
        if self._lost:
            return AT_ONCE
        due = NEVER
        if self._flight:
            oldest = next(iter(self._flight.values()))
            due = oldest.sent_at + min(self._resend_after * 2.0**self._timeouts, self._limits.resend_most)
        if self._has_new():
            is_full = self._queued >= self._limits.packet
            due = min(due, AT_ONCE if is_full else self._last_new_at + self._limits.coalesce)
        return due

    def stalled_at(self) -> float:
        """When a wait for an acknowledgement becomes too long."""
        return self._progress_at + self._limits.dead_after if self._flight else NEVER

    def take(self, now: float) -> Packet | None:
        """The packet to send now, if there is one."""
        if self.due() > now:
            return None
        if self._lost:
            return self._again(self._flight[self._lost.popleft()], now)
        if self._has_new():
            return self._new(now)
        self._timeouts += 1
        return self._again(next(iter(self._flight.values())), now)

    def _has_new(self) -> bool:
        oldest = next(iter(self._flight), self._next_seq)
        return self._next_seq < oldest + self._limits.window and (
            bool(self._queue) or self._greets or self._end is not None
        )

    def _new(self, now: float) -> Packet:
        frames: list[str] = []
        room = self._limits.packet
        more = False
        while self._queue and not more and len(self._queue[0][0]) < room:
            piece, more = self._queue.popleft()
            frames.append(piece)
            room -= len(piece) + 1
            self._queued -= len(piece) + 1
        end = None
        if not self._queue:
            end, self._end = self._end, None
        packet = Packet(self._next_seq, tuple(frames), more, end, now)
        if not self._flight:
            self._progress_at = now
        self._flight[packet.seq] = packet
        self._next_seq += 1
        self._greets = False
        self._last_new_at = now
        return packet

    def _again(self, packet: Packet, now: float) -> Packet:
        packet.tries += 1
        packet.sent_at = now
        return packet

    # -------------------------------------------------------------- acknowledgements

    def acknowledged(self, ack: int, have: Iterable[int], now: float) -> None:
        """All packets up to `ack` have arrived, and those in `have`."""
        arrived = [seq for seq in self._flight if seq <= ack]
        arrived += [seq for seq in have if seq > ack]
        has_progress = False
        measured = None
        for seq in arrived:
            packet = self._flight.pop(seq, None)
            if packet is not None:
                has_progress = True
                measured = packet if packet.tries == 1 else measured
        if not has_progress:
            return
        if measured is not None:
            self._measure(now - measured.sent_at)
        self._timeouts = 0
        self._progress_at = now
        self._lost = deque(seq for seq, packet in self._flight.items() if now - packet.sent_at >= self._resend_after)

    def _measure(self, sample: float) -> None:
        if self._round_trip is None:
            self._round_trip = sample
            self._variation = sample / 2.0
        else:
            self._variation += (abs(self._round_trip - sample) - self._variation) / 4.0
            self._round_trip += (sample - self._round_trip) / 8.0
        limits = self._limits
        self._resend_after = min(
            max(self._round_trip + 4.0 * self._variation, limits.resend_least), limits.resend_usual
        )
