"""Statements that stand alone, straight over psycopg: a third of the time that SQLAlchemy takes for one."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from persistence.dsn import libpq_url
from persistence.planning import BY_INDEX
from rayrooms.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, LiteralString

_MOST: Final = 4

Value = str | int | list[str]
"""What a statement's place can be filled with."""


def database_away() -> UnavailableError:
    """What callers are told while Postgres is away."""
    return UnavailableError("The database is not available.", code="database_unavailable")


class Statements:
    """A few connections in autocommit mode. Connects on first use; `close` gives all of them back.

    While Postgres is away, who asks waits up to `timeout` seconds for it. `options` are libpq's.
    """

    def __init__(self, url: str, *, size: int, timeout: float, options: Mapping[str, int]) -> None:
        self._pool = AsyncConnectionPool(
            libpq_url(url),
            kwargs={"autocommit": True, **options},
            min_size=1,
            max_size=max(1, min(size, _MOST)),
            timeout=timeout,
            reconnect_timeout=timeout,  # then whoever asks next tries anew, and not half a minute later
            configure=_plan_by_index,
            check=_refuse_a_dead_one,
            open=False,
        )

    async def first(self, statement: LiteralString, values: Mapping[str, Value]) -> tuple[Any, ...] | None:
        """The first row. Raises UnavailableError when Postgres is away, and psycopg's IntegrityError."""
        try:
            if self._pool.closed:
                await self._pool.open()
            async with self._pool.connection() as connection:
                return await (await connection.execute(statement, values)).fetchone()
        except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as error:
            raise database_away() from error

    async def close(self) -> None:
        await self._pool.close()


async def _plan_by_index(connection: psycopg.AsyncConnection) -> None:
    await connection.execute(BY_INDEX)


async def _refuse_a_dead_one(connection: psycopg.AsyncConnection) -> None:
    """Have the pool connect anew when the server has hung up: its farewell waits to be read. A ping is a round trip."""
    if is_dead(connection.fileno()):
        await connection.close()  # or the pool takes it back and gives it out again
        raise psycopg.OperationalError("the server has hung up")


def is_dead(descriptor: int) -> bool:
    """Whether something waits to be read on an idle connection."""
    idle = select.poll()
    idle.register(descriptor, select.POLLIN)
    return bool(idle.poll(0))
