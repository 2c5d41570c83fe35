"""A connection: who it is, and sending to it that never waits for a slow reader."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING, Any

from rayrooms import protocol
from serve.sockets.payload import Payload

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.types import Message, Send

    from rayrooms.errors import RayroomsError
    from serve.auth.tokens import Identity
    from serve.sockets.limits import Allowance
    from serve.sockets.session import RoomSession
    from serve.sockets.shortcut import Shortcut
    from serve.sockets.tally import GatewayTally, Transport

TRY_AGAIN_LATER = 1013
"""Close code for a reader that is too slow: it comes back and resyncs."""
SERVICE_RESTART = 1012
"""Close code of a server that goes, or is of no use any more: the client comes back, here or elsewhere."""
_GATEWAY_STOPS = "the gateway stops"


def going_away(reason: str) -> Payload:
    """What clients are told before that."""
    return Payload.of(protocol.GoingAway(data=protocol.GoingAwayData(reason=reason)))


class Connection(ABC):
    """A connection with the sessions that it has joined, by room id; how events look on it is its subclass's matter.

    What is sent is written at once while the socket takes it. When it does not, what follows waits in a queue of at
    most `max_waiting` bytes, beyond which the connection is closed: a slow reader costs bounded memory and nobody's
    time. `on_close` is called soon after `close`, which the peer may never hear of.
    """

    __slots__ = (
        "_max_waiting",
        "_on_close",
        "_send",
        "_stalled",
        "_tally",
        "_waiting",
        "_waiting_bytes",
        "allowance",
        "closed",
        "id",
        "identity",
        "penalty",
        "sessions",
        "shortcut",
    )

    def __init__(
        self,
        send: Send,
        connection_id: str,
        *,
        max_waiting: int,
        on_close: Callable[[Connection], None],
        tally: GatewayTally,
    ) -> None:
        self.id = connection_id
        self.identity: Identity | None = None
        self.allowance: Allowance | None = None
        """What its user may still send; of its own until it is known whose it is."""
        self.penalty = 0.0
        """Seconds for which it is not read, for having sent too much."""
        self.sessions: dict[str, RoomSession] = {}
        self.closed = False
        self._send = send
        self._max_waiting = max_waiting
        self._on_close = on_close
        self._tally = tally
        self._waiting: deque[tuple[Message, int]] | None = None
        self._waiting_bytes = 0
        self._stalled: asyncio.Task[None] | None = None
        self.shortcut: Shortcut | None = None

    @property
    @abstractmethod
    def transport(self) -> Transport:
        """What it speaks."""

    @abstractmethod
    def deliver(self, payload: Payload) -> None:
        """Send an event, in order."""

    def rejoined(self, payload: Payload, *, keeps_edits: bool) -> None:  # noqa: ARG002 - for those who wait for answers
        """Send the `room_joined` of a room that was woken.

        What it was sent meanwhile is answered yet, or all but edits.
        """
        self.deliver(payload)

    def refuse(self, error: RayroomsError, ref: int | None, room_id: str | None = None, seq: int | None = None) -> None:
        """Answer a message with an `error` event."""
        data = protocol.ErrorData(
            code=error.code, message=error.message, room_id=room_id, seq=seq, retry_after=error.retry_after
        )
        self.deliver(Payload.of(protocol.Error(data=data, ref=ref)))
        self._tally.refusals[error.code] += 1

    def close(self, code: int, reason: str) -> None:
        """Close the connection and forget what waits."""
        if self.closed:
            return
        self.closed = True
        message = {"type": "websocket.close", "code": code, "reason": reason}
        self._waiting = None
        if self._stalled is None:
            self._write(message)
        else:
            self._waiting = deque([(message, 0)])
        asyncio.get_running_loop().call_soon(self._on_close, self)

    def send_away(self, payload: Payload, reason: str) -> None:
        """Tell its client to come back elsewhere (`going_away`), and close it."""
        self.deliver(payload)
        self.close(SERVICE_RESTART, reason)

    def leave(self) -> None:
        """The gateway stops: say so, and close the connection."""
        if not self.closed:
            self.send_away(going_away(_GATEWAY_STOPS), _GATEWAY_STOPS)

    def take_now(self, data: str | bytes) -> bool:  # noqa: ARG002 - for those who can
        """Take a message as it comes, without waiting for anything. False: not now, or not this one."""
        return False

    def cut(self) -> None:
        """End the connection without a word: whoever reads from it gives it up as soon as it sees that it is closed."""
        if not self.closed:
            self.closed = True
            self._waiting = None
            asyncio.get_running_loop().call_soon(self._on_close, self)

    def _put(self, message: Message, size: int) -> None:
        """Send a message of so many bytes, behind those that were put before it."""
        if self.closed:
            return
        if self._stalled is None:
            self._write(message)
            return
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append((message, size))
        self._waiting_bytes += size
        if self._waiting_bytes > self._max_waiting:
            self._tally.slow_readers += 1
            self.close(TRY_AGAIN_LATER, "reading too slowly")

    def _write(self, message: Message) -> None:
        """Run the send to its first real wait: nearly always it has none, and then no task is needed for it."""
        sending: Coroutine[Any, Any, None] = self._send(message)  # type: ignore[assignment]
        try:
            future = sending.send(None)
        except StopIteration:
            return
        except Exception:  # noqa: BLE001 - whatever the socket's end looks like, the receiving side reports it
            self.closed = True
            return
        self._stalled = asyncio.ensure_future(self._finish(sending, future))

    async def _finish(self, sending: Coroutine[Any, Any, None], future: asyncio.Future[Any] | None) -> None:
        """Drive a send that had to wait, then what queued up behind it."""
        try:
            await _resume(sending, future)
            while self._waiting:
                message, size = self._waiting.popleft()
                self._waiting_bytes -= size
                await self._send(message)
            self._waiting = None
        except Exception:  # noqa: BLE001 - as above: the receiving side sees the socket's end and cleans up
            self.closed = True
        finally:
            self._stalled = None


class WebSocketConnection(Connection):
    """A connection at `/ws`, which speaks JSON text frames or msgpack binary frames; `take_now` is shared by all."""

    __slots__ = ("_binary", "_take_now")

    def __init__(
        self,
        send: Send,
        connection_id: str,
        *,
        binary: bool,
        take_now: Callable[[WebSocketConnection, str | bytes], bool],
        max_waiting: int,
        on_close: Callable[[Connection], None],
        tally: GatewayTally,
    ) -> None:
        super().__init__(send, connection_id, max_waiting=max_waiting, on_close=on_close, tally=tally)
        self._binary = binary
        self._take_now = take_now

    @property
    def transport(self) -> Transport:
        """What it speaks."""
        return "msgpack" if self._binary else "json"

    def take_now(self, data: str | bytes) -> bool:
        """See Connection."""
        return self._take_now(self, data)

    def deliver(self, payload: Payload) -> None:
        """Send an event, in order."""
        if self.shortcut is not None and self._stalled is None and not self.closed:
            frame = payload.binary_frame() if self._binary else payload.text_frame()
            if self.shortcut.send_frame(frame):
                return
        self._put(payload.binary() if self._binary else payload.text(), payload.size)


async def _resume(sending: Coroutine[Any, Any, None], future: asyncio.Future[Any] | None) -> None:
    """Go on with a coroutine that was started by hand and waits for `future`."""
    while True:
        if future is None:
            await asyncio.sleep(0)
        else:
            # A task sees this flag where a future was awaited; we took the future out of its hands.
            future._asyncio_future_blocking = False  # noqa: SLF001
            await asyncio.wait([future])
        try:
            future = sending.send(None)
        except StopIteration:
            return
