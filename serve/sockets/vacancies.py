"""Notes that the last people have left rooms that sleep, which no owner could note."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from persistence.repositories import RoomMemberRepository
from rayrooms.errors import RayroomsError

if TYPE_CHECKING:
    from persistence.database import Database

logger = logging.getLogger(__name__)

_GATHER = 0.2
"""Seconds for which rooms are gathered: people often leave many at once."""
_AT_ONCE = 500


class Vacancies:
    """Writes in the background that nobody is active in a room. What cannot be stored, the room's next owner mends."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rooms: set[str] = set()
        self._writing: asyncio.Task[None] | None = None

    def note(self, room_id: str) -> None:
        """Nobody is connected to the room any more."""
        self._rooms.add(room_id)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_soon())

    async def _write_soon(self) -> None:
        while self._rooms:
            await asyncio.sleep(_GATHER)
            await self.flush()

    async def flush(self) -> None:
        """Write what was noted."""
        noted = sorted(self._rooms)
        self._rooms.clear()
        for start in range(0, len(noted), _AT_ONCE):
            try:
                async with self._database.session() as session:
                    await RoomMemberRepository(session).clear_active(*noted[start : start + _AT_ONCE])
            except RayroomsError as error:
                logger.info("that people left sleeping rooms was not stored: %s", error, extra={"code": error.code})
