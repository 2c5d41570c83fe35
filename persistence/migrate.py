"""Brings a database to the newest schema: `upgrade(url)`, or `python -m persistence.migrate` on the set database."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from persistence.dsn import sqlalchemy_url
from persistence.settings import get_settings
from rayrooms.errors import UnavailableError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

LOCK: Final = 0x7261_7972_6F6F_6D73
"""Of `pg_advisory_lock`: whoever changes the schema does so alone, such as two servers that start at once."""


def alembic_config() -> Config:
    """Alembic's configuration, without a file: hand a connection over as `config.attributes["connection"]`."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def upgrade(database_url: str) -> None:
    """Run all migrations that the database lacks.

    Raises UnavailableError(database_unavailable), also for a database that a newer server has migrated: this one knows
    neither what its tables mean nor the way back. And for one that is not in UTF-8: it could not hold every text.
    """
    engine = _engine(database_url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as lock:
            _refuse_other_encodings(lock)
            lock.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
            with engine.connect().execution_options(isolation_level="READ COMMITTED") as connection:
                config = alembic_config()
                config.attributes["connection"] = connection
                _refuse_newer(config, connection)
                command.upgrade(config, "head")
                connection.commit()
            lock.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK})
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise UnavailableError(f"The database cannot be reached: {reason}", code="database_unavailable") from error
    except ProgrammingError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise UnavailableError(f"The database cannot be migrated: {reason}", code="database_unavailable") from error
    finally:
        engine.dispose()


def require_current(database_url: str) -> None:
    """Raise UnavailableError(database_unavailable) unless the database's schema is this version's; changes nothing."""
    engine = _engine(database_url)
    config = alembic_config()
    try:
        with engine.connect() as connection:
            _refuse_newer(config, connection)
            heads = MigrationContext.configure(connection).get_current_heads()
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise UnavailableError(f"The database cannot be reached: {reason}", code="database_unavailable") from error
    finally:
        engine.dispose()
    if set(heads) != set(ScriptDirectory.from_config(config).get_heads()):
        has = "is of an earlier version of the server" if heads else "has no rooms yet"
        raise UnavailableError(
            f"The database {has}: start the server on it once, which makes its tables what they must be.",
            code="database_unavailable",
        )


def _engine(database_url: str, **options: str) -> Engine:
    # A database without an encoding, SQL_ASCII, sends bytes where SQLAlchemy expects text unless it is told.
    return create_engine(sqlalchemy_url(database_url), connect_args={"client_encoding": "utf8"}, **options)


def _refuse_other_encodings(connection: Connection) -> None:
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise UnavailableError(
            f"The database's encoding is {encoding}, and only UTF8 holds every text: "
            "make one with CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0.",
            code="database_unavailable",
        )


def _refuse_newer(config: Config, connection: Connection) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    unknown = set(MigrationContext.configure(connection).get_current_heads()) - known
    if unknown:
        raise UnavailableError(
            f"The database was migrated by a newer version of the server (revision {', '.join(sorted(unknown))}), "
            "and this one cannot use it: start that version again, or restore a backup from before.",
            code="database_unavailable",
        )


def main() -> None:
    """Migrate the database of `RAYROOMS_DATABASE_URL`; one sentence and exit code 1 when that fails."""
    try:
        upgrade(get_settings().database_url)
    except UnavailableError as error:
        sys.exit(error.message)


if __name__ == "__main__":
    main()
