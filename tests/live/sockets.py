"""A client that speaks the wire by hand and remembers all that it was told."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PATIENCE = 30.0
"""Seconds after which what a test waits for counts as never coming."""

SUBPROTOCOLS = {"json": "rayrooms.json", "msgpack": "rayrooms.msgpack"}


class Socket:
    """One WebSocket connection. Messages are plain dicts, so that tests see what is really on the wire."""

    def __init__(self, connection: ClientConnection, codec: str) -> None:
        self.connection = connection
        self.codec = codec
        self.room_id = ""
        self.joined: dict[str, Any] = {}
        self.received: list[dict[str, Any]] = []
        self._at = 0
        self._news = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        *,
        token: str | None = None,
        offer: tuple[str, ...] = (),
        origin: str | None = None,
        codec: str = "json",
        query: str = "",
    ) -> AsyncIterator[Socket]:
        """Connect with the token in the header; `offer` are further subprotocols."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        connection = await connect(
            url.replace("http", "ws", 1) + "/ws" + query,
            subprotocols=[Subprotocol(name) for name in (SUBPROTOCOLS[codec], *offer)],
            additional_headers=headers,
            origin=Origin(origin) if origin is not None else None,
            compression=None,
            max_size=None,
            open_timeout=PATIENCE,
            ping_interval=None,
            close_timeout=1,
        )
        async with connection:
            socket = cls(connection, codec)
            assert connection.subprotocol == SUBPROTOCOLS[codec]
            try:
                yield socket
            finally:
                socket._reading.cancel()

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            async for frame in self.connection:
                assert isinstance(frame, bytes) == (self.codec == "msgpack")
                message = msgspec.msgpack.decode(frame) if isinstance(frame, bytes) else json.loads(frame)
                self.received.append(message)
                self._news.set()
        self._news.set()

    @property
    def is_open(self) -> bool:
        return not self._reading.done()

    # -------------------------------------------------------------- sending

    async def send(self, event: str, ref: int | None = None, **data: Any) -> None:
        """Send an event for the room that was joined, unless `data` names another."""
        fields = {"room_id": self.room_id, **data} if event not in {"connect", "ping"} else data
        message: dict[str, Any] = {"event": event, "data": fields}
        if ref is not None:
            message["ref"] = ref
        await self.send_frame(msgspec.msgpack.encode(message) if self.codec == "msgpack" else json.dumps(message))

    async def send_frame(self, frame: str | bytes) -> None:
        await self.connection.send(frame)

    async def join(self, room_id: str, **data: Any) -> dict[str, Any]:
        """Join a room; returns its `room_joined`."""
        self.room_id = room_id
        await self.send("join_room", ref=1, **data)
        self.joined = await self.expect("room_joined", room_id=room_id)
        return self.joined

    async def edit(self, op: list[Any], **data: Any) -> int:
        """Make an edit and wait for its version."""
        await self.send("code_change", op=op, **data)
        return await self.acknowledged()

    async def acknowledged(self) -> int:
        """The version of the next own edit, acknowledged alone."""
        acks = (await self.expect("ack"))["acks"]
        assert len(acks) == 1
        version: int = acks[0]["version"]
        return version

    # -------------------------------------------------------------- hearing

    async def expect(self, event: str, *, patience: float = PATIENCE, **fields: Any) -> dict[str, Any]:
        """The data of the next such event, with these fields (a callable is asked); others before it are passed."""
        data: dict[str, Any] = (await self.expect_message(event, patience=patience, **fields))["data"]
        return data

    async def expect_message(self, event: str, *, patience: float = PATIENCE, **fields: Any) -> dict[str, Any]:
        """As `expect`, but the whole message."""
        try:
            async with asyncio.timeout(patience):
                while True:
                    while self._at < len(self.received):
                        message = self.received[self._at]
                        self._at += 1
                        if message["event"] == event and _fits(message.get("data", {}), fields):
                            return message
                    assert self.is_open, f"closed while waiting for {event}: {self.received[-3:]}"
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"no {event} {fields}; the last messages were {self.received[-5:]}") from None

    async def error(self, code: str, **fields: Any) -> dict[str, Any]:
        """The next error, which must be this one; returns the message."""
        message = await self.expect_message("error")
        assert message["data"]["code"] == code, message
        assert message["data"]["message"].endswith((".", ").")), message
        assert _fits(message["data"], fields), message
        return message

    async def quiet(self) -> list[str]:
        """The events that came since the last expected one, up to a ping that is answered behind them all."""
        start = self._at
        await self.send("ping", ref=424242)
        await self.expect_message("pong")
        events = [message["event"] for message in self.received[start : self._at - 1]]
        return [event for event in events if event != "durable"]

    async def closed(self) -> int:
        """Wait for the end of the connection; returns the close code."""
        async with asyncio.timeout(PATIENCE):
            await self.connection.wait_closed()
        code = self.connection.close_code
        assert code is not None
        return code


def _fits(data: dict[str, Any], fields: dict[str, Any]) -> bool:
    return all(
        wanted(data[name]) if callable(wanted) else data[name] == wanted if name in data else False
        for name, wanted in fields.items()
    )
