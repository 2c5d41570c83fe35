"""Somebody who opens a room and takes the time until the whole text is there."""

from __future__ import annotations

import asyncio
import time

import msgspec

from loadtest.typist import decode
from loadtest.wire import Wire

_now = time.perf_counter
_to_json = msgspec.json.Encoder().encode


class Newcomer(Wire):
    """One visit. `arrived` and `ready` are seconds from the start of connecting to the last byte and to the text."""

    def __init__(self, room_id: str) -> None:
        super().__init__()
        self.text = ""
        self.version = 0
        self.size = 0
        self.arrived = 0.0
        self.ready = 0.0
        self._room_id = room_id
        self._began = 0.0
        self._joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def open(self, url: str, token: str) -> None:
        """Connect, join, and return with the text. Raises WireError, and ConnectionError when it is not let in."""
        self._began = _now()
        await self.connect(url, token)
        await self._joined

    def received(self, data: bytes) -> None:
        at = _now()
        event = decode(data)
        if event.event == "connection_response":
            self.send(_to_json({"event": "join_room", "data": {"room_id": self._room_id}}))
        elif event.event == "room_joined" and event.data.content is not None:
            self.text, self.version, self.size = event.data.content, event.data.version, len(data)
            self.arrived, self.ready = at - self._began, _now() - self._began
            self._joined.set_result(None)
        elif event.event == "error":
            self.lost(f"{event.data.code} {event.data.message}")

    def lost(self, why: str) -> None:
        if not self._joined.done():
            self._joined.set_exception(ConnectionError(f"room {self._room_id} cannot be joined: {why}"))
