"""The pool of Postgres connections that REST, the directory and loading rooms share within a process."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

import msgspec
from sqlalchemy import event, text
from sqlalchemy.exc import DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from persistence.dsn import sqlalchemy_url
from persistence.planning import BY_INDEX
from persistence.statements import Statements, database_away, is_dead

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any, Literal, LiteralString

    from psycopg import AsyncConnection
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

    from persistence.settings import Settings
    from persistence.statements import Value


def _to_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _plan_by_index(connection: DBAPIConnection, _record: object) -> None:
    connection.cursor().execute(BY_INDEX)
    connection.commit()


def _refuse_a_dead_one(_connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Have the pool connect anew; see `Statements`."""
    if is_dead(cast("AsyncConnection", record.driver_connection).fileno()):
        raise DisconnectionError


class Database:
    """SQLAlchemy's async engine over psycopg, and psycopg alone for statements that stand alone.

    Connects on first use; `close` gives all connections back.
    """

    def __init__(self, url: str, *, pool_size: int = 10, pool_overflow: int = 20, timeout: float = 5.0) -> None:
        self.url = url
        options = {
            "connect_timeout": max(2, round(timeout)),  # libpq takes no less than 2
            "keepalives_idle": 10,
            "tcp_user_timeout": round(timeout * 2000),
        }
        self._engine: AsyncEngine = create_async_engine(
            sqlalchemy_url(url),
            pool_size=pool_size,
            max_overflow=pool_overflow,
            pool_timeout=timeout,
            json_serializer=_to_json,
            json_deserializer=msgspec.json.decode,
            connect_args=options,
        )
        event.listen(self._engine.sync_engine, "connect", _plan_by_index)
        event.listen(self._engine.sync_engine, "checkout", _refuse_a_dead_one)
        self._statements = Statements(url, size=pool_size, timeout=timeout, options=options)

    @classmethod
    def from_settings(cls, settings: Settings) -> Database:
        return cls(
            settings.database_url,
            pool_size=settings.db_pool_size,
            pool_overflow=settings.db_pool_overflow,
            timeout=settings.db_timeout,
        )

    @asynccontextmanager
    async def session(
        self, *, isolation: Literal["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"] = "READ COMMITTED"
    ) -> AsyncIterator[AsyncSession]:
        """A session inside one transaction: committed when the block ends well, rolled back when it raises.

        Raises UnavailableError(database_unavailable) when Postgres is away, or no connection comes free in time.
        """
        try:
            async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
                if isolation != "READ COMMITTED":
                    await session.connection(execution_options={"isolation_level": isolation})
                yield session
        except (OperationalError, InterfaceError, PoolTimeoutError) as error:
            raise database_away() from error

    async def first(self, statement: LiteralString, **values: Value) -> tuple[Any, ...] | None:
        """The first row of a statement that stands alone, outside of any transaction; see `Statements.first`."""
        return await self._statements.first(statement, values)

    async def ping(self) -> None:
        """Return when Postgres answers; raises UnavailableError(database_unavailable)."""
        async with self.session() as session:
            await (await session.connection()).execute(text("SELECT 1"))

    async def close(self) -> None:
        await self._statements.close()
        await self._engine.dispose()
