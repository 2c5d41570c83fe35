"""Hostile bytes on the streams between the server's own processes: the room link and the persistence feed, both ends.

Whatever comes leads to an answer or to a closed stream: nothing is raised into the event loop, and who shares the room,
the writer or the process with the broken peer goes on.
"""

from __future__ import annotations

import asyncio
import gc
import random
import struct
import time
import uuid
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import msgspec
import psycopg
import pytest

from actors.host.config import RoomAddress
from actors.link import messages as link
from persistence import feed
from persistence.dsn import libpq_url
from persistence.wire import FrameReader, frame
from rayrooms.errors import UnavailableError
from tests.actors.hosting import Gateway, on_stage, until
from tests.persistence.senders import Sender, insertions, log_of, serving

from .mutation import scrambled, twisted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROUNDS = 250
SEEDS = (1, 2)
HONEST = 10**9
"""A session id that no mutation of the others' reaches: a gateway may end any session that it names."""

DEEP = b"\x91" * 100_000 + b"\xc0"
NOISE = {
    "a frame too large": b"\xff\xff\xff\xff",
    "no msgpack": struct.pack("<I", 1) + b"\xc1",
    "an array that is cut": struct.pack("<I", 5) + b"\xdd\xff\xff\xff\xff",
    "a name that is no UTF-8": struct.pack("<I", 8) + b"\x91\x92\xa5\xff\xfe\xfd\xfc\xfb",
    "a field that is no UTF-8": struct.pack("<I", 12) + b"\x91\x94\xa5Hello\xa1\xff\x01\xa1g"[:12],
    "deeper than the stack": struct.pack("<I", len(DEEP) + 10) + b"\x91\x96\xa7Unknown" + DEEP,
    "a deep field too many": frame([b"\x95\xa5Hello\xa1s\x01\xa1g" + DEEP]),
}

LINK_MESSAGES: tuple[link.ToRoom, ...] = (
    link.Attach(7, "mallory", "Mallory", "#333333", "member", "mallory", None, None, 1),
    link.Attach(8, "mallory", "Mallory", "#333333", "viewer", "other", 0, 1, 1),
    link.Edit(7, ["x"], None, "mallory", None, 1),
    link.Edit(7, [1, {"d": 1}], 0, None, 1, 1),
    link.SetCursor(7, [], None, 1),
    link.SetTyping(7, is_typing=True),
    link.SetPresence(7, "away"),
    link.Post(7, "hi", None, 1),
    link.EditMessage(7, "m", "again", 1),
    link.DeleteMessage(7, "m", 1),
    link.React(7, "m", "👍", 1),
    link.Sync(7, 0, 1),
    link.Ping(),
    link.Peek(1),
    link.Tail(2, 0, 5),
    link.ReadChat(3),
    link.ReadParticipants(4),
    link.Submit(5, "mallory", "Mallory", "member", ["y"], None, None, None),
    link.TakeSnapshot(6),
    link.MemberChanged(7, "mallory", "viewer"),
    link.Detach(8),
    link.Hello("secret", 1, "again"),
)
ROOM_MESSAGES: tuple[link.FromRoom, ...] = (
    link.Welcome("room", 5),
    link.Pong(),
    link.Commits([link.Commit(1, 1, 1, b"{}")]),
    link.Attached(1, 1, 1, b"{}"),
    link.Detached(1, b"{}"),
    link.RoleChanged(1, "viewer"),
    link.Unicast(1, b"{}"),
    link.Broadcast(b"{}", 0),
    link.Mark(1),
    link.Reply(1, link.Ok()),
    link.Failure(1, "conflict", "No."),
)
NOW = 1_700_000_000.0
RECORDS: tuple[feed.Record, ...] = (
    feed.Op(1, 1, b'["x"]', "mallory", "mallory", 1, NOW),
    feed.Snapshot(1, 0, 0, "", {"mallory": (1, 1, "mallory")}, NOW),
    feed.Message(1, "m", "mallory", "Mallory", "hi", None, {"👍": ["ada"]}, False, False, NOW),
    feed.Conflict(1, 2, 1, "mallory", "ada", "insert-insert", "left", NOW),
    feed.MemberSeen(1, "room", "mallory", True, NOW),
)
WRITER_MESSAGES: tuple[feed.FromWriter, ...] = (feed.Welcome(), feed.Durable(0))


def hostile_payload(rng: random.Random, messages: tuple[Any, ...]) -> bytes:
    """A payload of the right kind that was tampered with, as a tree or as bytes."""
    tree = [
        msgspec.msgpack.decode(msgspec.msgpack.encode(message))
        for message in rng.sample(messages, k=min(2, len(messages)))
    ]
    if rng.random() < 0.7:
        tree = twisted(rng, tree, rng.choice((1, 1, 2)))
    data = msgspec.msgpack.encode(tree)
    return scrambled(rng, data) if rng.random() < 0.3 else data


def framed(payload: bytes) -> bytes:
    return struct.pack("<I", len(payload)) + payload


@contextmanager
def nothing_unhandled() -> Iterator[None]:
    """Fails when anything is raised into the running event loop."""
    loop = asyncio.get_running_loop()
    before, raised = loop.get_exception_handler(), []
    loop.set_exception_handler(lambda _, context: raised.append(context))
    try:
        yield
        gc.collect()  # tasks that failed alone tell when they go
    finally:
        loop.set_exception_handler(before)
    assert raised == []


async def ended(reader: asyncio.StreamReader) -> bool:
    """Whether the other side hangs up now."""
    try:
        return await asyncio.wait_for(reader.read(), 5) is not None
    except ConnectionResetError:
        return True


# ------------------------------------------------------------------ the room's end of the link


@pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE.keys())
@pytest.mark.parametrize("welcome", [False, True], ids=["unknown", "welcome"])
async def test_a_room_hangs_up_on_noise(tmp_path: Path, noise: bytes, *, welcome: bool) -> None:
    """G8, HOST-2: without an error that nobody handles, whether the gateway had shown its secret or not."""
    with nothing_unhandled():
        async with on_stage(tmp_path / "feed.sock") as stage, Gateway.linked(stage.address) as gateway:
            reader, writer = await asyncio.open_connection(stage.address.host, stage.address.port)
            if welcome:
                writer.write(frame([msgspec.msgpack.encode(link.Hello("secret", 1, "other"))]))
                await reader.readexactly(4)
            writer.write(noise)
            assert await ended(reader)
            writer.close()
            await gateway.attach(HONEST, "ada")
            gateway.edit(HONEST, ["x"], seq=1)
            await until(lambda: gateway.versions() == [1])


@pytest.mark.parametrize("seed", SEEDS)
async def test_hostile_gateways_harm_no_room(tmp_path: Path, seed: int) -> None:
    """G8, HOST-2, FUZZ-4: a gateway with the secret may edit, but break nothing; one without it is not even heard."""
    rng, outcomes = random.Random(seed), Counter[str]()
    with nothing_unhandled():
        async with on_stage(tmp_path / "feed.sock") as stage, Gateway.linked(stage.address) as gateway:
            await gateway.attach(HONEST, "ada")
            for number in range(ROUNDS):
                outcomes[await _attack_room(rng, stage.address)] += 1
                if number % 10 == 0:
                    gateway.edit(HONEST, ["x"], seq=number // 10 + 1)
            mine = ROUNDS // 10
            await until(lambda: stage.core.clients["ada"].seq == mine)
            await until(lambda: gateway.versions() == list(range(1, stage.core.version + 1)))
            assert not gateway.lost
    assert min(outcomes["closed"], outcomes["went on"], outcomes["not let in"]) > ROUNDS / 10, outcomes


async def _attack_room(rng: random.Random, address: RoomAddress) -> str:
    reader, writer = await asyncio.open_connection(address.host, address.port)
    known = rng.random() < 0.8
    hello = link.Hello(
        "secret" if known else rng.choice(("", "secre", "secret ")), 1 if known else rng.choice((0, 1, 2)), "g"
    )
    try:
        writer.write(frame([msgspec.msgpack.encode(hello)]))
        for _ in range(rng.randint(1, 4)):
            writer.write(framed(hostile_payload(rng, LINK_MESSAGES)))
        writer.write(frame([msgspec.msgpack.encode(link.Ping())]))
        outcome = await _answer_to_ping(reader)
    except ConnectionError:
        outcome = "closed"
    writer.close()
    return "not let in" if not known and outcome == "closed" else outcome


async def _answer_to_ping(reader: asyncio.StreamReader) -> str:
    frames, decode = FrameReader(), msgspec.msgpack.Decoder(list[link.FromRoom]).decode
    async with asyncio.timeout(10):
        while data := await reader.read(65536):
            for payload in frames.feed(data):
                if any(isinstance(message, link.Pong) for message in decode(payload)):
                    return "went on"
    return "closed"


# ------------------------------------------------------------------ the gateway's end of the link


@pytest.mark.parametrize("seed", SEEDS)
async def test_hostile_rooms_only_lose_their_link(seed: int) -> None:
    """G8, LINK-3, FUZZ-4: what an owner says is taken or ends its link."""
    rng, outcomes = random.Random(seed), Counter[str]()
    noise = [*NOISE.values(), *(framed(hostile_payload(rng, ROOM_MESSAGES)) for _ in range(ROUNDS))]
    pending = iter(noise)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(4)
        writer.write(frame([msgspec.msgpack.encode(link.Welcome("room", 5))]) + next(pending))
        writer.write(frame([msgspec.msgpack.encode(link.Mark(77))]))
        await reader.read()
        writer.close()

    with nothing_unhandled():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        address = RoomAddress("room", "127.0.0.1", server.sockets[0].getsockname()[1], 5, "secret", 1, "node")
        for _ in noise:
            outcomes[await _listen(address)] += 1
        server.close()
    assert min(outcomes["lost"], outcomes["went on"]) > ROUNDS / 10, outcomes


async def _listen(address: RoomAddress) -> str:
    """Link a gateway to a hostile room until its link is lost, or until it has heard what came after the hostility."""
    try:
        async with Gateway.linked(address) as gateway:
            await until(lambda: gateway.lost or link.Mark(77) in gateway.heard)
            return "lost" if gateway.lost else "went on"
    except UnavailableError:
        return "lost"


# ------------------------------------------------------------------ the writer's end of the feed


@pytest.fixture
def rooms(postgres: str) -> Iterator[tuple[str, str, psycopg.Connection]]:
    """An honest room and a hostile one, both owned under epoch 1."""
    ids = f"honest-{uuid.uuid4().hex}", f"hostile-{uuid.uuid4().hex}"
    with psycopg.connect(libpq_url(postgres), autocommit=True) as sql:
        for room_id in ids:
            sql.execute(
                "INSERT INTO rooms (id, name, owner_id, owner_epoch) VALUES (%s, 'A room', 'ada', 1)", (room_id,)
            )
        yield (*ids, sql)


@pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE.keys())
async def test_a_writer_hangs_up_on_noise(
    postgres: str, rooms: tuple[str, str, psycopg.Connection], tmp_path: Path, noise: bytes
) -> None:
    """G8, WR-6: what its sender had handed over before is still written."""
    _, hostile, sql = rooms
    path = tmp_path / "feed.sock"
    with nothing_unhandled():
        async with serving(postgres, path):
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(frame([msgspec.msgpack.encode(feed.Hello(hostile, 1, "s"))]))
            writer.write(frame([msgspec.msgpack.encode(record) for record in insertions(1, 3)]))
            await reader.readexactly(4)
            writer.write(noise)
            assert await ended(reader)
            writer.close()
        assert log_of(sql, hostile) == [1, 2, 3]


@pytest.mark.parametrize("seed", SEEDS)
async def test_hostile_senders_harm_no_other_feed(
    postgres: str, rooms: tuple[str, str, psycopg.Connection], tmp_path: Path, seed: int
) -> None:
    """G8, WR-6, FUZZ-4: against a real Postgres, which refuses some records in its own words."""
    honest, hostile, sql = rooms
    rng, outcomes = random.Random(seed), Counter[str]()
    path = tmp_path / "feed.sock"
    with nothing_unhandled():
        async with serving(postgres, path, flush_interval=0.01) as writer:
            sender = Sender(path, honest)
            for n in range(1, 21):
                sender.feed.write(insertions(n, n))
                attacks = [_attack_writer(rng, path, hostile) for _ in range(5)]
                outcomes.update(await asyncio.gather(*attacks))
                await sender.until_durable(n)
                assert (await writer.stats()).database_ok
            await sender.close()
        assert not sender.fenced
    assert log_of(sql, honest) == list(range(1, 21))
    assert min(outcomes.values()) > 5, outcomes
    assert len(outcomes) >= 2, outcomes


async def _attack_writer(rng: random.Random, path: Path, room_id: str) -> str:
    """Say Hello, right or wrong, and send records that were tampered with; returns the last word of the writer."""
    reader, writer = await asyncio.open_unix_connection(path)
    hello = [msgspec.msgpack.decode(msgspec.msgpack.encode(feed.Hello(rng.choice((room_id, "")), 1, "mallory")))]
    payload = msgspec.msgpack.encode(twisted(rng, hello) if rng.random() < 0.3 else hello)
    last = "closed"
    try:
        writer.write(framed(payload))
        for _ in range(rng.randint(1, 3)):
            writer.write(framed(hostile_payload(rng, RECORDS)))
        writer.write_eof()
        frames, decode = FrameReader(), msgspec.msgpack.Decoder(list[feed.FromWriter]).decode
        while data := await asyncio.wait_for(reader.read(65536), 10):
            for answer in frames.feed(data):
                last = type(decode(answer)[-1]).__name__
    except ConnectionError:
        pass
    except TimeoutError:  # the writer keeps what it took, and has nothing more to say to who has ended
        last = "kept"
    writer.close()
    return last


# ------------------------------------------------------------------ the sender's end of the feed


def _is_word_of_a_writer(payload: bytes) -> bool:
    """What a writer might say is believed, such as that something is durable."""
    with suppress(msgspec.DecodeError, UnicodeError):
        msgspec.msgpack.decode(payload, type=list[feed.FromWriter])
        return True
    return False


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_sender_connects_anew_after_noise(tmp_path: Path, seed: int) -> None:
    """G4, G8, FUZZ-4: and hands all over again, to a persistence actor that is well."""
    rng, path = random.Random(seed), tmp_path / "feed.sock"
    tampered = [hostile_payload(rng, WRITER_MESSAGES) for _ in range(60)]
    noise = [*NOISE.values(), *(framed(payload) for payload in tampered if not _is_word_of_a_writer(payload))]
    pending = iter(noise)
    served: list[feed.Record] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bad = next(pending, None)
        writer.write(frame([msgspec.msgpack.encode(feed.Welcome())]))
        if bad is not None:
            writer.write(bad)
            writer.write_eof()  # what it cannot tell from a frame to come ends here
        frames, decode = FrameReader(), msgspec.msgpack.Decoder(list[feed.ToWriter]).decode
        while data := await reader.read(65536):
            if bad is None:
                for payload in frames.feed(data):
                    served.extend(message for message in decode(payload) if not isinstance(message, feed.Hello))
                if served:
                    writer.write(frame([msgspec.msgpack.encode(feed.Durable(served[-1].n))]))
        writer.close()

    with nothing_unhandled():
        server = await asyncio.start_unix_server(serve, path)
        sender = Sender(path, "room")
        sender.feed.write(insertions(1, 3))
        began = time.monotonic()
        await sender.until_durable(3)
        assert time.monotonic() - began < 15
        await sender.close()
        server.close()
    assert [record.n for record in served] == [1, 2, 3]
