"""The gateway's end of the room link: batches, calls, and noticing that nobody is there any more."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec
import pytest

from actors.host.config import RoomAddress
from actors.link import client
from actors.link import messages as link
from persistence.wire import FrameReader, frame
from rayrooms.errors import ConflictError, UnavailableError

from .hosting import Gateway, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_decode = msgspec.msgpack.Decoder(list[link.ToRoom]).decode
ANSWER = link.SubmitAnswer(3, 0.0)


class Owner:
    """A room's end of the link, without a room. `silent` makes it read and answer nothing."""

    def __init__(self) -> None:
        self.frames: list[list[link.ToRoom]] = []
        self.writers: list[asyncio.StreamWriter] = []
        self.silent = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = FrameReader()
        self.writers.append(writer)
        while data := await reader.read(65536):
            for payload in frames.feed(data):
                messages = _decode(payload)
                self.frames.append(messages)
                if self.silent:
                    continue
                for message in messages:
                    if isinstance(message, link.Hello):
                        self.say(link.Welcome("room", message.epoch))
                    elif isinstance(message, link.Ping):
                        self.say(link.Pong())
        writer.close()

    def say(self, *messages: link.FromRoom) -> None:
        self.writers[-1].write(frame([msgspec.msgpack.encode(message) for message in messages]))

    def of(self, kind: type[link.ToRoom]) -> list[link.ToRoom]:
        return [message for messages in self.frames for message in messages if isinstance(message, kind)]

    def hang_up(self) -> None:
        for writer in self.writers:
            writer.close()


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[Owner, RoomAddress]]:
    owner = Owner()
    server = await asyncio.start_server(owner.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield owner, RoomAddress("room", "127.0.0.1", port, 5, "secret", 1, "node")
    owner.hang_up()
    server.close()


async def test_it_shows_the_secret_and_the_epoch() -> None:
    """LINK-1."""
    async with serving() as (owner, address), Gateway.linked(address):
        assert owner.frames == [[link.Hello("secret", 5, "gateway")]]


async def test_what_is_sent_in_one_turn_is_one_frame() -> None:
    """LINK-1: in order."""
    async with serving() as (owner, address), Gateway.linked(address) as gateway:
        for sid in (1, 2, 3):
            gateway.send(link.Detach(sid))
        await until(lambda: len(owner.frames) == 2)
        assert owner.frames[1] == [link.Detach(1), link.Detach(2), link.Detach(3)]


async def test_answers_find_their_calls() -> None:
    """LINK-2: in whatever order they come, results as well as refusals."""
    async with serving() as (owner, address), Gateway.linked(address) as gateway:
        calls = [asyncio.create_task(gateway.call(link.Peek)) for _ in range(3)]
        await until(lambda: len(owner.of(link.Peek)) == 3)
        numbers = [message.call for message in owner.of(link.Peek) if isinstance(message, link.Peek)]
        owner.say(
            link.Reply(numbers[2], link.Ok()),
            link.Failure(numbers[1], "out_of_order", "No."),
            link.Reply(numbers[0], ANSWER),
            link.Reply(99, link.Ok()),
        )
        assert await calls[0] == ANSWER
        assert await calls[2] == link.Ok()
        with pytest.raises(ConflictError) as refusal:
            await calls[1]
        assert refusal.value.code == "out_of_order"


async def test_a_call_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """LINK-2."""
    monkeypatch.setattr(client, "_CALL_TIMEOUT", 0.02)
    async with serving() as (_, address), Gateway.linked(address) as gateway:
        with pytest.raises(UnavailableError):
            await gateway.call(link.Peek)


async def test_a_lost_link_is_told_once_and_ends_all_calls() -> None:
    """LINK-2, ROOM-20."""
    async with serving() as (owner, address), Gateway.linked(address) as gateway:
        call = asyncio.create_task(gateway.call(link.Peek))
        await until(lambda: bool(owner.of(link.Peek)))
        owner.hang_up()
        with pytest.raises(UnavailableError):
            await call
        assert gateway.lost
        with pytest.raises(UnavailableError):
            await gateway.call(link.Peek)


async def test_a_link_that_was_closed_here_says_nothing() -> None:
    """LINK-2: the listener asked for it."""
    async with serving() as (owner, address), Gateway.linked(address) as gateway:
        assert gateway.link is not None
        gateway.link.close()
        owner.say(link.Mark(1))
        await until(owner.writers[-1].transport.is_closing)
        assert not gateway.lost
        assert gateway.heard == []


async def test_an_owner_that_is_not_there_cannot_be_reached() -> None:
    """LINK-3."""
    async with serving() as (_, address):
        pass
    with pytest.raises(UnavailableError):
        async with Gateway.linked(address):
            pass


async def test_an_owner_that_does_not_greet_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """LINK-3, G5: and if it does so later, nobody listens any more."""
    monkeypatch.setattr(client, "_CONNECT_TIMEOUT", 0.05)
    async with serving() as (owner, address):
        owner.silent = True
        gateway = Gateway()
        with pytest.raises(UnavailableError):
            await client.RoomLink.connect(gateway, address, "gateway")
        await until(owner.writers[-1].transport.is_closing)
        assert gateway.heard == []


async def test_an_owner_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """LINK-3, G5: it is asked for a sign of life; a living one that has nothing to say stays linked."""
    monkeypatch.setattr(client, "_PING_INTERVAL", 0.02)
    monkeypatch.setattr(client, "_SILENCE", 1.0)
    async with serving() as (owner, address), Gateway.linked(address) as gateway:
        await until(lambda: len(owner.of(link.Ping)) > 10)
        assert not gateway.lost
        owner.silent = True
        await until(lambda: gateway.lost)


@pytest.mark.parametrize("noise", [b"\xff\xff\xff\xff", b"\x01\x00\x00\x00\xc1", b"\x02\x00\x00\x00\x91\x07"])
async def test_noise_ends_the_link(noise: bytes) -> None:
    """LINK-3: it cannot be this protocol."""
    async with serving() as (owner, address), Gateway.linked(address) as gateway:
        owner.writers[-1].write(noise)
        await until(lambda: gateway.lost)
