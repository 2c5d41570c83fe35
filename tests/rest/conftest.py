"""Fixtures of the REST tests: the app in this process over a real Postgres, or a running server.

With RAYROOMS_TEST_URL set, the contract tests drive the server at that URL (it must admit guests); tests of what only
the stand-in for live rooms can show are skipped.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from persistence.database import Database
from persistence.embedded import EmbeddedPostgres
from persistence.migrate import upgrade
from persistence.settings import Settings
from serve.app import create_app
from serve.auth.tokens import Tokens
from serve.context import AppContext

from .contract import Contract
from .fake_cluster import FakeCluster
from .fake_live import FakeLive

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

SERVER_URL = os.environ.get("RAYROOMS_TEST_URL", "")


@dataclass(frozen=True)
class Guest:
    """Someone signed in: a client whose requests carry their token."""

    user_id: str
    name: str
    token: str
    http: httpx.AsyncClient

    async def make_room(self, **fields: Any) -> str:
        """Make a room and return its id."""
        made = await self.post("/api/rooms", {"name": "Room", **fields})
        assert made.status_code == 201, made.text
        room_id = made.json()["room_id"]
        assert isinstance(room_id, str)
        return room_id

    async def insert(self, room_id: str, position: int, content: str, **fields: Any) -> int:
        """Insert text and return the version."""
        body = {"op_type": "insert", "position": position, "content": content, **fields}
        accepted = await self.post(f"/api/sync/{room_id}/operations", body)
        assert accepted.status_code == 200, accepted.text
        version = accepted.json()["version"]
        assert isinstance(version, int)
        return version

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.http.get(path, params=params, headers=self._headers)

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        return await self.http.post(path, json=body, headers=self._headers)

    async def put(self, path: str, body: Any) -> httpx.Response:
        return await self.http.put(path, json=body, headers=self._headers)

    async def delete(self, path: str) -> httpx.Response:
        return await self.http.delete(path, headers=self._headers)

    async def send(self, method: str, path: str, content: bytes | AsyncIterator[bytes]) -> httpx.Response:
        """Send these very bytes as a JSON body."""
        headers = self._headers | {"Content-Type": "application/json"}
        return await self.http.request(method, path, content=content, headers=headers)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@pytest.fixture(scope="package")
def postgres() -> Iterator[str]:
    """The URL of a migrated database of its own."""
    if SERVER_URL:
        pytest.skip("needs the app in this process")
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)  # under root, Postgres runs as another user, who must get there
        server = EmbeddedPostgres(Path(directory) / "postgres")
        url = server.start()
        upgrade(url)
        yield url
        server.stop()


@pytest.fixture(scope="package")
async def database(postgres: str) -> AsyncIterator[Database]:
    database = Database(postgres)
    yield database
    await database.close()


@pytest.fixture(scope="package")
async def ingress() -> AsyncIterator[asyncio.Server]:
    """Something that answers as the ingress does at /-/healthz."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        status = b"200 OK" if request.startswith(b"GET /-/healthz ") else b"404 Not Found"
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield server
    server.close()


@pytest.fixture(scope="package")
def settings(postgres: str, ingress: asyncio.Server) -> Settings:
    port = ingress.sockets[0].getsockname()[1]
    return Settings(database_url=postgres, host="127.0.0.1", port=port, jwt_secret=secrets.token_hex(32))


@pytest.fixture(scope="package")
def live(database: Database) -> FakeLive:
    return FakeLive(database)


@pytest.fixture(scope="package")
def cluster(live: FakeLive) -> FakeCluster:
    return FakeCluster(live)


@pytest.fixture(scope="package")
def context(settings: Settings, database: Database, live: FakeLive, cluster: FakeCluster) -> AppContext:
    tokens = Tokens.from_settings(settings)
    return AppContext(settings=settings, database=database, tokens=tokens, live=live, cluster=cluster)


@pytest.fixture(scope="package")
def transport(request: pytest.FixtureRequest) -> httpx.AsyncBaseTransport:
    """The way to the server under test."""
    if SERVER_URL:
        return httpx.AsyncHTTPTransport()
    return httpx.ASGITransport(create_app(request.getfixturevalue("context")))


@pytest.fixture(scope="package")
async def client(transport: httpx.AsyncBaseTransport) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the server under test; each response is held against the server's OpenAPI document."""
    client = httpx.AsyncClient(transport=transport, base_url=SERVER_URL or "http://server")
    async with client:
        contract = Contract((await client.get("/openapi.json")).json())
        client.event_hooks = {"response": [contract.check]}
        yield client


@pytest.fixture(scope="package")
def sign_in(client: httpx.AsyncClient) -> Callable[[str], Awaitable[Guest]]:
    """Sign a new guest in by name."""

    async def sign_in(name: str) -> Guest:
        answer = await client.post("/api/auth/guest", json={"name": name})
        assert answer.status_code == 200, answer.text
        signed_in = answer.json()
        return Guest(signed_in["user_id"], signed_in["name"], signed_in["token"], client)

    return sign_in


@pytest.fixture(scope="package")
async def ada(sign_in: Callable[[str], Awaitable[Guest]]) -> Guest:
    return await sign_in("Ada")


@pytest.fixture(scope="package")
async def bob(sign_in: Callable[[str], Awaitable[Guest]]) -> Guest:
    return await sign_in("Bob")


@pytest.fixture(scope="package")
async def eve(sign_in: Callable[[str], Awaitable[Guest]]) -> Guest:
    """A stranger to every room."""
    return await sign_in("Eve")
