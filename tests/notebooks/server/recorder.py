"""A server in the room server's place that remembers all that reaches it and does what a test tells it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tornado.web import Application, HTTPError, RequestHandler
from tornado.websocket import WebSocketHandler

if TYPE_CHECKING:
    from tornado.httpserver import HTTPServer

PATIENCE = 15.0
_MAX_FRAME = 80 * 1024 * 1024


@dataclass(frozen=True)
class Call:
    """One REST call as it arrived; header names are lower case."""

    method: str
    uri: str
    headers: dict[str, str]
    body: bytes


class Line(WebSocketHandler):
    """One socket as the upstream sees it."""

    def initialize(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self.frames: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self.pongs: asyncio.Queue[bytes] = asyncio.Queue()
        self.is_reading = asyncio.Event()
        self.is_reading.set()

    @property
    def max_message_size(self) -> int:
        return _MAX_FRAME

    @property
    def seen_headers(self) -> dict[str, str]:
        return _lowered(self.request.headers)

    def prepare(self) -> None:
        if self._recorder.is_refusing:
            raise HTTPError(503)

    def check_origin(self, origin: str) -> bool:  # noqa: ARG002 - tells what came, and refuses nothing
        return True

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return next((name for name in ("rayrooms.msgpack", "rayrooms.json") if name in subprotocols), None)

    def open(self, *_: str) -> None:
        self.set_nodelay(True)
        self._recorder.lines.put_nowait(self)

    async def on_message(self, message: str | bytes) -> None:
        await self.is_reading.wait()
        self.frames.put_nowait(message)
        if self._recorder.is_echoing:
            await self.write_message(message, binary=isinstance(message, bytes))

    def on_pong(self, data: bytes) -> None:
        self.pongs.put_nowait(data)

    def on_close(self) -> None:
        self.frames.put_nowait(None)

    async def frame(self) -> str | bytes | None:
        """The next frame; None at the end."""
        async with asyncio.timeout(PATIENCE):
            return await self.frames.get()


class _Rest(RequestHandler):
    def initialize(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def _answer(self) -> None:
        request = self.request
        self._recorder.calls.append(
            Call(request.method or "", request.uri or "", _lowered(request.headers), request.body)
        )
        status, content_type, body = self._recorder.answer
        self.set_status(status)
        self.set_header("Content-Type", content_type)
        self.set_header("Set-Cookie", "upstream=1")
        self.set_header("X-Upstream", "1")
        self.write(body)

    get = post = delete = put = _answer


@dataclass
class Recorder:
    """Listens from `start` to `stop`, on the same port each time."""

    port: int
    calls: list[Call] = field(default_factory=list)
    lines: asyncio.Queue[Line] = field(default_factory=asyncio.Queue)
    answer: tuple[int, str, bytes] = (200, "application/json", b"{}")
    is_echoing: bool = False
    is_refusing: bool = False
    _server: HTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        arguments: dict[str, Any] = {"recorder": self}
        routes: list[Any] = [("/ws", Line, arguments), ("/.*", _Rest, arguments)]
        self._server = Application(routes).listen(self.port, "127.0.0.1")

    async def stop(self) -> None:
        assert self._server is not None
        self._server.stop()
        await self._server.close_all_connections()

    def reset(self) -> None:
        self.calls.clear()
        self.lines = asyncio.Queue()
        self.answer = (200, "application/json", b"{}")
        self.is_echoing = self.is_refusing = False

    async def line(self) -> Line:
        """The next socket that was opened."""
        async with asyncio.timeout(PATIENCE):
            return await self.lines.get()


def _lowered(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.get_all()}
