"""The database of this server: its own embedded Postgres, or one that somebody else runs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from persistence.embedded import EmbeddedPostgres
from rayrooms.errors import UnavailableError

if TYPE_CHECKING:
    from pathlib import Path

_log = logging.getLogger(__name__)


class DatabaseServer:
    """Knows its URL at once; `start` may run in another thread than `stop`."""

    def __init__(self, url: str, data_dir: Path) -> None:
        self._postgres = None if url else EmbeddedPostgres(data_dir)
        self.url = self._postgres.url if self._postgres else url
        self._stopping = False

    def start(self) -> None:
        """Start it when it is ours, and bring the schema up to date. Raises UnavailableError."""
        from persistence.migrate import upgrade  # noqa: PLC0415 - half a second that passes while Ray starts

        if self._postgres:
            self._postgres.start()
            if self._stopping:
                self._postgres.stop()
                return
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
        """Stop an embedded Postgres, also one that is only just starting."""
        self._stopping = True
        if self._postgres:
            self._postgres.stop()
