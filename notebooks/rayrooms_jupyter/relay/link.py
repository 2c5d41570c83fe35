"""One end of a link: an ordered stream of text frames each way, each frame delivered once. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rayrooms.errors import TooLargeError, UnavailableError
from rayrooms_jupyter.relay.messages import CLOSED, Ack, Close, Data, End, Open
from rayrooms_jupyter.relay.receiver import Receiver
from rayrooms_jupyter.relay.sender import AT_ONCE, NEVER, Sender

if TYPE_CHECKING:
    from rayrooms_jupyter.relay.limits import Limits
    from rayrooms_jupyter.relay.messages import Message
    from rayrooms_jupyter.relay.sender import Packet


@dataclass(frozen=True, slots=True)
class Opened:
    """The kernel has a session with the server."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The next frame of the other end's stream."""

    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The link is over, but not by `finish` at this end; nothing follows."""

    code: str
    reason: str


Event = Opened | Frame | Ended
Phase = Literal["opening", "open", "closing", "over"]


class Link:
    """One end of a link, with all that it knows; what it does not know it is told: messages, frames and the time.

    The view's end is made with `opening`, which it sends; the kernel's end when that arrives. It begins to send with
    `opened`. Whoever drives a link asks `take` for messages while `due` is not in the future, and `take_events` after
    each call. Times are milliseconds on any clock that does not go back, above 0.
    """

    def __init__(self, limits: Limits, now: float, opening: Open | None = None) -> None:
        self.phase: Phase = "opening"
        self._limits = limits
        self._opening = opening
        self._open_at = now
        self._sender = Sender(limits)
        self._receiver = Receiver(limits)
        self._heard_at = now
        self._asked_at = now
        self._linger_until = NEVER
        self._last_words: Close | None = None
        self._events: list[Event] = []

    @property
    def is_full(self) -> bool:
        """Whether the source of the frames should wait."""
        return self._sender.queued >= self._limits.queue_pause

    def take_events(self) -> list[Event]:
        """What happened since it was last asked."""
        events, self._events = self._events, []
        return events

    # -------------------------------------------------------------- this end

    def opened(self) -> None:
        """At the kernel's end: the server has let the view in."""
        if self.phase == "opening":
            self.phase = "open"
            self._sender.greet()

    def push(self, frame: str) -> None:
        """Send a frame; when the link is closing or over, do nothing. The link fails when too much is waiting."""
        if self.phase not in {"opening", "open"}:
            return
        if self._sender.queued >= self._limits.queue_most:
            self._fail(UnavailableError.default_code, "Too much waits to be sent.")
            return
        self._sender.push(frame)

    def finish(self, code: str, reason: str, now: float) -> None:
        """End the link, after what was pushed if it is open. Nothing more is told."""
        self._events.clear()
        if self.phase == "opening":
            self._over(Close(code, reason))
        elif self.phase == "open":
            self.phase = "closing"
            self._linger_until = now + self._limits.linger
            self._sender.end(End(code, reason))

    # -------------------------------------------------------------- the other end

    def receive(self, message: Message, now: float) -> None:
        """Take a message from the other end."""
        if self.phase == "over":
            return
        self._heard_at = now
        match message:
            case Close(code, reason):
                self._ended(code, reason, None)
            case Ack():
                self._acknowledged(message, now)
                if message.ping:
                    self._receiver.hurry()
            case Data():
                self._acknowledged(message, now)
                self._receive_packet(message, now)
            case Open():
                pass  # a repeated one; the answer is on its way or will be sent again

    def _acknowledged(self, message: Data | Ack, now: float) -> None:
        self._sender.acknowledged(message.ack, message.have, now)
        if self.phase == "closing" and self._sender.is_done:
            self._over(None)

    def _receive_packet(self, packet: Data, now: float) -> None:
        if self.phase == "over":
            return
        try:
            frames, end = self._receiver.receive(packet, now)
        except TooLargeError as error:
            self._fail(error.code, error.message)
            return
        if self.phase == "opening" and self._receiver.ack > 0:
            self.phase = "open"
            self._events.append(Opened())
        if self.phase == "open":
            self._events += [Frame(frame) for frame in frames]
        if end is not None:
            self._ended(end.code, end.reason, Close(CLOSED, ""))

    # -------------------------------------------------------------- sending

    def due(self) -> float | None:
        """When `take` should be called, if nothing else happens before; None: never again."""
        if self.phase == "over":
            return None if self._last_words is None else AT_ONCE
        due = min(self._gives_up_at(), self._receiver.due(), self._ping_at())
        if self.phase != "opening":
            due = min(due, self._sender.due())
        elif self._opening is not None:
            due = min(due, self._open_at)
        return due

    def take(self, now: float) -> Message | None:
        """The next message to send, if one is due."""
        if self.phase != "over" and self._gives_up_at() <= now:
            self._give_up()
        if self.phase == "over":
            words, self._last_words = self._last_words, None
            return words
        if self.phase == "opening":
            if self._opening is not None and self._open_at <= now:
                self._open_at = now + self._limits.open_every
                return self._opening
        elif (packet := self._sender.take(now)) is not None:
            return self._data(packet)
        is_asking = self._ping_at() <= now
        if is_asking:
            self._asked_at = now
        if is_asking or self._receiver.due() <= now:
            self._receiver.acknowledged()
            return Ack(self._receiver.ack, self._receiver.have, is_asking)
        return None

    def _data(self, packet: Packet) -> Data:
        self._receiver.acknowledged()
        receiver = self._receiver
        return Data(packet.seq, receiver.ack, receiver.have, packet.frames, packet.more, packet.end)

    def _ping_at(self) -> float:
        """When to ask for a sign of life: only the kernel asks, whose timers run while its page is hidden."""
        if self._opening is not None or self.phase == "opening":
            return NEVER
        return max(self._heard_at, self._asked_at) + self._limits.ping_every

    # -------------------------------------------------------------- ends

    def _gives_up_at(self) -> float:
        return min(self._heard_at + self._limits.dead_after, self._sender.stalled_at(), self._linger_until)

    def _give_up(self) -> None:
        if self.phase == "closing":
            self._over(Close(CLOSED, ""))
        else:
            self._fail(UnavailableError.default_code, "The other end of the relay does not answer.")

    def _fail(self, code: str, reason: str) -> None:
        self._ended(code, reason, Close(code, reason))

    def _ended(self, code: str, reason: str, last_words: Close | None) -> None:
        if self.phase != "closing":
            self._events.append(Ended(code, reason))
        self._over(last_words)

    def _over(self, last_words: Close | None) -> None:
        self.phase = "over"
        self._last_words = last_words
