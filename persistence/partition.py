"""Lays the log of operations out in partitions by room, or in one table again: `python -m persistence.partition`."""

from __future__ import annotations

import argparse
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import psycopg
from psycopg import sql

from persistence.dsn import libpq_url
from persistence.embedded import EmbeddedPostgres
from persistence.migrate import LOCK
from persistence.settings import get_settings
from persistence.writer.service import APPLICATION_NAME
from rayrooms.errors import ConflictError, RayroomsError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from persistence.settings import Settings

MOST: Final = 256
"""Partitions there may be: a statement looks at all of them before it knows which it needs."""

_LOCK_PATIENCE: Final = "10s"
_BEFORE: Final = "operations_before"

_LAYOUT: Final = """
SELECT relkind = 'p', (SELECT count(*) FROM pg_inherits WHERE inhparent = c.oid), pg_get_userbyid(relowner)
FROM pg_class c WHERE oid = to_regclass('operations')"""

_WRITERS: Final = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s"""

_WOULD_BE_LOST: Final = """
SELECT 'the trigger ' || tgname FROM pg_trigger WHERE tgrelid = 'operations'::regclass AND NOT tgisinternal
UNION ALL SELECT 'the policy ' || polname FROM pg_policy WHERE polrelid = 'operations'::regclass
UNION ALL SELECT 'the publication ' || pubname FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
WHERE prrelid = 'operations'::regclass"""

# Read before the table is renamed, so that they name the one that takes its place.
_DEFINITIONS: Final = """
SELECT format('ALTER TABLE operations ADD CONSTRAINT %I %s', conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE conrelid = 'operations'::regclass AND contype IN ('p', 'u', 'x', 'f')
UNION ALL
SELECT replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') FROM pg_index i
WHERE indrelid = 'operations'::regclass AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)
UNION ALL
SELECT format('GRANT %s ON operations TO %s %s', privilege_type,
              CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
              CASE WHEN is_grantable THEN 'WITH GRANT OPTION' END)
FROM pg_class, aclexplode(relacl) WHERE oid = 'operations'::regclass"""


class Layout(NamedTuple):
    """How `operations` lies: in so many hash partitions by room, or (0) in one table; and whose it is."""

    partitions: int
    owner: str


def partition(database_url: str, partitions: int) -> bool:
    """Lay `operations` out in so many hash partitions by room_id, or (0) in one table; False when it lies so already.

    One transaction under an exclusive lock, so that an interrupted run has changed nothing. All rows are copied:
    meanwhile the database needs room for them twice, and everybody else who wants to see them waits.

    Raises ConflictError(conflict) with nothing changed while a server has rooms awake there, somebody uses the table,
    or something hangs on it that would be lost; UnavailableError(database_unavailable).
    """
    try:
        with psycopg.connect(libpq_url(database_url), autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            layout = _layout(connection)
            if layout.partitions == partitions:
                return False
            _refuse_writers(connection)
            with connection.transaction():
                _convert(connection, layout.owner, partitions)
            return True
    except psycopg.errors.LockNotAvailable as error:
        raise ConflictError("The log of operations is in use; try again when nobody reads or writes it.") from error
    except psycopg.errors.DependentObjectsStillExist as error:
        raise ConflictError(f"Something hangs on the table operations: {error.diag.message_detail}.") from error
    except psycopg.Error as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UnavailableError(f"The log cannot be laid out anew: {reason}", code="database_unavailable") from error


def _layout(connection: psycopg.Connection) -> Layout:
    row = connection.execute(_LAYOUT).fetchone()
    if row is None:
        raise UnavailableError("The database has no log yet: migrate it first.", code="database_unavailable")
    partitioned, children, owner = row
    return Layout(children if partitioned else 0, owner)


def _refuse_writers(connection: psycopg.Connection) -> None:
    """A room that is awake has a writer; one that began later would wait for the lock, its people with it."""
    row = connection.execute(_WRITERS, [APPLICATION_NAME]).fetchone()
    if row is not None and row[0]:
        raise ConflictError("A server is writing to this database: stop it first.")


def _convert(connection: psycopg.Connection, owner: str, partitions: int) -> None:
    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(owner)))
    connection.execute(f"SET LOCAL lock_timeout TO '{_LOCK_PATIENCE}'")
    connection.execute("SET LOCAL maintenance_work_mem TO '256MB'")
    connection.execute("LOCK TABLE operations IN ACCESS EXCLUSIVE MODE")
    connection.execute("SET LOCAL lock_timeout TO 0")
    lost = [what for (what,) in connection.execute(_WOULD_BE_LOST).fetchall()]
    if lost:
        raise ConflictError(f"The table operations has what would be lost: {', '.join(lost)}; take it off first.")
    definitions = [definition for (definition,) in connection.execute(_DEFINITIONS).fetchall()]
    connection.execute(f"ALTER TABLE operations RENAME TO {_BEFORE}")
    connection.execute(
        f"CREATE TABLE operations (LIKE {_BEFORE} INCLUDING ALL EXCLUDING INDEXES)"
        + (" PARTITION BY HASH (room_id)" if partitions else "")
    )
    for number in range(partitions):
        connection.execute(
            f"CREATE TABLE operations_of{partitions}_p{number} PARTITION OF operations"
            f" FOR VALUES WITH (MODULUS {partitions}, REMAINDER {number})"
        )
    connection.execute(f"INSERT INTO operations SELECT * FROM {_BEFORE}")  # noqa: S608 - a name of ours
    connection.execute(f"DROP TABLE {_BEFORE}")  # its indexes with it, whose names are wanted now
    for definition in definitions:
        connection.execute(definition)
    connection.execute("ANALYZE operations")


# ---------------------------------------------------------------------- the command


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says on the set database; one sentence either way, exit code 1 when it fails."""
    parser = argparse.ArgumentParser(
        prog="python -m persistence.partition",
        description="Lay the log of operations out in partitions by room. Stop the server first; docs/scale.md says "
        "when this is worth it. The database is the one of RAYROOMS_DATABASE_URL, or else the embedded one in "
        "RAYROOMS_DATA_DIR.",
    )
    parser.add_argument("--partitions", type=_number, default=16, metavar="N", help="how many (default 16)")
    parser.add_argument("--undo", action="store_true", help="put the log into one table again")
    chosen = parser.parse_args(arguments)
    partitions = 0 if chosen.undo else chosen.partitions
    where = f"in {partitions} partitions" if partitions else "in one table"
    try:
        with _database(get_settings()) as url:
            changed = partition(url, partitions)
    except RayroomsError as error:
        sys.exit(error.message)
    sys.stdout.write(f"The log of operations is {where}{'' if changed else ' already'}.\n")


def _number(value: str) -> int:
    number = int(value)
    if not 2 <= number <= MOST:
        raise argparse.ArgumentTypeError(f"from 2 to {MOST}")
    return number


@contextmanager
def _database(settings: Settings) -> Iterator[str]:
    """The URL of the set database; an embedded one is started for as long as it takes. Raises UnavailableError."""
    if settings.database_url:
        yield settings.database_url
        return
    if not (Path(settings.data_dir) / "postgres" / "PG_VERSION").exists():
        raise UnavailableError(
            f"There is no database in {settings.data_dir}: set RAYROOMS_DATABASE_URL or RAYROOMS_DATA_DIR.",
            code="database_unavailable",
        )
    embedded = EmbeddedPostgres(settings.data_dir)
    try:
        yield embedded.start()
    finally:
        embedded.stop()


if __name__ == "__main__":
    main()
