"""When a link sends, sends again and gives up, and how much it holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in milliseconds, sizes in code points. Both ends of a link must go by the same `packet` and `window`.

    A code point is 4 bytes in UTF-8 at most, but one mostly: a full packet is about 50 kB of common text, and 160 kB
    of the worst.
    """

    packet: int = 40_000
    """The most in one packet; each frame in it counts one more."""
    window: int = 16
    """Packets on their way, from the oldest that is not acknowledged."""
    coalesce: float = 50.0
    """Between packets that are not full. The first after a quiet time goes at once."""
    ack_delay: float = 100.0
    """How long an acknowledgement waits for a packet to ride on."""
    ack_every: int = 4
    """So many packets are acknowledged at once."""
    resend_first: float = 1_000.0
    """Before a packet goes again, while no round trip has been measured."""
    resend_least: float = 300.0
    """Well over the 100 ms that an acknowledgement may wait and the 40 ms of Jupyter's own delay."""
    resend_usual: float = 2_000.0
    """The most that measured round trips make of it: a kernel that was busy for a minute is not slow for ever."""
    resend_most: float = 8_000.0
    """The most that doubling with each vain try makes of it."""
    open_every: float = 1_000.0
    """How often an unanswered `open` is repeated."""
    ping_every: float = 15_000.0
    """How long the kernel's end hears nothing before it asks, and between its questions."""
    dead_after: float = 60_000.0
    """Of silence, or without an acknowledgement that is due."""
    linger: float = 5_000.0
    """How long an end that was closed tries to deliver what it still has."""
    queue_pause: int = 500_000
    """From here on the stream is full: its source should wait."""
    queue_most: int = 8_000_000
    """A source that does not wait is cut off here."""
    frame_most: int = 64 * 1024 * 1024
    """The longest frame that is put together from packets."""


DEFAULT_LIMITS = Limits()
