"""The pool of connections, when the server ends some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.database import Database

if TYPE_CHECKING:
    import psycopg


async def test_a_connection_that_the_server_ended_is_replaced(url: str, sql: psycopg.Connection) -> None:
    """DB-8: a restart of Postgres costs nobody a request who asks afterwards."""
    database = Database(url, pool_size=1, pool_overflow=0)
    pids = []
    for _ in range(3):
        row = await database.first("SELECT pg_backend_pid()")
        assert row is not None
        pids.append(row[0])
        sql.execute("SELECT pg_terminate_backend(%s, 10_000)", [row[0]])  # returns once it is gone
    await database.ping()
    await database.close()
    assert len(set(pids)) == 3


async def test_a_connection_is_used_again(url: str) -> None:
    """DB-8: one that is alive is not replaced."""
    database = Database(url, pool_size=1, pool_overflow=0)
    rows = [await database.first("SELECT pg_backend_pid()") for _ in range(3)]
    await database.close()
    assert len({row[0] for row in rows if row is not None}) == 1
