"""Rayrooms as a target of a benchmark that plays the same typing on other servers: its plugin, not a part of loadtest.

The benchmark has a module `adapters` with a client for each protocol; this adds one for `/ws`, and how the server is
started: `scripts/up` of this checkout on a fresh embedded Postgres, with limits that no benchmark's user reaches.
"""

import asyncio
import json
import os
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import adapters  # type: ignore[import-not-found]
import msgspec
import ottext  # type: ignore[import-not-found]
from picows import WSMsgType, ws_connect

# The benchmark does not register its plugins as modules, so annotations have to be evaluated as they stand.
_ROOT = Path(__file__).resolve().parent.parent
_SOCKETS_PER_GUEST = 100
_AHEAD = 100
"""Edits that one author has in flight, as our own client does and the other pipelining ones here do."""


class _Change(msgspec.Struct):
    version: int
    client_id: str
    seq: int
    op: list[Any] | None = None


class _Ack(msgspec.Struct):
    version: int
    seq: int


class _Data(msgspec.Struct):
    version: int = 0
    content: str | None = None
    changes: list[_Change] = []
    acks: list[_Ack] = []
    code: str = ""
    message: str = ""


class _Event(msgspec.Struct):
    event: str
    data: _Data | None = None


class _Server:
    """What all clients of one load process share: guests and the rooms by the names that the benchmark gives them."""

    def __init__(self, url: str) -> None:
        self.base = url.replace("ws://", "http://")
        self.tokens: list[str] = []
        self.used = 0
        self.rooms: dict[str, asyncio.Task[str]] = {}

    def post(self, path: str, data: dict[str, Any], token: str | None = None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        request = urllib.request.Request(self.base + path, json.dumps(data).encode(), headers)  # noqa: S310 - our own URL
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
            return found

    async def token(self) -> str:
        self.used += 1
        if self.used > _SOCKETS_PER_GUEST * len(self.tokens):
            answer = await asyncio.to_thread(self.post, "/api/auth/guest", {"name": "Bench"})
            self.tokens.append(answer["token"])
        return self.tokens[-1]

    def room(self, name: str) -> asyncio.Task[str]:
        if name not in self.rooms:
            self.rooms[name] = asyncio.get_running_loop().create_task(self._make(name))
        return self.rooms[name]

    async def _make(self, name: str) -> str:
        token = await self.token()
        room = await asyncio.to_thread(self.post, "/api/rooms", {"name": name, "max_users": 1000}, token)
        room_id: str = room["room_id"]
        return room_id


class Rayrooms(adapters.ShareDB):  # type: ignore[misc]
    """JSON at `/ws`. The operations are those of ShareDB's text-unicode, and so is the reckoning of the text."""

    window = _AHEAD
    error: str | None
    on_ack: Callable[[tuple[str, int]], None]
    _servers: ClassVar[dict[str, _Server]] = {}
    _count = 0
    _parse = msgspec.json.Decoder(_Event).decode

    async def open(self, seed: str | None = None) -> None:
        """Connect, join, and return once the whole document is held."""
        server = self._servers.setdefault(self.url, _Server(self.url))
        Rayrooms._count += 1
        self.src = f"bench-{os.getpid()}-{Rayrooms._count}"
        self.room_id = await server.room(self.room)
        token = await server.token()
        self.opened = asyncio.get_running_loop().create_future()
        await ws_connect(lambda: self, self.url + "/ws", extra_headers={"Authorization": f"Bearer {token}"})
        await asyncio.wait_for(self.opened, 60)
        if seed is not None:
            await self.create(seed)

    def hello(self) -> None:
        """Wait for the server to speak first."""
        self.v = self.n = self.cursor = self.seq = 0
        self.log: list[tuple[Any, ...]] = []
        self.flying: list[tuple[int, int]] = []
        self.start = ""

    async def create(self, seed: str) -> None:
        """Give the empty document its first text."""
        done = asyncio.get_running_loop().create_future()
        on_ack, self.on_ack = self.on_ack, lambda _key: done.set_result(None)
        self.send([seed])
        await asyncio.wait_for(done, 20)
        self.on_ack = on_ack
        self.log, self.start = [], seed

    def send(self, op: list[Any]) -> tuple[str, int]:
        """Send an edit and return its key."""
        self.seq += 1
        growth = sum(len(c) if isinstance(c, str) else -c["d"] for c in op if not isinstance(c, int))
        self.flying.append((self.seq, growth))
        self.n += min(growth, 0)  # a bound from below, until it is acknowledged
        self.log.append(("s", op))
        data = {"room_id": self.room_id, "client_id": self.src, "seq": self.seq, "version": self.v, "op": op}
        self._send({"event": "code_change", "data": data})
        return (self.src, self.seq)

    def on_ws_frame(self, _transport: Any, frame: Any) -> None:  # noqa: ANN401 - picows's own
        """Read just enough of an event."""
        payload = frame.get_payload_as_bytes()
        if frame.msg_type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
            return
        self.rx_bytes += len(payload)
        event = self._parse(payload)
        data = event.data or _Data()
        match event.event:
            case "ack":
                for ack in data.acks:
                    self._acknowledged(ack.version, ack.seq)
            case "code_change":
                for change in data.changes:
                    if change.op is None:
                        self._acknowledged(change.version, change.seq)
                    else:
                        self._changed(change)
            case "connection_response":
                self._send({"event": "join_room", "data": {"room_id": self.room_id, "client_id": self.src}})
            case "room_joined":
                self.v, self.start = data.version, data.content or ""
                self.n = len(self.start)
                self.opened.set_result(None)
            case "error" | "room_left" | "going_away":
                self.error = self.error or f"{event.event} {data.code} {data.message}"

    def _changed(self, change: _Change) -> None:
        if change.version != self.v + 1:
            self.error = self.error or f"version {change.version} after {self.v}"
        self.v = change.version
        op = [{"d": len(c["d"])} if isinstance(c, dict) else c for c in change.op or []]  # their deletes are counts
        self._shift(op)
        self.log.append(("r", op))
        self.on_op((change.client_id, change.seq))

    def _acknowledged(self, version: int, seq: int) -> None:
        if version != self.v + 1:
            self.error = self.error or f"acknowledged as {version} after {self.v}"
        self.v = version
        sent, growth = self.flying.pop(0)
        if sent != seq:
            self.error = self.error or f"{seq} acknowledged where {sent} was due"
        self.n += max(growth, 0)
        self.log.append(("a",))
        self.on_ack((self.src, seq))

    def final_text(self) -> str:
        """The document as this user holds it, with what it had in flight carried past what others did."""
        text: str = self.start
        mine: list[list[Any]] = []
        for entry in self.log:
            if entry[0] == "a":
                mine.pop(0)
            elif entry[0] == "s":
                mine.append(entry[1])
                text = ottext.apply(text, entry[1])
            else:
                op, carried = entry[1], []
                for own in mine:
                    carried.append(ottext.transform(own, op, "left"))
                    op = ottext.transform(op, own, "right")
                mine = carried
                text = ottext.apply(text, op)
        return text


_LIMITS = ("EDITS", "CHAT", "SIGNALS", "JOINS", "CONTROL", "BYTES")
# The database runs as another user where this is root's: it has to get through to its directory.
_START = 'data=$(mktemp -d) && chmod 755 "$data" && exec scripts/up --port "$PORT" --data-dir "$data/server"'

ADAPTERS = {"rayrooms": Rayrooms}
TARGETS = {
    "rayrooms": {
        "adapter": "rayrooms",
        "cmd": ["bash", "-c", _START],
        "cwd": _ROOT,
        "env": {f"RAYROOMS_LIMIT_{kind}": "1000000000" for kind in _LIMITS},
        "boot_s": 90,
        "ready": "/health",
    }
}
