"""A small room server for tests of the client: the simulation's room host behind real sockets and a few REST routes."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import uvicorn

from actors.core.sessions import User
from rayrooms.codec import codec_for
from rayrooms.errors import InvalidError
from rayrooms.protocol import SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK, Error, ErrorData, GoingAway, GoingAwayData
from tests.simulation.host import RoomHost

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable, Iterator, MutableMapping

    from actors.core.state import RoomLimits
    from rayrooms.protocol import AnyServerEvent, ChatMessage
    from tests.simulation.host import Connection

    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

ROOM = "room"


class _QuietServer(uvicorn.Server):
    """Leaves the signals to the tests, and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Socket:
    def __init__(self, send: Send, subprotocol: str | None) -> None:
        self._send = send
        self._codec = codec_for(subprotocol)
        self.decode = self._codec.decode_client

    async def write(self, message: AnyServerEvent) -> None:
        frame = self._codec.encode(message)
        key = "bytes" if isinstance(frame, bytes) else "text"
        await self._send({"type": "websocket.send", key: frame})

    async def close(self, code: int) -> None:
        await self._send({"type": "websocket.close", "code": code, "reason": ""})


class RoomServer:
    """Serves one room on a free port. A token is `token-<name>`, the user id `<name>`."""

    def __init__(self, limits: RoomLimits | None = None) -> None:
        self.host = RoomHost(ROOM, limits)
        self.persists = True
        """Whether commits become durable at once."""
        self.is_silent = False
        """Whether it reads what comes and answers nothing."""
        self.tokens: list[str] = []
        """The token of each connection that was made."""
        self.bad_tokens: set[str] = set()
        self.subprotocols: list[str | None] = []
        self.conflicts: list[dict[str, object]] = []
        """What its REST route answers."""
        self._users: dict[str, User] = {}
        self._sockets: dict[Connection, _Socket] = {}
        config = uvicorn.Config(
            self._app, host="127.0.0.1", port=0, log_level="error", lifespan="off", interface="asgi3"
        )
        self._server = _QuietServer(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._server.serve())
        await self._server.listening.wait()

    async def stop(self) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        assert self._task is not None
        await self._task

    @property
    def url(self) -> str:
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    def user(self, name: str) -> User:
        return self._users.setdefault(name, User(name, name.title(), "#000000", "member"))

    # -------------------------------------------------------------- what tests do to it

    async def pump(self) -> None:
        """Write out whatever the host has for its connections."""
        if self.is_silent:
            return
        self.host.flush()
        if self.persists:
            self.host.persist(self.host.core.version)
        for connection in list(self.host.connections):
            written, connection.outbox = connection.outbox, []
            for message in written:
                await self._sockets[connection].write(message)

    async def cut(self, code: int = 1012) -> None:
        """Close all sockets."""
        for socket in list(self._sockets.values()):
            await socket.close(code)

    async def say_going_away(self) -> None:
        for socket in list(self._sockets.values()):
            await socket.write(GoingAway(data=GoingAwayData(reason="deploy")))

    # -------------------------------------------------------------- serving

    async def _app(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._serve_socket(scope, receive, send)
        else:
            await self._serve_http(scope, receive, send)

    async def _serve_socket(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        await receive()
        offered = scope["subprotocols"]
        chosen = next((one for one in (SUBPROTOCOL_MSGPACK, SUBPROTOCOL_JSON) if one in offered), None)
        self.subprotocols.append(chosen)
        await send({"type": "websocket.accept", "subprotocol": chosen})
        socket = _Socket(send, chosen)
        token = dict(scope["headers"])[b"authorization"].decode().removeprefix("Bearer ")
        self.tokens.append(token)
        if token in self.bad_tokens or not token.startswith("token-"):
            await socket.write(Error(data=ErrorData(code="bad_token", message="No such token.")))
            await socket.close(4401)
            return
        connection = self.host.connect(self.user(token.removeprefix("token-").split("/")[0]))
        self._sockets[connection] = socket
        try:
            await self.pump()
            while (event := await receive())["type"] == "websocket.receive":
                if not self.is_silent:
                    self.host.receive(connection, socket.decode(event.get("bytes") or event["text"]))
                    await self.pump()
        finally:
            self.host.disconnect(connection)
            del self._sockets[connection]
            await self.pump()

    async def _serve_http(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        body = (await receive()).get("body", b"")
        status, answer = self._answer(scope["method"], scope["path"], scope["query_string"].decode(), body)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer, default=str).encode()})

    def _answer(self, method: str, path: str, query: str, body: bytes) -> tuple[int, object]:
        now = datetime.now(UTC).isoformat()
        core = self.host.core
        match method, path:
            case "POST", "/api/auth/guest":
                name = json.loads(body)["name"].lower()
                return 201, {"token": f"token-{name}", "user_id": name, "name": name, "expires_at": now}
            case "GET", "/api/sync/room/snapshot":
                size = len(core.content.encode())
                return 200, {"content": core.content, "version": core.version, "size_bytes": size, "created_at": now}
            case "GET", "/api/sync/room/operations":
                asked = dict(pair.split("=") for pair in query.split("&"))
                start, end = int(asked["from_version"]), int(asked.get("to_version", core.version))
                page = self.host.database.commits[start : min(start + 2, end)]
                operations = [
                    {
                        "version": commit.version,
                        "op": commit.op,
                        "user_id": commit.user_id,
                        "client_id": commit.client_id,
                        "seq": commit.seq,
                        "timestamp": now,
                    }
                    for commit in page
                ]
                return 200, {"operations": operations, "next": start + 2 if start + 2 < end else None}
            case "GET", "/api/rooms/room/messages":
                return 200, {"items": [_stored(message) for message in core.chat.tail()][::-1], "next": None}
            case "GET", "/api/rooms/room/conflicts":
                return 200, {"items": self.conflicts, "next": None}
            case _:
                error = InvalidError("There is no such route.", code="room_not_found")
                return 404, {"code": error.code, "detail": error.message}


def _stored(message: ChatMessage) -> dict[str, object]:
    shown: dict[str, object] = msgspec.structs.asdict(message)
    return {"message_id": shown.pop("id"), **shown}
