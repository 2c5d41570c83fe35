"""What a user may send: the buckets themselves, what handlers do when one is empty, and clients that wait and go on."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from persistence.settings import Settings
from rayrooms import protocol
from rayrooms.client.room import RoomClient
from rayrooms.client.timing import Timing
from rayrooms.errors import InvalidError, RateLimitedError, UpgradeRequiredError
from serve import websocket_protocol
from serve.sockets import handshake
from serve.sockets.handshake import UPGRADE_REQUIRED
from serve.sockets.limits import PENALTY, REFUSALS_BORNE, Allowances, Bucket, Rates
from serve.sockets.reading import TURN, read

from .desk import a_desk
from .fakes import connected, until

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Message

    from rayrooms.client.events import StatusChanged
    from rayrooms.protocol import AnyClientEvent

NOISE = Frame(Opcode.TEXT, b"{}").serialize(mask=True)
QUICK = Timing(retry_first=0.01, retry_most=1.0, tick=0.05)


# ------------------------------------------------------------------ buckets


@given(
    rate=st.floats(0.5, 10_000),
    capacity=st.floats(1, 10_000),
    gaps=st.lists(st.floats(0, 3), min_size=1, max_size=200),
)
def test_a_bucket_never_gives_more_than_it_holds_and_gets_back(rate: float, capacity: float, gaps: list[float]) -> None:
    """LIM-1: in any stretch of time no more than `capacity` and what came back meanwhile; refusals take nothing."""
    bucket, now = Bucket(rate, capacity), 100.0
    taken: list[float] = []
    for gap in gaps:
        now += gap
        missing = bucket.take(now)
        if missing == 0.0:
            taken.append(now)
            continue
        assert missing > 0.0
        if missing > 1e-3:
            assert bucket.take(now + missing - 1e-4) > 0.0
        now += missing + 1e-5
        assert bucket.take(now) == 0.0, "it said when there would be one"
        taken.append(now)
    for first, start in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= capacity + rate * (taken[last] - start + 1e-5) + 1e-6


def test_a_full_bucket_gives_all_it_holds_at_once() -> None:
    """LIM-1."""
    bucket = Bucket(10.0, 50.0)
    assert [bucket.take(7.0) for _ in range(50)] == [0.0] * 50
    assert bucket.take(7.0) == pytest.approx(0.1)
    assert bucket.take(7.05) == pytest.approx(0.05)
    assert bucket.take(7.11) == 0.0
    assert bucket.patience(0.1) == pytest.approx(0.6), "half a second's worth is to be there then"


def test_spending_goes_into_debt() -> None:
    """LIM-2: what was read was read; the time until it is paid for is the pause."""
    bucket = Bucket(100.0, 200.0)
    assert bucket.spend(5.0, 200.0) == 0.0
    assert bucket.spend(5.0, 50.0) == pytest.approx(0.5)
    assert bucket.spend(6.0, 0.0) == 0.0


def test_a_user_has_one_allowance_however_many_connections() -> None:
    """LIM-1, LIM-4, G10: also after all of them ended; those not met for longest are forgotten."""
    kept = Allowances(Rates.from_settings(Settings()), 5)
    ada = kept.of("ada")
    assert kept.of("ada") is ada
    for number in range(9_999):
        kept.of(f"user-{number}")
    assert kept.of("ada") is ada
    for number in range(10_000):
        kept.of(f"other-{number}")
    assert kept.of("ada") is not ada


# ------------------------------------------------------------------ a gateway


def join() -> protocol.JoinRoom:
    return protocol.JoinRoom(ref=1, data=protocol.JoinRoomData(room_id="room"))


def edit(seq: int) -> protocol.CodeChange:
    return protocol.CodeChange(ref=seq, data=protocol.CodeChangeData(room_id="room", op=["x"], seq=seq))


EVENTS: dict[str, AnyClientEvent] = {
    "chat": protocol.SendChat(ref=9, data=protocol.ChatData(room_id="room", content="hi")),
    "signals": protocol.Typing(ref=9, data=protocol.TypingData(room_id="room", is_typing=True)),
    "joins": protocol.LeaveRoom(ref=9, data=protocol.RoomData(room_id="elsewhere")),
    "control": protocol.Ping(ref=9),
    "edits": edit(1),
}


@pytest.mark.parametrize("kind", EVENTS)
async def test_each_kind_has_a_limit_of_its_own(tmp_path: Path, kind: str) -> None:
    """LIM-1, PR-5: refused with the time to wait; other kinds, and other users, are not concerned."""
    async with a_desk(tmp_path, **{kind: 0.25, "burst": 8.0}) as desk:  # two at once
        connection, wire = connected("ada")
        connection.allowance = desk.handlers._allowances.of("ada")
        for _ in range(3):
            await desk.handlers.handle(connection, EVENTS[kind])
        limited = [event for event in wire.events() if event.get("data", {}).get("code") == "rate_limited"]
        assert [event["ref"] for event in limited] == [EVENTS[kind].ref]
        assert 3.5 < limited[0]["data"]["retry_after"] < 5.0
        other = "control" if kind != "control" else "signals"
        await desk.handlers.handle(connection, EVENTS[other])
        second, seen = connected("ada")
        second.allowance = desk.handlers._allowances.of("ada")
        await desk.handlers.handle(second, EVENTS[kind])
        assert [data["code"] for data in seen.of("error")] == ["rate_limited"], "one allowance for all connections"
        stranger, hears = connected("bob")
        await desk.handlers.handle(stranger, EVENTS[kind])
        assert "rate_limited" not in [data["code"] for data in hears.of("error")]
        assert len([data for data in wire.of("error") if data["code"] == "rate_limited"]) == 1


async def test_who_goes_on_is_cut_off_and_finds_the_buckets_empty(tmp_path: Path) -> None:
    """LIM-4: after so many refusals; coming back gives no new allowance. Noise counts too."""
    async with a_desk(tmp_path, edits=1.0, burst=1.0) as desk:
        connection, wire = connected("ada")
        connection.identity = None
        await desk.handlers.connect(connection, "ada", None)
        await desk.handlers.handle(connection, edit(1))
        assert desk.handlers.pause_after(connection, 10) == 0.0
        for seq in range(1, 2 * REFUSALS_BORNE):
            await desk.handlers.handle(connection, edit(seq))
        assert connection.closed
        assert desk.handlers.pause_after(connection, 10) == PENALTY
        assert wire.closed() is None, "cut off: the closing handshake would have to be read"
        again, hears = connected("ada")
        again.identity = None
        await desk.handlers.connect(again, "ada", None)
        await desk.handlers.handle(again, edit(1))
        assert [data["code"] for data in hears.of("error")] == ["rate_limited"]
    async with a_desk(tmp_path, control=1.0, burst=1.0) as desk:
        connection, wire = connected("eve")
        connection.allowance = desk.handlers._allowances.of("eve")
        for _ in range(2 * REFUSALS_BORNE):
            desk.handlers.unreadable(connection, InvalidError("What?"), None)
        assert connection.closed
        assert {data["code"] for data in wire.of("error")} == {"malformed", "rate_limited"}


async def test_a_user_holds_so_many_sockets(tmp_path: Path) -> None:
    """LIM-5: one more is told so and closed with 1013; when one has gone there is a place again."""
    async with a_desk(tmp_path, max_sockets=2) as desk, desk.serving() as url:
        timing = Timing(retry_first=0.01, retry_most=0.05)
        async with RoomClient.open(url, "room", token="ada", client_id="one"):
            async with RoomClient.open(url, "room", token="ada", client_id="two"):
                with pytest.raises(RateLimitedError) as caught:
                    async with RoomClient.open(url, "room", token="ada", timing=timing, open_timeout=0.3):
                        pass
                assert caught.value.code == "too_many_connections"
                async with RoomClient.open(url, "room", token="bob"):
                    pass
            await until(lambda: desk.online.connections("ada") == 1)
            async with RoomClient.open(url, "room", token="ada", client_id="three"):
                pass


async def test_a_client_in_a_hurry_loses_nothing(tmp_path: Path) -> None:
    """LIM-6, G2, G6: told to wait, it waits, and sends again what was refused; each edit is there once and in order."""
    async with a_desk(tmp_path, edits=400.0, burst=0.25) as desk, desk.serving() as url:
        told: list[StatusChanged] = []
        async with RoomClient.open(url, "room", token="ada", timing=QUICK) as room:
            room.on_status(told.append)
            for number in range(300):
                room.insert(len(room.text), f"{number},")
                await asyncio.sleep(0)  # else what waits for the window is sent as one
            await room.wait_durable(20)
        assert "rate_limited" in [status.error.code for status in told if status.error is not None]
        assert desk.town.owner is not None
        core = desk.town.owner.core
        assert core.content == "".join(f"{number}," for number in range(300))
        assert [commit.seq for commit in core.log.after(0)] == list(range(1, core.version + 1))


async def test_reading_is_slowed_down_and_gives_way() -> None:
    """LIM-2, LIM-3: a socket is read no faster than its bytes allow, and others have their turn in between."""
    connection, _ = connected("ada")
    sizes: list[int] = []

    class Slow:
        def pause_after(self, _connection: object, size: int) -> float:
            sizes.append(size)
            return 0.05 if len(sizes) == 2 * TURN + 7 else 0.0

    total = 3 * TURN
    coming: list[Message] = [{"type": "websocket.receive", "text": "x" * number} for number in range(total)]
    coming.append({"type": "websocket.disconnect"})
    turns: list[int] = []

    async def receive() -> Message:
        return coming.pop(0)

    async def take(_connection: object, _message: Message) -> None:
        pass

    def tick() -> None:
        turns.append(len(sizes))
        asyncio.get_running_loop().call_soon(tick)

    asyncio.get_running_loop().call_soon(tick)
    handlers: Any = Slow()
    before = asyncio.get_running_loop().time()
    await read(receive, connection, handlers, take)
    assert asyncio.get_running_loop().time() - before >= 0.05
    assert sizes == list(range(total))
    assert {TURN, 2 * TURN, 2 * TURN + 7} <= set(turns)
    assert max(after - first for first, after in pairwise(turns)) <= TURN


async def test_who_was_told_to_go_and_talks_on_is_hung_up_on(tmp_path: Path) -> None:
    """LIM-4: a close frame is followed by the peer's own and little else, or by the end."""
    async with a_desk(tmp_path) as desk, desk.serving() as url:
        headers = {"Authorization": "Bearer no-letters-0"}
        async with connect(url.replace("http", "ws") + "/ws", additional_headers=headers, compression=None) as polite:
            assert "connection_response" not in str(await polite.recv())
            with pytest.raises(ConnectionClosed) as caught:
                await polite.recv()
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == handshake.BAD_TOKEN
        _, writer = await _raw(url, "no-letters-0")
        with pytest.raises(ConnectionError):
            await _pour(writer, NOISE * 5_000)


@pytest.mark.parametrize(
    ("said", "more", "code"),
    [
        pytest.param(bytes([0x81, 0x80 | 127]) + (1 << 30).to_bytes(8), bytes(4 << 20), 1009, id="too large"),
        pytest.param(bytes([0x83, 0x80]) + bytes(4), bytes(256 << 10), 1002, id="no such opcode"),
        pytest.param(Frame(Opcode.TEXT, b"\xff").serialize(mask=True), NOISE * 1_000, 1007, id="not UTF-8"),
    ],
)
async def test_who_is_cut_off_for_what_it_sent_hears_why(tmp_path: Path, said: bytes, more: bytes, code: int) -> None:
    """LIM-11: the close frame comes, and then the end, however much is still on its way; not a mere reset."""
    async with a_desk(tmp_path) as desk, desk.serving() as url:
        reader, writer = await _raw(url, "ada")
        while b"connection_response" not in await reader.readuntil(b"}"):
            pass
        writer.write(said + more)
        await writer.drain()
        async with asyncio.timeout(10):
            heard = await reader.read()
        assert code.to_bytes(2) in heard[-64:], heard[-64:]
        writer.close()
        await until(lambda: not desk.online.connections("ada"))


async def test_who_sends_on_and_on_after_an_error_is_hung_up_on(tmp_path: Path) -> None:
    """LIM-11: what is dropped unread has a bound."""
    async with a_desk(tmp_path) as desk, desk.serving() as url:
        _, writer = await _raw(url, "ada")
        writer.write(bytes([0x83, 0x80]) + bytes(4))
        with pytest.raises(ConnectionError):
            await _pour(writer, bytes(1 << 20))


# ------------------------------------------------------------------ versions of the protocol


async def test_a_client_that_is_too_old_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """UPG-1: by an error with the ref of its message, and by the close code; saying nothing means the first version."""
    async with a_desk(tmp_path) as desk:
        old: list[AnyClientEvent] = [
            protocol.JoinRoom(ref=5, data=protocol.JoinRoomData(room_id="room", protocol=0)),
            protocol.Connect(ref=5, data=protocol.ConnectData(token="ada", protocol=0)),
        ]
        for event in old:
            connection, wire = connected("ada")
            await desk.handlers.handle(connection, event)
            (error,) = wire.events()
            assert (error["ref"], error["data"]["code"]) == (5, "upgrade_required")
            assert wire.closed() == UPGRADE_REQUIRED
        monkeypatch.setattr(handshake, "OLDEST_PROTOCOL", 2)
        connection, wire = connected("ada")
        await desk.handlers.handle(connection, join())
        assert wire.closed() == UPGRADE_REQUIRED
        assert desk.town.epoch == 0, "no room was woken"


async def test_the_python_client_raises_what_the_server_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """UPG-2: at once on entering; a client that was inside keeps its text, and does not come back."""
    async with a_desk(tmp_path) as desk, desk.serving() as url:
        async with RoomClient.open(url, "room", token="ada", timing=QUICK, wait_on_close=False) as room:
            room.insert(0, "mine")
            await room.wait_durable(10)
            monkeypatch.setattr(handshake, "OLDEST_PROTOCOL", protocol.PROTOCOL_VERSION + 1)
            for connection in list(desk.hubs.hub("room").sessions.values()):
                connection.connection.close(1012, "deploy")
            with pytest.raises(UpgradeRequiredError) as caught:
                await room.wait_for(lambda: False, 10)
            assert caught.value.code == "upgrade_required"
            assert room.status == "closed"
            assert room.text == "mine"
        with pytest.raises(UpgradeRequiredError):
            async with RoomClient.open(url, "room", token="ada"):
                pass


def test_what_is_said_by_a_gateway_about_time_reaches_the_client() -> None:
    """LIM-6: `retry_after` is added to the client's own wait, within its bound."""
    timing = Timing(retry_first=1.0, retry_most=10.0)

    def no_jitter(_low: float, high: float) -> float:
        return high

    assert timing.wait(0, None, no_jitter) == 1.0
    assert timing.wait(1, RateLimitedError("No.", retry_after=3.0), no_jitter) == 5.0
    assert timing.wait(0, RateLimitedError("No.", retry_after=1e9), no_jitter) == 11.0
    assert timing.wait(0, RateLimitedError("No.", retry_after=-5.0), no_jitter) == 1.0


async def _pour(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Send more of it than anybody may who is to go."""
    for _ in range(2 * websocket_protocol.DROPPED // len(data)):
        writer.write(data)
        await writer.drain()


async def _raw(url: str, token: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection after its handshake, for frames that no library sends."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"GET /ws HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        f"Authorization: Bearer {token}\r\n\r\n".encode()
    )
    assert b"101" in await reader.readline()
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer
