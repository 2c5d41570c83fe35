"""Which pages may call: those that the settings name, and while only this machine reaches the server, those on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from persistence.settings import Settings
from serve.middleware import RestGrants
from serve.origins import GrantedOrigins
from serve.socketio.endpoint import SocketIOEndpoint
from serve.sockets.endpoint import SocketEndpoint
from serve.sockets.handlers import Handlers
from serve.sockets.open_connections import OpenConnections

from .fakes import allowances

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

NAMED = "https://editor.example"
LOOPBACK = (
    "http://localhost",
    "http://localhost:8888",
    "https://localhost:8888",
    "http://127.0.0.1:8888",
    "https://127.0.0.1",
    "http://[::1]:8888",
    "https://[::1]",
)
STRANGE = (
    "null",
    "",
    "http://127.0.0.1.evil.example",
    "http://127.0.0.1.evil.example:8888",
    "http://localhost.evil",
    "http://localhost.:8888",
    "http://evil.localhost",
    "http://evil.example/localhost",
    "http://localhost@evil.example",
    "http://localhost:8888@evil.example",
    "http://localhost:evil.example",
    "http://localhost:",
    "http://localhost:888888",
    "http://localhost:8888/",
    "http://localhost:8888 http://evil.example",
    "http://localhost\n",
    "xhttp://localhost",
    "ftp://localhost",
    "file://",
    "chrome-extension://localhost",
    "localhost",
    "//localhost:8888",
    "http://127.0.0.2",
    "http://127.1",
    "http://2130706433",
    "http://0.0.0.0:8888",
    "http://[::ffff:127.0.0.1]",
    "http://[::1",
    "http://::1",
    "http://[::1].evil.example",
    "http://[::]",
    "HTTP://LOCALHOST:8888",
    "http://Localhost:8888",
    "http://loca\u017fhost",
    "http://127.0.0.\u0661",
    "https://editor.example.evil",
    "http://editor.example",
)
"""What is no origin of this machine, or not as a browser writes it."""

ON_LOOPBACK = Settings(host="127.0.0.1", allowed_origins=[NAMED])
ON_THE_NET = Settings(host="0.0.0.0", allowed_origins=[NAMED])


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_pages_of_this_machine(host: str) -> None:
    """PR-11: while the server is bound to a loopback address they may call, on whatever port they are."""
    granted = GrantedOrigins.from_settings(Settings(host=host))
    assert [origin for origin in (*LOOPBACK, *STRANGE, NAMED) if origin in granted] == list(LOOPBACK)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "rooms.example", "127.0.0.1.evil.example"])
def test_pages_of_other_machines(host: str) -> None:
    """PR-11: on any other address only those that the settings name, since each machine has a loopback of its own."""
    granted = GrantedOrigins.from_settings(Settings(host=host, allowed_origins=[NAMED]))
    assert [origin for origin in (*LOOPBACK, *STRANGE, NAMED) if origin in granted] == [NAMED]


def scope_of(origin: str, path: str, query: str = "") -> Scope:
    return {
        "type": "websocket",
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"host", b"127.0.0.1:8000"), (b"origin", origin.encode("latin-1"))],
        "extensions": {"websocket.http.response": {}},
    }


async def answers(settings: Settings, origin: str) -> dict[str, str]:
    """The first word of each endpoint to a page of that origin."""
    nobody: Any = None  # a connection without a token meets none of what stands behind the handlers
    handlers = Handlers(nobody, nobody, nobody, nobody, allowances())
    found = {}
    for name, endpoint, scope in (
        ("/ws", SocketEndpoint(handlers, settings, OpenConnections()), scope_of(origin, "/ws")),
        (
            "/socket.io/",
            SocketIOEndpoint(handlers, settings, OpenConnections()),
            scope_of(origin, "/socket.io/", "EIO=4&transport=websocket"),
        ),
    ):
        sent: list[Message] = []
        coming = iter([{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1001}])

        async def receive(coming: Any = coming) -> Message:
            message: Message = next(coming)
            return message

        async def send(message: Message, sent: list[Message] = sent) -> None:
            sent.append(message)

        await endpoint(scope, receive, send)
        found[name] = sent[0]["type"]
    return found


REFUSED = {"/ws": "websocket.close", "/socket.io/": "websocket.http.response.start"}
ACCEPTED = {"/ws": "websocket.accept", "/socket.io/": "websocket.accept"}


@pytest.mark.parametrize("origin", LOOPBACK)
async def test_sockets_of_this_machine(origin: str) -> None:
    """PR-11, PR-4."""
    assert await answers(ON_LOOPBACK, origin) == ACCEPTED
    assert await answers(ON_THE_NET, origin) == REFUSED


@pytest.mark.parametrize("origin", [one for one in STRANGE if one.isascii()])
async def test_sockets_of_strange_origins(origin: str) -> None:
    """PR-11, PR-4: refused before the handshake ends."""
    assert await answers(ON_LOOPBACK, origin) == REFUSED


async def plain(scope: Scope, receive: Receive, send: Send) -> None:
    """An app that answers everything with 200."""
    del scope, receive
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def granted_over_rest(settings: Settings, origin: str) -> set[str | None]:
    """What the answers to a preflight, and to the call itself, grant."""
    app = RestGrants(plain, GrantedOrigins.from_settings(settings))
    headers = {"Origin": origin}
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000") as client:
        told = [
            await client.options("/api/auth/guest", headers=headers | asked),
            await client.post("/api/auth/guest", headers=headers),
        ]
        pages = await client.get("/", headers=headers)
    assert "access-control-allow-origin" not in pages.headers
    assert all("access-control-allow-credentials" not in answer.headers for answer in told)
    return {answer.headers.get("access-control-allow-origin") for answer in told}


@pytest.mark.parametrize("origin", LOOPBACK)
async def test_calls_of_this_machine(origin: str) -> None:
    """REST-43, PR-11: granted to that origin by its name, without cookies, and for REST only."""
    assert await granted_over_rest(ON_LOOPBACK, origin) == {origin}
    assert await granted_over_rest(ON_THE_NET, origin) == {None}


@pytest.mark.parametrize("origin", [one for one in STRANGE if one.isascii() and "\n" not in one])
async def test_calls_of_strange_origins(origin: str) -> None:
    """REST-43, PR-11."""
    assert await granted_over_rest(ON_LOOPBACK, origin) == {None}
