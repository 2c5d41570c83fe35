"""Everything that a chaos run works on: Postgres behind a proxy, rooms behind proxies, and a server between them."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import psycopg

from persistence.embedded import EmbeddedPostgres
from tests.live.server import Server

from .links import Links
from .proxy import Proxy

if TYPE_CHECKING:
    from pathlib import Path

GATEWAYS = 2
WARM_POOL = 3
ROOM_IDLE = 5.0
BACKLOG = 400
"""Records that a room holds while Postgres is away: few, so that a minute without it meets the bound (G7)."""

_SOCKET = ".s.PGSQL.5432"


class Stage:
    """Made and used in one event loop. The database and the proxies outlive the server, which may be started again."""

    def __init__(self, directory: Path, *, rooms_per_actor: int = 1) -> None:
        number = os.getpid() % 250
        told, real = f"127.71.{number}.1", f"127.72.{number}.1"
        self.directory = directory
        self.rooms_per_actor = rooms_per_actor
        self.postgres = EmbeddedPostgres(directory / "database")
        self.database = Proxy(self._reach_postgres)
        self.links = Links(told=told, real=real)
        self.real = real
        self._told = told
        self._server: Server | None = None

    @property
    def server(self) -> Server:
        assert self._server is not None
        return self._server

    async def start(self) -> None:
        """Bring all of it up."""
        await asyncio.to_thread(self.postgres.start)
        port = await self.database.listen("127.0.0.1")
        self.links.start()
        self._server = Server(
            self.directory / "data",
            gateways=str(GATEWAYS),
            warm_pool=str(WARM_POOL),
            room_idle=str(ROOM_IDLE),
            rooms_per_actor=str(self.rooms_per_actor),
            backlog_max_records=str(BACKLOG),
            database_url=f"postgresql://postgres@127.0.0.1:{port}/postgres",
            node_ip=self._told,
            listen_ip=self.real,
        )
        await self.start_server()

    async def start_server(self) -> None:
        """Start the server, again when it does not come up: on a busy machine Ray gives its node too little time."""
        for patience in (3, 2, 1, 0):
            try:
                await asyncio.to_thread(self.server.start)
            except AssertionError:
                if not patience:
                    raise
                await asyncio.to_thread(self.server.kill)
            else:
                return

    async def stop(self) -> list[str]:
        """Stop the server as an operator would; returns what was wrong with that."""
        status = await asyncio.to_thread(self.server.stop)
        left = await asyncio.to_thread(self.server.processes)
        found = [f"the server ended with status {status}"] if status else []
        return found + [f"the server left a process behind: {process}" for process in left]

    async def close(self) -> None:
        """Take all of it down, whatever state it is in."""
        if self._server is not None:
            await asyncio.to_thread(self._server.kill)
        await self.links.close()
        await self.database.close()
        await asyncio.to_thread(self.postgres.stop)

    # ------------------------------------------------------------------ the database, past the proxy

    def _socket_dir(self) -> str:
        return parse_qs(urlsplit(self.postgres.url).query)["host"][0]

    async def _reach_postgres(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(f"{self._socket_dir()}/{_SOCKET}")

    def sql(self) -> psycopg.Connection:
        """A connection of our own, each statement committed at once."""
        return psycopg.connect(self.postgres.url, autocommit=True, connect_timeout=20)

    async def query(self, statement: str, *parameters: object) -> list[tuple[object, ...]]:
        """Ask the database itself, without the server."""
        return await asyncio.to_thread(partial(self._query, statement, parameters))

    def _query(self, statement: str, parameters: tuple[object, ...]) -> list[tuple[object, ...]]:
        with self.sql() as connection:
            return list(connection.execute(statement.encode(), parameters))
