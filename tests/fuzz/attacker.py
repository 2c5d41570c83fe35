"""Someone who sends hostile frames over one transport, and insists that the server goes on answering."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from .frames import HostileFrames

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator

    from .frames import Hostile, Known, Place, Transport
    from .tally import Tally

PATIENCE = 20.0
"""Seconds within which the server must answer a ping, whatever it was sent before."""

DOCUMENTED_CLOSES = {1000, 1002, 1007, 1009, 4401, 4426}
"""Ended by the client's own packet, protocol error, no UTF-8, too big, no token that holds, a protocol too old."""
_CUT = 1006
_BATCH = 12
_ANONYMOUS, _POLITE = 0.1, 0.8
_MESSAGES_KEPT = 20
_REMEMBERED = 12


class HangError(AssertionError):
    """The server did not answer in time."""


class Attacker:
    """Connects again and again and sends frames in batches, each batch followed by a ping that must be answered.

    Some connections are compressed, and some begin without a token.
    """

    def __init__(self, url: str, known: Known, transport: Transport, rng: random.Random, tally: Tally) -> None:
        self._url = url.replace("http", "ws", 1)
        self._known = known
        self._transport = transport
        self._rng = rng
        self._tally = tally
        self._frames = HostileFrames(rng, transport)
        self._sent = 0
        self._barrier = 10**9
        self._passed = asyncio.Event()
        self._news = asyncio.Event()
        self._turned_away: set[str] = set()
        self._heard_last: deque[tuple[str, dict[str, Any]]] = deque(maxlen=_REMEMBERED)
        self._sent_last: deque[str] = deque(maxlen=_REMEMBERED)

    async def attack(self, count: int) -> None:
        """Send so many frames. Raises AssertionError when the server hangs or closes as nobody said it would."""
        while self._sent < count:
            anonymous = self._rng.random() < _ANONYMOUS
            until = min(count, self._sent + self._rng.randint(20, 60 if anonymous else 500))
            self._heard_last.clear()
            async with self._connected(anonymous=anonymous) as connection:
                await self._send_until(connection, until, anonymous=anonymous)

    @asynccontextmanager
    async def _connected(self, *, anonymous: bool) -> AsyncIterator[ClientConnection]:
        socketio = self._transport == "socketio"
        headers = {} if anonymous or socketio else {"Authorization": f"Bearer {self._known.token}"}
        connection = await connect(
            self._url + ("/socket.io/?EIO=4&transport=websocket" if socketio else "/ws"),
            subprotocols=None if socketio else [Subprotocol(f"rayrooms.{self._transport}")],
            additional_headers=headers,
            compression=self._rng.choice((None, "deflate")),
            max_size=None,
            open_timeout=PATIENCE,
            ping_interval=None,
            close_timeout=1,
        )
        self._tally.connections += 1
        for place in self._known.places:
            place.joined = False
        async with connection:
            reading = asyncio.create_task(self._read(connection))
            try:
                if socketio and not anonymous:
                    await connection.send("40" + json.dumps({"token": self._known.token}))
                yield connection
            finally:
                reading.cancel()
                with suppress(asyncio.CancelledError):
                    await reading

    # -------------------------------------------------------------- sending

    async def _send_until(self, connection: ClientConnection, until: int, *, anonymous: bool) -> None:
        raw = False
        try:
            if not anonymous and self._rng.random() < _POLITE:
                await self._enter(connection)
            while self._sent < until:
                for _ in range(min(_BATCH, until - self._sent)):
                    hostile = self._frames.next(self._known)
                    self._sent += 1
                    self._tally.sent[f"{self._transport}: {hostile.kind}"] += 1
                    self._sent_last.append(hostile.kind)
                    await _send(connection, hostile)
                    raw = hostile.raw
                    if raw or hostile.kind == "not UTF-8":
                        break
                await self._pass_barrier(connection)
        except ConnectionClosed:
            pass
        if connection.close_code is not None:
            self._closed(connection.close_code, raw=raw)

    async def _enter(self, connection: ClientConnection) -> None:
        """Join the rooms as an honest client does, and wait to be let in: what is sent then gets as far as the room.

        What the last connection had sent may still be on its way and take the place of this one (ROOM-5); then, and
        when it is refused for now, a client asks again.
        """
        self._turned_away.clear()
        asking = {place.room_id for place in self._known.places}
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while not all(place.joined for place in self._known.places):
                    self._news.clear()
                    self._turned_away -= asking
                    for room_id in asking:
                        await self._join(connection, room_id)
                    await self._news.wait()
                    asking = set(self._turned_away)
                return
        raise HangError(f"{self._transport}: not let in; the last that came was {list(self._heard_last)}")

    async def _join(self, connection: ClientConnection, room_id: str) -> None:
        data = {"room_id": room_id, "client_id": self._known.client_id}
        message = {"event": "join_room", "data": data}
        match self._transport:
            case "json":
                await connection.send(json.dumps(message))
            case "msgpack":
                await connection.send(msgspec.msgpack.encode(message))
            case "socketio":
                await connection.send("42" + json.dumps(["join_room", data]))

    def _closed(self, code: int, *, raw: bool) -> None:
        self._tally.closes[code] += 1
        allowed = DOCUMENTED_CLOSES | ({_CUT} if raw else set())
        assert code in allowed, (
            f"{self._transport}: closed with {code} after {list(self._sent_last)}; "
            f"the last that came was {list(self._heard_last)}"
        )

    async def _pass_barrier(self, connection: ClientConnection) -> None:
        """Everything before it has been taken when its pong comes; or the connection has been closed."""
        self._barrier += 1
        self._passed.clear()
        ping = {"event": "ping", "ref": self._barrier}
        match self._transport:
            case "json":
                await connection.send(json.dumps(ping))
            case "msgpack":
                await connection.send(msgspec.msgpack.encode(ping))
            case "socketio":
                await connection.send(f'42{self._barrier}["ping"]')
        passed = asyncio.ensure_future(self._passed.wait())
        closed = asyncio.ensure_future(connection.wait_closed())
        done, pending = await asyncio.wait({passed, closed}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        for waiting in pending:
            waiting.cancel()
        if not done:
            raise HangError(f"{self._transport}: no answer; the last that came was {list(self._heard_last)}")
        if passed not in done:
            await connection.recv()  # raises ConnectionClosed

    # -------------------------------------------------------------- hearing

    async def _read(self, connection: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            async for frame in connection:
                if self._transport == "socketio":
                    assert isinstance(frame, str)
                    await self._packet(connection, frame)
                else:
                    message = msgspec.msgpack.decode(frame) if isinstance(frame, bytes) else json.loads(frame)
                    answers = message.get("ref") is not None or message["event"] == "ack"
                    self._heard(message["event"], message.get("data", {}), message.get("ref"), answers=answers)

    async def _packet(self, connection: ClientConnection, packet: str) -> None:
        """One Engine.IO packet: a heartbeat, an event, or an acknowledgement."""
        if packet == "2":
            await connection.send("3")
        elif packet.startswith("42"):
            event, data = json.loads(packet[2:])
            self._heard(event, data, None, answers=event == "ack")
        elif packet.startswith("43"):
            number, _, body = packet[2:].partition("[")
            [data] = json.loads("[" + body)
            event = "room_joined" if "last_seq" in data else "pong"
            if "error" not in data:  # refusals come as an event too
                self._heard(event, data, int(number), answers=True)

    def _heard(self, event: str, data: dict[str, Any], ref: int | None, *, answers: bool) -> None:
        if event == "pong" and ref == self._barrier:
            self._passed.set()
            return
        self._heard_last.append((event, data))
        self._tally.heard(event, data, answers=answers)
        place = next((place for place in self._known.places if place.room_id == data.get("room_id")), None)
        if place is not None:
            _learn(place, self._known.client_id, event, data)
            if event in {"room_left", "error"}:
                self._turned_away.add(place.room_id)
        self._news.set()


async def _send(connection: ClientConnection, hostile: Hostile) -> None:
    if hostile.raw:
        connection.transport.write(hostile.parts[0])
    elif len(hostile.parts) == 1:
        await connection.send(hostile.parts[0], text=hostile.is_text)
    else:
        await connection.send(hostile.parts, text=hostile.is_text)


def _learn(place: Place, client_id: str, event: str, data: dict[str, Any]) -> None:
    """Keep up with the room, as an honest client would: what is forged from fresh knowledge gets further."""
    match event:
        case "room_joined":
            place.joined = True
            place.version = data["version"]
            if data["client_id"] == client_id:
                place.last_seq = data["last_seq"]
        case "room_left":
            place.joined = False
        case "ack" if data["client_id"] == client_id:
            for ack in data.get("acks", [data]):
                place.version = max(place.version, ack["version"])
                place.last_seq = max(place.last_seq, ack["seq"])
        case "code_change":
            for change in data.get("changes", [data]):
                place.version = max(place.version, change["version"])
                if change["client_id"] == client_id:
                    place.last_seq = max(place.last_seq, change["seq"])
        case "chat_message":
            place.message_ids = [*place.message_ids, data["message"]["id"]][-_MESSAGES_KEPT:]
