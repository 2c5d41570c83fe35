"""The database of this server: its own embedded Postgres, or one that somebody else runs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import psycopg

from persistence.dsn import libpq_url
from persistence.embedded import EmbeddedPostgres
from rayrooms.errors import UnavailableError

if TYPE_CHECKING:
    from pathlib import Path

_log = logging.getLogger(__name__)


class DatabaseServer:
    """Knows its URL at once. `stop` may be called from another thread, also while `start` is still running."""

    def __init__(self, url: str, data_dir: Path) -> None:
        self._postgres = None if url else EmbeddedPostgres(data_dir)
        self.url = self._postgres.url if self._postgres else url
        self._stopping = False

    def start(self) -> None:
        """Start it when it is ours; otherwise see whether it can be reached. Raises UnavailableError."""
        if self._postgres is None:
            _connect_once(self.url)
            return
        self._postgres.start()
        if self._stopping:
            self._postgres.stop()

    def migrate(self) -> None:
        """Bring the schema up to date. Raises UnavailableError."""
        from persistence.migrate import upgrade  # noqa: PLC0415 - half a second that passes while Postgres starts

        upgrade(self.url)

    def revive(self) -> None:
        """Start an embedded Postgres again that has died; its clients wait for it meanwhile."""
        if self._postgres is None or self._postgres.running():
            return
        _log.warning("Postgres has ended unasked; starting it again")
        try:
            self._postgres.start()
        except UnavailableError as error:
            _log.error("%s", error)

    def stop(self) -> None:
        """Stop an embedded Postgres."""
        self._stopping = True
        if self._postgres:
            self._postgres.stop()


def _connect_once(url: str) -> None:
    try:
        psycopg.connect(libpq_url(url)).close()
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        raise UnavailableError(f"The database cannot be reached: {reason}", code="database_unavailable") from error
