"""Backing up: one room from Postgres into one file."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING
from urllib.parse import quote

from persistence.backup.file import BackupWriter
from persistence.backup.stored import contents, room_record
from persistence.repositories import RoomRepository
from rayrooms.errors import InvalidError, UnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from persistence.backup.records import Counts
    from persistence.database import Database


def file_name(room_id: str) -> str:
    """The name of a room's file. Ids as the server makes and takes them are left as they are."""
    return f"{quote(room_id, safe='')}.jsonl.gz"


async def back_up(database: Database, room_id: str, path: Path) -> Counts:
    """Write all that is durable of the room at this moment to `path`; a file that stands there is replaced at the end.

    Returns how much there is of what. Raises NotFoundError(room_not_found); UnavailableError: room_load_failed when
    what is stored has gaps, database_unavailable, room_unavailable when the file cannot be written.
    """
    async with database.session(isolation="REPEATABLE READ") as session:
        room = await RoomRepository(session).get(room_id)
        try:
            with BackupWriter(path) as file:
                file.write(room_record(room))
                async with aclosing(contents(session, room_id)) as rest:
                    async for record in rest:
                        file.write(record)
        except InvalidError as error:
            message = f"The room {room_id} cannot be backed up: {error.message}."
            raise UnavailableError(message, code="room_load_failed") from error
    return file.counts()
