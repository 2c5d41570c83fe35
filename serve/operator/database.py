"""The server's database, for a command: used as it runs, or started for as long as the command takes."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg

from persistence.database import Database
from persistence.dsn import libpq_url
from persistence.embedded import EmbeddedPostgres
from persistence.migrate import require_current
from serve.launcher.directories import DataDirectory
from serve.launcher.errors import LaunchError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from persistence.settings import Settings

_PATIENCE: Final = 60.0
_POLL: Final = 0.2


@dataclass(frozen=True, slots=True)
class OpenDatabase:
    """The database; `ours` when it was started for this command, and so no server runs on it."""

    database: Database
    ours: bool


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[OpenDatabase]:
    """The server's database, whether the server runs or not.

    Raises UnavailableError when it cannot be reached or is of another version, LaunchError when there is none.
    """
    with _running(settings) as (url, ours):
        require_current(url)
        database = Database(url, pool_size=2, timeout=settings.db_timeout)
        try:
            yield OpenDatabase(database, ours)
        finally:
            await database.close()


@contextmanager
def _running(settings: Settings) -> Iterator[tuple[str, bool]]:
    """Where the database is reached, and whether it is there for this command only.

    An embedded one that was started for a command is stopped once no other command uses it. Meanwhile no server can
    start on the data directory, and none can be running there.
    """
    if settings.database_url:
        yield settings.database_url, False
        return
    data = Path(settings.data_dir)
    if not _has_database(data):
        raise LaunchError(f"There is no database in {data}; name the server's data directory with --data-dir.")
    users = os.open(data / "commands.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(users, fcntl.LOCK_SH)
        postgres = EmbeddedPostgres(data)
        held = _start_unless_running(postgres, data)
        try:
            yield postgres.url, held is not None
        finally:
            if held is not None:
                fcntl.flock(users, fcntl.LOCK_EX)  # another command may use it yet
                postgres.stop()
                held.release()
    finally:
        os.close(users)


def _start_unless_running(postgres: EmbeddedPostgres, data: Path) -> DataDirectory | None:
    """Start it unless it answers; returns the hold on the data directory that nobody else may start it meanwhile."""
    deadline = time.monotonic() + _PATIENCE
    while not _answers(postgres.url):
        try:
            held = DataDirectory(str(data))
        except LaunchError as error:  # a server that is just starting or stopping, or another command
            if time.monotonic() > deadline:
                raise LaunchError(f"The server on {data} runs, but its database does not answer.") from error
            time.sleep(_POLL)
            continue
        try:
            postgres.start()
        except BaseException:
            held.release()
            raise
        return held
    return None


def _answers(url: str) -> bool:
    try:
        psycopg.connect(libpq_url(url), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _has_database(data: Path) -> bool:
    try:
        return (data / "postgres" / "PG_VERSION").exists()
    except OSError as error:
        raise LaunchError(f"The data directory {data} cannot be read: {error.strerror}.") from error
