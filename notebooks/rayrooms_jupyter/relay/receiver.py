"""The receiving side of one stream: order, whole frames, acknowledgements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rayrooms.errors import TooLargeError
from rayrooms_jupyter.relay.sender import AT_ONCE, NEVER

if TYPE_CHECKING:
    from rayrooms_jupyter.relay.limits import Limits
    from rayrooms_jupyter.relay.messages import Data, End


class Receiver:
    """Puts a stream together again from packets that are lost, doubled and out of order."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._next_seq = 1
        self._early: dict[int, Data] = {}
        self._pieces: list[str] = []
        self._pieces_size = 0
        self._unacknowledged = 0
        self._owed_at = NEVER

    @property
    def ack(self) -> int:
        """All packets up to this one have come."""
        return self._next_seq - 1

    @property
    def have(self) -> tuple[int, ...]:
        """Those that have come although one before them has not."""
        return tuple(sorted(self._early))

    def receive(self, packet: Data, now: float) -> tuple[list[str], End | None]:
        """The frames that are complete with `packet`, in order, and the end of the stream if it has been reached.

        Raises TooLargeError for a frame that nobody needs.
        """
        if (
            packet.seq < self._next_seq
            or packet.seq in self._early
            or packet.seq >= self._next_seq + self._limits.window
        ):
            self.hurry()
            return [], None
        self._early[packet.seq] = packet
        self._unacknowledged += 1
        self._owed_at = min(self._owed_at, now + self._limits.ack_delay)
        frames: list[str] = []
        end: End | None = None
        while (following := self._early.pop(self._next_seq, None)) is not None:
            self._next_seq += 1
            self._assemble(following, frames)
            end = following.end
        if self._early or self._unacknowledged >= self._limits.ack_every:
            self.hurry()
        return frames, end

    def _assemble(self, packet: Data, frames: list[str]) -> None:
        last = len(packet.frames) - 1
        for number, piece in enumerate(packet.frames):
            self._pieces.append(piece)
            self._pieces_size += len(piece)
            if self._pieces_size > self._limits.frame_most:
                raise TooLargeError("A frame is longer than any that is needed.")
            if number < last or not packet.more:
                frames.append("".join(self._pieces))
                self._pieces.clear()
                self._pieces_size = 0

    # -------------------------------------------------------------- acknowledgements

    def due(self) -> float:
        """When an acknowledgement should go, if no packet does before."""
        return self._owed_at

    def hurry(self) -> None:
        """Acknowledge at once."""
        self._owed_at = AT_ONCE

    def acknowledged(self) -> None:
        """What `ack` and `have` say has been sent."""
        self._unacknowledged = 0
        self._owed_at = NEVER
