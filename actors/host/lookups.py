"""What a room asks the database for when memory does not reach back far enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from actors.core.state import ClientMark, RoomState
    from rayrooms.protocol import ChatMessage


class RoomArchive(Protocol):
    """The stored side of rooms. Every method may raise UnavailableError."""

    async def load(self, room_id: str) -> RoomState:
        """The last durable state. Raises UnavailableError(room_load_failed) rather than answer less."""

    async def client(self, room_id: str, client_id: str) -> ClientMark | None:
        """The last durable edit of a client."""

    async def result_of(self, room_id: str, client_id: str, seq: int) -> int | None:
        """The version that a durable edit became."""

    async def message(self, room_id: str, message_id: str) -> ChatMessage | None:
        """A durable chat message."""
