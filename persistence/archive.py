"""Reads of stored rooms on behalf of room actors, which have no database client of their own, and the owner epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.loader import chat_message, load_room
from persistence.repositories import MessageRepository, OperationRepository, RoomMemberRepository, RoomRepository

if TYPE_CHECKING:
    from persistence.database import Database
    from persistence.loaded import LoadedRoom
    from persistence.settings import Settings
    from rayrooms.protocol import ChatMessage


class Archive:
    """Every method raises UnavailableError(database_unavailable) when Postgres is away."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    async def claim(self, room_id: str) -> int:
        """Raise the room's owner epoch, in one statement, and return it. Raises NotFoundError(room_not_found)."""
        async with self._database.session() as session:
            epoch = await RoomRepository(session).claim(room_id)
            # A new owner starts with no sessions, whatever the last one left behind.
            await RoomMemberRepository(session).clear_active(room_id)
            return epoch

    async def load(self, room_id: str) -> LoadedRoom:
        """The room's last durable state; see `load_room`."""
        settings = self._settings
        return await load_room(self._database, room_id, log_preload=settings.log_preload, chat_tail=settings.chat_tail)

    async def client(self, room_id: str, client_id: str) -> tuple[int, int, str] | None:
        """The last durable edit of a client: its seq, its version and its author."""
        async with self._database.session() as session:
            operations = OperationRepository(session)
            last = await operations.last_seq(room_id, client_id)
            if last is None:
                return None
            seq, version = last
            (row,) = await operations.range(room_id, version - 1, version, limit=1)
            return seq, version, row.user_id

    async def result_of(self, room_id: str, client_id: str, seq: int) -> int | None:
        """The version that an edit became."""
        async with self._database.session() as session:
            return await OperationRepository(session).result_of(room_id, client_id, seq)

    async def message(self, room_id: str, message_id: str) -> ChatMessage | None:
        """A chat message."""
        async with self._database.session() as session:
            found = await MessageRepository(session).find(room_id, message_id)
            return None if found is None else chat_message(found)
