"""The short way past the ASGI interface: used for what comes often, in order with all else, and never needed."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.protocol import Protocol

from rayrooms import protocol
from serve.sockets.payload import Payload
from serve.sockets.reading import TURN
from serve.waiting import Turn
from serve.websocket_protocol import BoundedWebSockets

from .desk import a_desk

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import ASGIApp, Scope

    from .desk import Desk


class Joined:
    """A plain WebSocket client in the room."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.seq = 0

    def edit(self) -> str:
        self.seq += 1
        data = {"room_id": "room", "client_id": "one", "seq": self.seq, "version": 0, "op": ["x"]}
        return json.dumps({"event": "code_change", "ref": self.seq, "data": data})

    async def hear(self, event: str) -> dict[str, Any]:
        while True:
            heard: dict[str, Any] = json.loads(await self.socket.recv())
            if heard["event"] == event:
                return heard


async def joined(url: str, compression: str | None = None) -> Joined:
    socket = await connect(
        url.replace("http", "ws") + "/ws",
        additional_headers={"Authorization": "Bearer ada"},
        compression=compression,
        max_size=None,
    )
    client = Joined(socket)
    await client.hear("connection_response")
    await socket.send(json.dumps({"event": "join_room", "data": {"room_id": "room", "client_id": "one"}}))
    await client.hear("room_joined")
    return client


class Taken:
    """Counts which way messages went."""

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0
        self.later = 0
        handlers = desk.handlers
        handle_now, handle = handlers.handle_now, handlers.handle

        def counted_now(connection: Any, event: Any) -> bool:
            taken = handle_now(connection, event)
            self.now += taken
            return taken

        async def counted(connection: Any, event: Any) -> None:
            self.later += 1
            await handle(connection, event)

        monkeypatch.setattr(handlers, "handle_now", counted_now)
        monkeypatch.setattr(handlers, "handle", counted)


@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_edits_and_answers_go_the_short_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: str | None
) -> None:
    """WS-25: whether the client understands compressed frames or not."""
    async with a_desk(tmp_path) as desk, desk.serving() as url:
        client = await joined(url, compression)
        taken = Taken(desk, monkeypatch)
        frames: list[bytes] = []
        send_frame = BoundedWebSockets.send_frame

        def counted(self: BoundedWebSockets, frame: bytes) -> bool:
            frames.append(frame)
            return send_frame(self, frame)

        monkeypatch.setattr(BoundedWebSockets, "send_frame", counted)
        for _ in range(20):
            await client.socket.send(client.edit())
            await client.hear("ack")
        assert (taken.now, taken.later) == (20, 0)
        assert len(frames) >= 20
        await client.socket.close()


async def test_a_mixture_keeps_its_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PR-12, LIM-3: both ways were used, however messages come together; nobody has more than a turn at a time."""
    async with a_desk(tmp_path, edits=1e6, control=1e6, burst=1e3) as desk, desk.serving() as url:
        client = await joined(url)
        taken = Taken(desk, monkeypatch)
        draw = random.Random("mixture")
        expected: list[int] = []
        for _ in range(30):
            many = draw.choice((1, 2, 5, 3 * TURN))
            for _ in range(many):
                ref = len(expected) + 1
                if draw.random() < 0.8:
                    # Nobody is in that room: the answer to an edit of it comes from the gateway, with its ref.
                    data = {"room_id": "elsewhere", "seq": ref, "version": 0, "op": ["x"]}
                    await client.socket.send(json.dumps({"event": "code_change", "ref": ref, "data": data}))
                else:
                    await client.socket.send(json.dumps({"event": "ping", "ref": ref}))
                expected.append(ref)
            if draw.random() < 0.5:
                await client.socket.ping()
        heard = [json.loads(await client.socket.recv())["ref"] for _ in expected]
        assert heard == expected
        assert taken.now > 0
        assert taken.later > 0
        await client.socket.close()


async def test_what_is_beyond_the_allowance_of_bytes_waits_there_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LIM-2: the reading loop pauses for a message that was taken the short way."""
    async with a_desk(tmp_path, bytes=2_000.0, burst=1.0) as desk, desk.serving() as url:
        client = await joined(url)
        taken = Taken(desk, monkeypatch)
        pauses: list[float] = []
        pause_after = desk.handlers.pause_after

        def noted(connection: Any, size: int) -> float:
            pauses.append(pause_after(connection, size))
            return pauses[-1]

        monkeypatch.setattr(desk.handlers, "pause_after", noted)
        for _ in range(25):
            await client.socket.send(client.edit())
        while (await client.hear("ack"))["data"]["acks"][-1]["seq"] < 25:
            pass
        assert any(pauses), "it was never slowed down"
        assert taken.now > 0
        await client.socket.close()


@pytest.mark.parametrize("size", [0, 50, 100, 125, 126, 1_000, 65_500, 65_536, 200_000])
@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_frames_of_every_size_are_read(tmp_path: Path, size: int, compression: str | None) -> None:
    """WS-25: as their peers' libraries understand them."""
    async with a_desk(tmp_path) as desk, desk.serving() as url:
        client = await joined(url, compression)
        (session,) = desk.hubs.hub("room").sessions.values()
        reason = "ab👋" * (size // 3)
        session.connection.deliver(Payload.of(protocol.GoingAway(data=protocol.GoingAwayData(reason=reason))))
        assert (await client.hear("going_away"))["data"]["reason"] == reason
        await client.socket.close()


async def test_an_idle_socket_keeps_nothing_of_its_handshake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PR-13: neither its request nor a dictionary for what uvicorn keeps of it, and no timer of its own."""
    made: list[BoundedWebSockets] = []
    take_over = BoundedWebSockets.take_over

    def noted(self: BoundedWebSockets, app: ASGIApp, scope: Scope) -> None:
        made.append(self)
        take_over(self, app, scope)

    monkeypatch.setattr(BoundedWebSockets, "take_over", noted)
    async with a_desk(tmp_path) as desk, desk.serving() as url:
        client = await joined(url)
        [socket] = made
        assert not socket.__dict__
        assert not socket.scope
        assert socket.conn.available_extensions is None
        assert socket.conn.parser.gi_code is Protocol.parse.__code__
        assert isinstance(socket.ping_timer, Turn)
        await client.socket.send(client.edit())
        await client.hear("ack")
        await client.socket.close()
