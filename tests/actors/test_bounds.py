"""Queues of a room have bounds: to its gateways while its feed is backed up, and from them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
import pytest

from actors.host.config import RoomAddress
from actors.link import client as link_client
from actors.link import messages as link
from actors.link.client import RoomLink
from persistence.wire import FrameReader, frame
from rayrooms.errors import UnavailableError
from rayrooms.protocol import Range

from .hosting import Gateway, edits, on_stage, until
from .rooms import ADA, BOB

if TYPE_CHECKING:
    from pathlib import Path


async def test_what_waits_behind_the_feed_is_bounded(tmp_path: Path) -> None:
    """G7, G10, LIM-7: beyond the bound all is refused at once, and signals are dropped, until the feed flows again."""
    path = tmp_path / "feed.sock"
    async with on_stage(path, backlog_max_bytes=20_000) as stage, Gateway.linked(stage.address) as gateway:
        await gateway.attach(ADA, "ada")
        await edits(gateway, 3)
        stage.feed.welcoming = False
        await stage.feed.stop()
        room = stage.host._room
        assert room is not None
        await until(lambda: not room._feed.handed_over)
        for number in range(60):
            gateway.send(link.Post(ADA, f"{number:04}" + "x" * 200, None, None))
        await until(lambda: room.is_clogged)
        held = room._held_bytes
        for _ in range(50):
            gateway.send(link.SetTyping(ADA, is_typing=True))
            gateway.send(link.SetPresence(ADA, "away"))
            gateway.send(link.SetCursor(ADA, [Range(0, 0)], None, None))
        gateway.edit(ADA, ["late"], seq=4)
        gateway.send(link.Sync(ADA, None, 5))
        gateway.ask_in(BOB, "bob")
        with pytest.raises(UnavailableError) as caught:
            await gateway.call(link.Peek)
        assert caught.value.code == "backlog_full"
        refused = [event for event in gateway.told(ADA) if event["event"] == "error"]
        assert [(event["ref"], event["data"]["code"]) for event in refused] == [
            (7, "backlog_full"),
            (5, "backlog_full"),
        ]
        assert {event["data"]["retry_after"] for event in refused} == {1.0}
        assert [event.sid for event in gateway.of(link.Detached)] == [BOB]
        assert (room._held_bytes, room.core.version, len(room.core.sessions)) == (held, 3, 1)
        await stage.feed.start()
        stage.feed.welcome()
        await until(lambda: not room.is_clogged)
        assert (room._held, room._held_bytes) == ([], 0)
        await until(lambda: not room._feed.backlog_records)
        gateway.edit(ADA, ["late"], seq=4)
        await until(lambda: gateway.versions()[-1:] == [4])
        await gateway.attach(BOB, "bob")


async def test_a_gateway_stops_sending_to_an_owner_that_does_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """G10, LIM-7: what waits for it is bounded; when it reads again, all that was taken arrives."""
    monkeypatch.setattr(link_client, "_MAX_UNSENT", 100_000)
    reading, got = asyncio.Event(), 0
    decode = msgspec.msgpack.Decoder(list[link.ToRoom]).decode

    async def owner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal got
        frames = FrameReader()
        writer.write(frame([msgspec.msgpack.encode(link.Welcome("room", 1))]))
        await reading.wait()
        while data := await reader.read(1 << 20):
            got += sum(isinstance(message, link.Edit) for payload in frames.feed(data) for message in decode(payload))
        writer.close()

    server = await asyncio.start_server(owner, "127.0.0.1", 0, limit=1024)
    port = server.sockets[0].getsockname()[1]
    gateway = Gateway()
    made = await RoomLink.connect(gateway, RoomAddress("room", "127.0.0.1", port, 1, "s", 1, "n"), "g")
    sent = 0
    async with asyncio.timeout(20):
        while not made.is_full:
            made.send(link.Edit(1, ["x" * 10_000], None, None, None, None))
            sent += 1
            await asyncio.sleep(0)
    reading.set()
    await until(lambda: not made.is_full)
    await until(lambda: got == sent)
    made.close()
    server.close()
