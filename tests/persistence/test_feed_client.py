"""The sender's side of the feed: what it promises to rooms, on both event loops."""

from __future__ import annotations

import asyncio
import random
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import pytest

from persistence import feed_client, wire
from persistence.feed import Durable, Fenced, Hello, Op, ToWriter, Welcome
from persistence.writer import Writer

from .senders import LOOPS, Sender, insertion, insertions, run, serving, until

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    import psycopg

    from persistence.feed import FromWriter

    from .senders import LoopFactory


class FakeWriter:
    """The other end of a feed, which does nothing by itself."""

    def __init__(self, path: Path) -> None:
        self.listener = wire.listen(path)
        self.received: list[ToWriter] = []
        self.connections = 0
        self.wire: wire.Wire | None = None
        asyncio.get_running_loop().add_reader(self.listener, self._accept)

    def say(self, *messages: FromWriter) -> None:
        assert self.wire is not None
        assert self.wire.send(wire.frame([msgspec.msgpack.encode(message) for message in messages]))

    def hang_up(self) -> None:
        assert self.wire is not None
        self.wire.close()
        self.wire = None

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.listener)
        self.listener.close()
        if self.wire is not None:
            self.hang_up()

    @property
    def numbers(self) -> list[int]:
        return [message.n for message in self.received if not isinstance(message, Hello)]

    def holds(self, numbers: list[int]) -> bool:
        return self.numbers == numbers

    def _accept(self) -> None:
        sock: socket.socket = self.listener.accept()[0]
        self.connections += 1
        self.received.clear()
        self.wire = wire.Wire(sock, on_frame=self._frame, on_drained=lambda: None, on_end=lambda: None)

    def _frame(self, payload: bytes) -> None:
        self.received += msgspec.msgpack.decode(payload, type=list[ToWriter])


@pytest.mark.parametrize("loop", LOOPS)
def test_only_what_a_living_writer_has_taken_up_counts_as_handed_over(loop: LoopFactory, feed_socket: Path) -> None:
    """G4, FEED-10: before the Welcome nothing is promised; then True, each record once, numbered from 1."""

    async def scenario() -> None:
        writer = FakeWriter(feed_socket)
        sender = Sender(feed_socket, "room", 7)
        assert not sender.feed.write(insertions(1, 3))
        await until(lambda: writer.numbers == [1, 2, 3])
        assert writer.received[0] == Hello("room", 7, "test")
        assert not sender.feed.handed_over
        writer.say(Welcome())
        await sender.until_resumed()
        assert sender.resumed == 1
        assert sender.feed.write([insertion(4)])
        assert sender.feed.next_n == 5
        with pytest.raises(ValueError, match="record 6 comes where 5 is due"):
            sender.feed.write([insertion(6)])
        await until(lambda: writer.numbers == [1, 2, 3, 4])
        assert sender.feed.backlog_records == 4
        writer.say(Durable(3))
        await sender.until_durable(3)
        assert (sender.feed.backlog_records, sender.feed.durable_n, sender.feed.next_n) == (1, 3, 5)
        assert sender.feed.backlog_bytes == len(msgspec.msgpack.encode(insertion(4)))
        await sender.close()
        writer.close()

    run(loop, scenario())


async def busy(feed_socket: Path) -> tuple[FakeWriter, Sender]:
    """A sender that has just sent its first two records, one soon after the other, and the writer that welcomed it."""
    writer = FakeWriter(feed_socket)
    sender = Sender(feed_socket, "room")
    await until(lambda: writer.wire is not None)
    writer.say(Welcome())
    await sender.until_resumed()
    for n in (1, 2):
        sender.feed.hear()
        assert sender.feed.write([insertion(n)])
    return writer, sender


@pytest.mark.parametrize("loop", LOOPS)
def test_a_busy_sender_hears_with_its_batches(
    loop: LoopFactory, feed_socket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FEED-16: nobody wakes it while batches come; it hears all that was said, a fence and an end included."""

    async def scenario() -> None:
        writer, sender = await busy(feed_socket)
        writer.say(Durable(1))
        await until(lambda: writer.numbers == [1, 2])
        assert sender.durable == 0
        sender.feed.hear()
        assert sender.durable == 1
        monkeypatch.setattr(feed_client, "_SOON", 0.01)
        sender.feed.hear()
        writer.say(Durable(2))
        await sender.until_durable(2)
        monkeypatch.setattr(feed_client, "_SOON", 60.0)
        sender.feed.hear()
        assert sender.feed.write([insertion(3)])
        writer.say(Fenced(2))
        sender.feed.hear()
        assert sender.fenced == [2]
        assert not sender.feed.write([insertion(4)])
        await sender.close()
        writer.close()

    monkeypatch.setattr(feed_client, "_SOON", 60.0)
    run(loop, scenario())


@pytest.mark.parametrize("loop", LOOPS)
def test_a_busy_sender_connects_anew(loop: LoopFactory, feed_socket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FEED-11, FEED-16: it learns of its writer's end with the next batch, and then sends it all again."""

    async def scenario() -> None:
        writer, sender = await busy(feed_socket)
        await until(lambda: writer.numbers == [1, 2])
        writer.hang_up()
        sender.feed.hear()
        assert not sender.feed.write([insertion(3)])
        await until(lambda: writer.connections == 2 and writer.numbers == [1, 2, 3])
        writer.say(Welcome())
        await sender.until_resumed()
        await sender.close()
        writer.close()

    monkeypatch.setattr(feed_client, "_SOON", 60.0)
    run(loop, scenario())


@pytest.mark.parametrize("loop", LOOPS)
def test_a_lost_connection_costs_nothing(loop: LoopFactory, feed_socket: Path) -> None:
    """G4, FEED-11: what is not durable is sent again in order, after Hello, as often as the connection is lost."""

    async def scenario() -> None:
        writer = FakeWriter(feed_socket)
        sender = Sender(feed_socket, "room")
        sender.feed.write(insertions(1, 10))
        await until(lambda: len(writer.numbers) == 10)
        writer.say(Welcome(), Durable(4))
        await sender.until_durable(4)
        await sender.until_resumed()
        for lost in range(1, 4):
            writer.hang_up()
            await until(lambda: not sender.feed.handed_over)
            assert not sender.feed.write([insertion(10 + lost)])
            await until(partial(writer.holds, list(range(5, 11 + lost))))
            writer.say(Welcome())
            await sender.until_resumed()
            assert sender.resumed == lost + 1
            assert writer.connections == lost + 1
        writer.close()
        assert not sender.feed.write([insertion(14)])
        await until(lambda: sender.feed.state == "away")
        writer = FakeWriter(feed_socket)
        await until(lambda: writer.numbers == list(range(5, 15)))
        writer.say(Welcome(), Durable(14))
        await sender.until_durable(14)
        assert sender.feed.backlog_bytes == 0
        await sender.close()
        writer.close()

    run(loop, scenario())


@pytest.mark.parametrize("loop", LOOPS)
def test_back_pressure_is_told_and_its_end_too(loop: LoopFactory, feed_socket: Path) -> None:
    """G4, G10, FEED-12: a writer that stops reading makes `write` False; the backlog is known; `on_resumed` follows."""

    async def scenario() -> None:
        writer = FakeWriter(feed_socket)
        sender = Sender(feed_socket, "room")
        await until(lambda: bool(writer.received))
        writer.say(Welcome())
        await sender.until_resumed()
        assert writer.wire is not None
        writer.wire.pause()
        n = 0
        handed_over = True
        while handed_over:
            n += 1
            handed_over = sender.feed.write([insertion(n, content="x" * 100_000)])
        for _ in range(50):
            n += 1
            assert not sender.feed.write([insertion(n, content="y" * 1000)])
        assert sender.feed.backlog_records == n
        assert sender.feed.backlog_bytes > (n - 50) * 100_000
        assert sender.resumed == 1
        writer.wire.resume()
        await sender.until_resumed()
        assert sender.resumed == 2
        await until(lambda: writer.numbers == list(range(1, n + 1)))
        assert sender.feed.write([insertion(n + 1)])
        writer.say(Durable(n + 1))
        await sender.until_durable(n + 1)
        await sender.close()
        writer.close()

    run(loop, scenario())


@pytest.mark.parametrize("loop", LOOPS)
def test_a_large_backlog_goes_out_in_frames_that_end(loop: LoopFactory, feed_socket: Path) -> None:
    """G10, FEED-13: after a long outage many and large records arrive whole, in order."""

    async def scenario() -> None:
        sender = Sender(feed_socket, "room")
        total = 5_003
        sender.feed.write([insertion(n, content="z" * (3_000_000 if n % 1000 == 0 else 10)) for n in range(1, total)])
        assert sender.feed.state == "away"
        writer = FakeWriter(feed_socket)
        await until(lambda: len(writer.numbers) == total - 1)
        assert writer.numbers == list(range(1, total))
        operations = [message for message in writer.received if isinstance(message, Op)]
        assert {len(op.op) > 1_000_000 for op in operations if op.n % 1000 == 0} == {True}
        await sender.close()
        writer.close()

    run(loop, scenario())


@pytest.mark.parametrize("loop", LOOPS)
def test_a_fenced_feed_is_over(loop: LoopFactory, feed_socket: Path) -> None:
    """G5, FEED-14: `on_fenced` comes once, with the newer epoch; nothing is kept or sent any more, nor reconnected."""

    async def scenario() -> None:
        writer = FakeWriter(feed_socket)
        sender = Sender(feed_socket, "room")
        sender.feed.write(insertions(1, 3))
        await until(lambda: len(writer.numbers) == 3)
        writer.say(Welcome(), Durable(1), Fenced(9), Durable(3))
        assert await sender.until_fenced() == 9
        assert (sender.durable, sender.feed.state, sender.feed.backlog_records) == (1, "fenced", 0)
        assert not sender.feed.write([insertion(4)])
        await sender.feed.close(flush=True)
        assert sender.fenced == [9]
        assert writer.connections == 1
        writer.close()

    run(loop, scenario())


@pytest.mark.parametrize("loop", LOOPS)
def test_close_with_flush_waits_until_all_is_durable(loop: LoopFactory, feed_socket: Path) -> None:
    """G3, FEED-15: the end of a released room's feed is in Postgres; without flush the feed just ends."""

    async def scenario() -> None:
        writer = FakeWriter(feed_socket)
        sender = Sender(feed_socket, "room")
        sender.feed.write(insertions(1, 2))
        await until(lambda: len(writer.numbers) == 2)
        closing = asyncio.create_task(sender.feed.close(flush=True))
        writer.say(Welcome(), Durable(1))
        await sender.until_durable(1)
        assert not closing.done()
        writer.say(Durable(2))
        await closing
        assert sender.feed.state == "closed"
        other = Sender(feed_socket, "room")
        other.feed.write([insertion(1)])
        await other.feed.close(flush=False)
        assert not other.feed.write([insertion(2)])
        writer.close()

    run(loop, scenario())


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("seed", range(3))
def test_a_writer_that_dies_again_and_again_loses_and_doubles_nothing(
    loop: LoopFactory, seed: int, url: str, feed_socket: Path, new_room: Callable[..., str], sql: psycopg.Connection
) -> None:
    """G2, G4, WR-43: writers that end without storing what they hold, under load; each record is stored once."""
    rooms = [new_room() for _ in range(3)]
    chance = random.Random(seed)

    async def scenario() -> None:
        senders = [Sender(feed_socket, room_id) for room_id in rooms]
        written = [0] * len(senders)
        for _ in range(6):
            writer = Writer(url, feed_socket, flush_interval=chance.choice([0.001, 0.02]))
            await writer.start()
            for _ in range(chance.randrange(1, 12)):
                at = chance.randrange(len(senders))
                last = written[at] + chance.randrange(1, 60)
                senders[at].feed.write(insertions(written[at] + 1, last))
                written[at] = last
                await asyncio.sleep(chance.choice([0, 0, 0.003]))
            await writer.stop(timeout=0)
        async with serving(url, feed_socket):
            for sender, last in zip(senders, written, strict=True):
                if last:
                    await sender.until_durable(last)
                await sender.close()
        for room_id, last in zip(rooms, written, strict=True):
            rows = sql.execute("SELECT version FROM operations WHERE room_id = %s ORDER BY 1", (room_id,)).fetchall()
            assert [version for (version,) in rows] == list(range(1, last + 1))
        assert not [sender for sender in senders if sender.fenced]

    run(loop, scenario())
