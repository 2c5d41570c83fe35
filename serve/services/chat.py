"""The chat of a room as one: what Postgres has and what the live room's memory knows better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.loader import chat_message
from persistence.repositories import MessageRepository
from serve.schemas.messages import Message, MessagePage

if TYPE_CHECKING:
    from datetime import datetime

    from persistence.database import Database
    from rayrooms.protocol import ChatMessage
    from serve.auth.access import RoomAccess
    from serve.auth.tokens import Identity
    from serve.services.live import LiveRooms


class ChatService:
    """Reads chat history; writing goes through sockets."""

    def __init__(self, database: Database, live: LiveRooms, access: RoomAccess) -> None:
        self._database = database
        self._live = live
        self._access = access

    async def page(self, room_id: str, identity: Identity, *, limit: int, before: datetime | None) -> MessagePage:
        """Messages older than `before`, newest first. Where memory and Postgres both know one, memory is newer."""
        await self._access.visit(room_id, identity)
        in_memory = await self._live.messages(room_id) or []
        async with self._database.session() as session:
            stored = await MessageRepository(session).page(room_id, limit=limit + 1, before=before)
        merged = {row.id: _shown(chat_message(row)) for row in stored}
        merged |= {chat.id: _shown(chat) for chat in in_memory if before is None or chat.created_at < before}
        newest_first = sorted(
            merged.values(), key=lambda message: (message.created_at, message.message_id), reverse=True
        )
        items = newest_first[:limit]
        return MessagePage(items=items, limit=limit, next=items[-1].created_at if len(newest_first) > limit else None)


def _shown(chat: ChatMessage) -> Message:
    return Message(
        message_id=chat.id,
        user_id=chat.user_id,
        name=chat.name,
        content=chat.content,
        created_at=chat.created_at,
        reply_to=chat.reply_to,
        reactions=chat.reactions,
        edited=chat.edited,
        deleted=chat.deleted,
    )
