"""Frames and the raw stream under the feed."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence import wire

from .senders import LOOPS, run, until

if TYPE_CHECKING:
    from pathlib import Path

    from .senders import LoopFactory


@given(
    st.lists(st.lists(st.binary(max_size=300), max_size=20), max_size=8),
    st.lists(st.integers(min_value=1, max_value=400), min_size=1, max_size=40),
)
def test_frames_come_out_as_they_went_in_however_the_stream_is_cut(groups: list[list[bytes]], cuts: list[int]) -> None:
    """FEED-1: a frame is a length and a msgpack array; reading does not depend on how the bytes arrive."""
    stream = b"".join(wire.frame([msgspec.msgpack.encode(item) for item in group]) for group in groups)
    reader = wire.FrameReader()
    payloads: list[bytes] = []
    at = turn = 0
    while at < len(stream):
        cut = cuts[turn % len(cuts)]
        payloads += reader.feed(stream[at : at + cut])
        at, turn = at + cut, turn + 1
    assert [msgspec.msgpack.decode(payload) for payload in payloads] == groups
    assert len(reader) == 0


@pytest.mark.parametrize("count", [0, 15, 16, 65_535, 65_536])
def test_frames_of_any_number_of_messages(count: int) -> None:
    """FEED-1: the array header has the right width."""
    [payload] = wire.FrameReader().feed(wire.frame([b"\x01"] * count))
    assert msgspec.msgpack.decode(payload) == [1] * count


def test_a_frame_over_the_limit_is_refused_before_it_is_held() -> None:
    """FEED-1, G10: a length that nobody honest sends ends the stream at once."""
    with pytest.raises(wire.FrameError):
        wire.FrameReader().feed((wire.MAX_FRAME + 1).to_bytes(4, "little"))


class _End:
    """One end of a pair of wires, with what came."""

    def __init__(self, sock: socket.socket) -> None:
        self.payloads: list[bytes] = []
        self.drained = 0
        self.ended = False
        self.wire = wire.Wire(sock, on_frame=self.payloads.append, on_drained=self._drained, on_end=self._end)

    def _drained(self) -> None:
        self.drained += 1

    def _end(self) -> None:
        self.ended = True


@pytest.mark.parametrize("loop", LOOPS)
def test_what_a_dead_peer_sent_is_read_even_when_it_never_read_us(loop: LoopFactory) -> None:
    """FEED-2, G4: words to a peer that is gone do not cost what it said before, not even while we did not listen."""

    async def scenario() -> None:
        ours, theirs = socket.socketpair()
        end = _End(ours)
        end.wire.pause()
        assert end.wire.send(wire.frame([b"\x01"]))
        theirs.sendall(wire.frame([b"\x07"]) * 1000)
        theirs.close()
        assert not end.wire.send(wire.frame([b"\x02"]))
        assert not end.wire.idle
        assert end.payloads == []
        end.wire.resume()
        await until(lambda: end.ended)
        assert len(end.payloads) == 1000

    run(loop, scenario())


@pytest.mark.parametrize("loop", LOOPS)
def test_send_tells_whether_the_kernel_has_it_all(loop: LoopFactory) -> None:
    """FEED-3: True means handed over; else it is queued and `on_drained` tells when it is."""

    async def scenario() -> None:
        ours, theirs = socket.socketpair()
        end, peer = _End(ours), _End(theirs)
        peer.wire.pause()
        big = wire.frame([msgspec.msgpack.encode(b"x" * 1_000_000)])
        sent = 1
        while end.wire.send(big):
            sent += 1
        assert not end.wire.idle
        end.wire.send(big)
        peer.wire.resume()
        await until(lambda: len(peer.payloads) == sent + 1)
        await until(lambda: end.wire.idle)
        assert end.drained == 1
        end.wire.close()
        await until(lambda: peer.ended)
        peer.wire.close()

    run(loop, scenario())


async def test_sockets_at_long_paths(tmp_path: Path) -> None:
    """FEED-4: a path longer than a socket address, for this user only, taken over from a dead process."""
    path = tmp_path / ("long" * 30) / ("path" * 20) / "feed.sock"
    with pytest.raises(OSError, match="No such file"):
        wire.connect(path)
    for _ in range(2):
        with wire.listen(path) as listener:
            assert path.stat().st_mode & 0o777 == 0o600
            with wire.connect(path) as client:
                server, _ = await asyncio.get_running_loop().sock_accept(listener)
                server.send(b"hello")
                assert await asyncio.get_running_loop().sock_recv(client, 10) == b"hello"
                server.close()
    with pytest.raises(ConnectionRefusedError):
        wire.connect(path)
