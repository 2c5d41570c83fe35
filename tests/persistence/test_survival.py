"""Processes that are killed with -9, at the worst moment."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .senders import LOOPS, Sender, insertions, run, serving, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from .senders import LoopFactory

ROOT = Path(__file__).parents[2]

_SENDER = """
import asyncio, sys
import uvloop
from pathlib import Path
from tests.persistence.senders import Sender, insertions

async def main(path, room_id):
    sender = Sender(Path(path), room_id)
    await sender.until_resumed()
    at = 0
    print("ready", flush=True)
    for line in sys.stdin:  # blocks the loop, so that nothing which the writer answers is ever read
        print(sender.feed.write(insertions(at + 1, int(line))), flush=True)
        at = int(line)

uvloop.run(main(sys.argv[1], sys.argv[2]))
"""

_WRITER = """
import asyncio, sys
import uvloop
from pathlib import Path
from persistence.writer import Writer

async def main(path, url):
    writer = Writer(url, Path(path), flush_interval=0.1)
    await writer.start()
    print("ready", flush=True)
    await writer.failed()

uvloop.run(main(sys.argv[1], sys.argv[2]))
"""


class Child:
    """A process of ours that answers lines with lines."""

    def __init__(self, script: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def ask(self, line: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.read()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        assert self.process.wait() == -signal.SIGKILL
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


@pytest.fixture
def children() -> Iterator[list[Child]]:
    children: list[Child] = []
    yield children
    for child in children:
        if child.process.poll() is None:
            child.kill()


@pytest.mark.parametrize("loop", LOOPS)
def test_what_a_killed_sender_had_handed_over_is_stored(
    loop: LoopFactory, url: str, feed_socket: Path, room_id: str, sql: psycopg.Connection, children: list[Child]
) -> None:
    """G4, WR-44: kill -9 of a room whose `write` was True: everything becomes durable, and `drain` waits for it.

    The writer does not run between the sender's write and its death, so all of it stands in the kernel alone; and the
    sender never reads that its first records are durable, so that the writer's end of the connection is in error.
    """

    async def scenario() -> None:
        async with serving(url, feed_socket) as writer:
            child = Child(_SENDER, str(feed_socket), room_id)
            children.append(child)
            assert await asyncio.to_thread(child.read) == "ready"
            assert await asyncio.to_thread(child.ask, "10") == "True"
            await until(lambda: writer._tally.committed == 10)
            assert child.ask("1000") == "True"
            child.kill()
            assert (await writer.stats()).buffered_records == 0, "the writer must not have run meanwhile"
            assert await writer.drain(room_id, 20)
            assert (await writer.stats()).feeds == 0
            stored = sql.execute("SELECT version FROM operations WHERE room_id = %s ORDER BY 1", (room_id,)).fetchall()
            assert [version for (version,) in stored] == list(range(1, 1001))

    run(loop, scenario())


@pytest.mark.parametrize("loop", LOOPS)
def test_what_a_killed_writer_had_taken_is_sent_again(
    loop: LoopFactory, url: str, feed_socket: Path, room_id: str, sql: psycopg.Connection, children: list[Child]
) -> None:
    """G4, WR-45: kill -9 of the persistence actor: rooms send to the next one what is not durable."""

    async def scenario() -> None:
        for last in (300, 600):
            child = Child(_WRITER, str(feed_socket), url)
            children.append(child)
            assert await asyncio.to_thread(child.read) == "ready"
            if last == 300:
                sender = Sender(feed_socket, room_id)
            await sender.until_resumed()
            for n in range(last - 299, last + 1):
                sender.feed.write(insertions(n, n))
                await asyncio.sleep(0)
            child.kill()
        async with serving(url, feed_socket):
            await sender.until_durable(600)
            await sender.close()
        assert not sender.fenced
        stored = sql.execute("SELECT version FROM operations WHERE room_id = %s ORDER BY 1", (room_id,)).fetchall()
        assert [version for (version,) in stored] == list(range(1, 601))

    run(loop, scenario())


@pytest.mark.parametrize("loop", LOOPS)
def test_an_owner_that_hangs_is_caught_up_with(
    loop: LoopFactory, url: str, feed_socket: Path, room_id: str, sql: psycopg.Connection, children: list[Child]
) -> None:
    """G4, WR-47: a stopped sender never ends its feed; `catch_up` waits until all that it handed over is stored."""

    async def scenario() -> None:
        async with serving(url, feed_socket) as writer:
            child = Child(_SENDER, str(feed_socket), room_id)
            children.append(child)
            assert await asyncio.to_thread(child.read) == "ready"
            assert child.ask("1000") == "True"
            child.process.send_signal(signal.SIGSTOP)
            assert await writer.catch_up(room_id, 20)
            assert not await writer.drain(room_id, 0.1)
            stored = sql.execute("SELECT count(*) FROM operations WHERE room_id = %s", (room_id,)).fetchone()
            assert stored == (1000,)

    run(loop, scenario())
