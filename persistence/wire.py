"""The feed's stream: frames of messages over a raw non-blocking Unix socket, the same for sender and writer.

Raw, because asyncio's transports keep two promises too few. A transport may hold bytes back that it took, so that its
user cannot know what would survive a kill. And when a write fails because the peer was killed, a transport drops what
the peer had sent before and the kernel still holds; here only reading to the end closes a stream.

Each stream is watched through an epoll of its own, which the loop watches: a peer that dies with words of ours unread
leaves an error on the socket, and uvloop stops to watch a socket with an error, whatever is there to be read.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

T = TypeVar("T")

MAX_FRAME: Final = 64 * 1024 * 1024
"""A larger frame is a broken peer: the largest record is a snapshot, far below."""

_READ: Final = 256 * 1024
_KERNEL_BUFFER: Final = 1024 * 1024
_BACKLOG: Final = 1024
_PATH_MAX: Final = 100


class FrameError(Exception):
    """What came is not a frame of the feed."""


def frame(messages: Sequence[bytes]) -> bytes:
    """One frame of already encoded messages: a 4-byte little-endian length and a msgpack array."""
    count = len(messages)
    if count < 16:
        header = bytes((0x90 | count,))
    elif count < 1 << 16:
        header = struct.pack(">BH", 0xDC, count)
    else:
        header = struct.pack(">BI", 0xDD, count)
    body = b"".join((header, *messages))
    return struct.pack("<I", len(body)) + body


def decoder(kind: type[T]) -> Callable[[bytes], T]:
    """A decoder of payloads that are msgpack of `kind`; whatever else the bytes may be raises FrameError.

    That is more than msgspec's own errors: text that is not UTF-8 and arrays too deep for the stack have others.
    """
    decode = msgspec.msgpack.Decoder(kind).decode

    def checked(payload: bytes) -> T:
        try:
            return decode(payload)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise FrameError(f"A frame cannot be read: {error}.") from None

    return checked


class FrameReader:
    """Cuts a byte stream into the payloads of its frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def __len__(self) -> int:
        """Bytes of a frame that is not complete yet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Return the payloads that are complete with `data`. Raises FrameError for a length over MAX_FRAME."""
        buffer = self._buffer
        buffer += data
        payloads, at = [], 0
        while len(buffer) - at >= 4:
            size = int.from_bytes(buffer[at : at + 4], "little")
            if size > MAX_FRAME:
                raise FrameError(f"A frame of {size} bytes is over the limit of {MAX_FRAME}.")
            if len(buffer) - at - 4 < size:
                break
            payloads.append(bytes(buffer[at + 4 : at + 4 + size]))
            at += 4 + size
        del buffer[:at]
        return payloads


class Wire:
    """One connected stream on the running loop.

    `on_frame` gets each payload; `on_drained` is called when all that `send` had to queue is in the kernel; `on_end` is
    called once, when the peer has ended and all it sent was read, or sent what is no frame. Nothing is called after
    `close`.
    """

    def __init__(
        self,
        sock: socket.socket,
        *,
        on_frame: Callable[[bytes], None],
        on_drained: Callable[[], None],
        on_end: Callable[[], None],
    ) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BUFFER)
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._on_frame = on_frame
        self._on_drained = on_drained
        self._on_end = on_end
        self._frames = FrameReader()
        self._unsent = memoryview(b"")
        self._deaf = False
        self._closed = False
        self._reading = True
        self._watched = 0
        self._epoll = select.epoll()
        self._loop.add_reader(self._epoll.fileno(), self._ready)
        self._watch()

    @property
    def idle(self) -> bool:
        """Whether all that was sent is in the kernel."""
        return not self._unsent and not self._deaf

    @property
    def partial(self) -> int:
        """Bytes held of an incoming frame that is not complete yet."""
        return len(self._frames)

    def send(self, data: bytes) -> bool:
        """Hand the bytes to the kernel: True when it took them all. Else they are queued, to be drained in time.

        To be called only while `idle` or to queue a little more. A peer that is gone takes nothing and says so through
        `on_end`.
        """
        if self._deaf or self._closed:
            return False
        if self._unsent:
            self._unsent = memoryview(bytes(self._unsent) + data)
            return False
        self._unsent = memoryview(data)
        self._push()
        self._watch()
        return self.idle

    def pause(self) -> None:
        """Stop reading, so that the peer backs up."""
        self._reading = False
        self._watch()

    def resume(self) -> None:
        """Read again."""
        self._reading = True
        self._watch()

    def read_now(self) -> None:
        """Take all that the peer has sent so far."""
        while not self._closed and self._readable():
            pass

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()
        self._sock.close()

    def _watch(self) -> None:
        """Watch for what there is to do; for nothing at all while that is nothing, since errors always count."""
        wanted = (select.EPOLLIN if self._reading else 0) | (select.EPOLLOUT if self._unsent else 0)
        if self._closed or wanted == self._watched:
            return
        if not self._watched:
            self._epoll.register(self._sock, wanted)
        elif not wanted:
            self._epoll.unregister(self._sock)
        else:
            self._epoll.modify(self._sock, wanted)
        self._watched = wanted

    def _ready(self) -> None:
        # Which of the two it is, trying tells as well as asking the epoll would.
        if self._reading:
            self._readable()
        if self._unsent and not self._closed:
            self._writable()

    def _push(self) -> None:
        while self._unsent:
            try:
                taken = self._sock.send(self._unsent, socket.MSG_NOSIGNAL)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:  # the peer is gone; what it had sent before is still to be read
                self._deaf = True
                self._unsent = memoryview(b"")
                return
            self._unsent = self._unsent[taken:]

    def _writable(self) -> None:
        self._push()
        self._watch()
        if self.idle:
            self._on_drained()

    def _readable(self) -> bool:
        try:
            data = self._sock.recv(_READ)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            data = b""
        try:
            payloads = self._frames.feed(data)
        except FrameError:
            payloads, data = [], b""
        for payload in payloads:
            self._on_frame(payload)
            if self._closed:
                return False
        if not data:
            self.close()
            self._on_end()
        return bool(data)


def connect(path: Path) -> socket.socket:
    """Connect to a listening Unix socket without blocking. Raises OSError when nobody listens or the queue is full."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        with _short(path) as address:
            sock.connect(address)
    except OSError:
        sock.close()
        raise
    return sock


def listen(path: Path) -> socket.socket:
    """Listen at `path`, for this user only; takes the place of a socket that an earlier process left there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        with _short(fresh) as address:
            sock.bind(address)
        fresh.chmod(0o600)
        sock.listen(_BACKLOG)
        fresh.replace(path)
    except OSError:
        sock.close()
        raise
    return sock


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """An address for the path that fits into the 107 bytes of a Unix socket address."""
    if len(os.fsencode(path)) <= _PATH_MAX:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)
