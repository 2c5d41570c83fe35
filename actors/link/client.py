"""The gateway's end of a room link: sends messages in batches and hands what arrives to a listener."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, cast

import msgspec

from actors.link import messages as link
from persistence.wire import FrameError, FrameReader, decoder, frame
from rayrooms.errors import RayroomsError, UnavailableError, from_code

if TYPE_CHECKING:
    from actors.host.config import RoomAddress

_CONNECT_TIMEOUT = 5.0
_CALL_TIMEOUT = 15.0
_PING_INTERVAL = 2.0
_MAX_UNSENT = 8 * 1024 * 1024
"""Bytes that may wait for an owner who does not read; beyond that its gateway takes no more messages for it."""
_SILENCE = 6.0
"""Seconds without a word after which an owner counts as lost: it hangs, is stopped, or the network is gone."""

_decode = decoder(list[link.FromRoom])
_encode = msgspec.msgpack.Encoder().encode

CallType = (
    type[link.Peek]
    | type[link.Tail]
    | type[link.ReadChat]
    | type[link.ReadParticipants]
    | type[link.Submit]
    | type[link.TakeSnapshot]
    | type[link.MemberChanged]
)

Event = (
    link.Commits
    | link.Attached
    | link.Detached
    | link.RoleChanged
    | link.Unicast
    | link.Broadcast
    | link.Mark
    | link.Sleep
)


class LinkListener(Protocol):
    """What a link tells its gateway."""

    def on_event(self, event: Event) -> None:
        """Something for the sessions, in the room's order."""

    def on_lost(self) -> None:
        """The link is down; nothing more comes from it."""


class RoomLink(asyncio.Protocol):
    """One connection to the owner of a room. All that is sent in one turn of the loop goes out as one frame."""

    def __init__(self, listener: LinkListener, address: RoomAddress, gateway_id: str) -> None:
        self.address = address
        self.is_full = False
        """Whether more waits for the owner than it should: it does not keep up."""
        self._listener = listener
        self._gateway_id = gateway_id
        self._reader = FrameReader()
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._outbox: list[bytes] = []
        self._calls: dict[int, asyncio.Future[link.Answer]] = {}
        self._next_call = 1
        self._welcome: asyncio.Future[None] = self._loop.create_future()
        self._closed = False
        self._heard = self._loop.time()
        self._beat: asyncio.TimerHandle | None = None

    @classmethod
    async def connect(cls, listener: LinkListener, address: RoomAddress, gateway_id: str) -> RoomLink:
        """Connect and prove ourselves. Raises UnavailableError when the owner is not there, or another one is."""
        loop = asyncio.get_running_loop()
        made = cls(listener, address, gateway_id)
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT):
                await loop.create_connection(lambda: made, address.host, address.port)
                await made._welcome
        except (OSError, TimeoutError) as error:
            made.close()  # an owner that wakes up later must not speak to the listener
            raise UnavailableError("The room's owner cannot be reached.") from error
        if made._closed:  # it welcomed us and was gone before we ran again
            raise UnavailableError("The room's owner went away.")
        return made

    # -------------------------------------------------------------- sending

    def send(self, message: link.ToRoom) -> None:
        """Queue a message for the frame of this turn."""
        if not self._outbox:
            self._loop.call_soon(self._flush)
        self._outbox.append(_encode(message))

    async def call(self, make: CallType, *fields: object) -> link.Answer:
        """Call the room: `make(call, *fields)` is sent, its answer comes back, or its refusal is raised."""
        if self._closed:
            raise UnavailableError("The room's owner cannot be reached.")
        call, self._next_call = self._next_call, self._next_call + 1
        future: asyncio.Future[link.Answer] = self._loop.create_future()
        self._calls[call] = future
        try:
            self.send(make(call, *fields))  # type: ignore[arg-type]
            async with asyncio.timeout(_CALL_TIMEOUT):
                return await future
        except TimeoutError as error:
            raise UnavailableError("The room does not answer.") from error
        finally:
            self._calls.pop(call, None)

    def _flush(self) -> None:
        outbox, self._outbox = self._outbox, []
        if self._transport is not None and outbox:
            self._transport.write(frame(outbox))

    def _ping(self) -> None:
        """Ask for a sign of life while there is none."""
        silent = self._loop.time() - self._heard
        if silent > _SILENCE and self._transport is not None:
            self._transport.abort()
            return
        if silent > _PING_INTERVAL / 2:
            self.send(link.Ping())
        self._beat = self._loop.call_later(_PING_INTERVAL, self._ping)

    def close(self) -> None:
        """Hang up; the listener is not told."""
        self._closed = True
        if self._beat is not None:
            self._beat.cancel()
        if self._transport is not None:
            self._transport.close()

    # -------------------------------------------------------------- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=_MAX_UNSENT)
        address = self.address
        self._transport.write(frame([_encode(link.Hello(address.secret, address.epoch, self._gateway_id))]))

    def pause_writing(self) -> None:
        self.is_full = True

    def resume_writing(self) -> None:
        self.is_full = False

    def data_received(self, data: bytes) -> None:
        self._heard = self._loop.time()
        try:
            for payload in self._reader.feed(data):
                for message in _decode(payload):
                    self._take(message)
        except FrameError:
            if self._transport is not None:
                self._transport.abort()

    def _take(self, message: link.FromRoom) -> None:
        match message:
            case link.Reply():
                self._resolve(message.call, message.answer)
            case link.Failure():
                self._reject(message.call, from_code(message.code, message.message))
            case link.Welcome():
                if not self._welcome.done():
                    self._welcome.set_result(None)
                    self._beat = self._loop.call_later(_PING_INTERVAL, self._ping)
            case link.Pong():
                pass
            case _:
                if not self._closed:
                    self._listener.on_event(message)

    def _resolve(self, call: int, answer: link.Answer) -> None:
        future = self._calls.get(call)
        if future is not None and not future.done():
            future.set_result(answer)

    def _reject(self, call: int, error: RayroomsError) -> None:
        future = self._calls.get(call)
        if future is not None and not future.done():
            future.set_exception(error)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        if self._beat is not None:
            self._beat.cancel()
        gone = UnavailableError("The room's owner went away.")
        if not self._welcome.done():
            self._welcome.set_exception(gone)
            self._welcome.exception()
            return
        for call in list(self._calls):
            self._reject(call, gone)
        if not self._closed:
            self._closed = True
            self._listener.on_lost()
