"""Chat messages, as they now stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sqlmodel import col, select

from persistence.repositories.base import BaseRepository
from persistence.tables import Message

if TYPE_CHECKING:
    from datetime import datetime


class MessageRepository(BaseRepository[Message]):
    table: ClassVar[type[Message]] = Message

    async def find(self, room_id: str, message_id: str) -> Message | None:
        return await self._one(select(Message).where(Message.room_id == room_id, Message.id == message_id))

    async def page(self, room_id: str, *, limit: int, before: datetime | None = None) -> list[Message]:
        """Return the newest messages first, those older than `before` when it is given."""
        statement = select(Message).where(Message.room_id == room_id)
        if before is not None:
            statement = statement.where(col(Message.created_at) < before)
        return await self._all(statement.order_by(col(Message.created_at).desc(), col(Message.id).desc()).limit(limit))
