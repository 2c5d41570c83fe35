"""A room's last durable state: newest snapshot, the operations after it, and the chat's tail.

What cannot be read whole and consistent is an error (room_load_failed), never a shorter or an empty document.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import select
from sqlmodel import col

from persistence.loaded import LoadedRoom, LoggedOp
from persistence.repositories import (
    DocumentSnapshotRepository,
    MessageRepository,
    OperationRepository,
    RoomRepository,
)
from persistence.tables import DocumentSnapshot, Operation
from rayrooms import text
from rayrooms.errors import InvalidError, UnavailableError
from rayrooms.protocol import ChatMessage
from rayrooms.protocol import Operation as TextOperation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlmodel.ext.asyncio.session import AsyncSession

    from persistence.database import Database
    from persistence.tables import Message, Room

_PAGE: Final = 5_000
"""Operations a query: bounds what is in memory beside the result."""


async def load_room(database: Database, room_id: str, *, log_preload: int, chat_tail: int) -> LoadedRoom:
    """Load the room in one consistent read, with up to `log_preload` operations from before its snapshot.

    Raises NotFoundError(room_not_found); UnavailableError(room_load_failed) when the log has a gap or an operation
    does not fit; UnavailableError(database_unavailable).
    """
    async with database.session(isolation="REPEATABLE READ") as session:
        room = await RoomRepository(session).get(room_id)
        snapshot = await DocumentSnapshotRepository(session).newest(room_id)
        base = snapshot.version if snapshot else 0
        log = [op async for op in _operations(session, room_id, max(0, base - log_preload), None)]
        head = await OperationRepository(session).head(room_id)
        messages = await MessageRepository(session).page(room_id, limit=chat_tail)
    if base and (head is None or head[0] < base):
        raise _failed(room_id, f"the log ends before its snapshot of version {base}")
    return _assemble(room, snapshot, log, [chat_message(message) for message in reversed(messages)])


async def replay(database: Database, room_id: str, upto: int | None = None) -> str:
    """Rebuild the text at version `upto` (default: the newest) from the log alone, operation by operation.

    Raises NotFoundError(room_not_found); UnavailableError(room_load_failed) when the log has a gap, an operation does
    not fit, or the log ends before `upto`.
    """
    content, version = "", 0
    async with database.session(isolation="REPEATABLE READ") as session:
        await RoomRepository(session).get(room_id)
        async for op in _operations(session, room_id, 0, upto):
            content, version = _apply(room_id, content, version, op), op.version
    if upto is not None and version < upto:
        raise _failed(room_id, f"the log ends at version {version}, before {upto}")
    return content


def _assemble(
    room: Room, snapshot: DocumentSnapshot | None, log: list[LoggedOp], messages: list[ChatMessage]
) -> LoadedRoom:
    content, version, version_epoch = "", 0, 0
    clients: dict[str, tuple[int, int, str]] = {}
    if snapshot is not None:
        content, version, version_epoch = snapshot.content, snapshot.version, snapshot.version_epoch
        marks = sorted(snapshot.clients.items(), key=_by_version)
        clients = {client_id: (seq, at_version, user_id) for client_id, (seq, at_version, user_id) in marks}
    for earlier, later in pairwise(log):
        _require_next(room.id, earlier.version, later)
    for op in log:
        if op.version > version:
            content, version, version_epoch = _apply(room.id, content, version, op), op.version, op.epoch
            clients.pop(op.client_id, None)
            clients[op.client_id] = (op.seq, op.version, op.user_id)
    return LoadedRoom(
        room_id=room.id,
        name=room.name,
        language=room.language,
        max_users=room.max_users,
        content=content,
        version=version,
        version_epoch=version_epoch,
        log=log,
        clients=clients,
        messages=messages,
    )


async def _operations(session: AsyncSession, room_id: str, after: int, upto: int | None) -> AsyncIterator[LoggedOp]:
    """Stream the operations with versions in (after, upto], page by page."""
    columns = (
        col(Operation.version),
        col(Operation.op),
        col(Operation.user_id),
        col(Operation.client_id),
        col(Operation.seq),
        col(Operation.epoch),
        col(Operation.at),
    )
    connection = await session.connection()
    while True:
        statement = select(*columns).where(col(Operation.room_id) == room_id, col(Operation.version) > after)
        if upto is not None:
            statement = statement.where(col(Operation.version) <= upto)
        rows = (await connection.execute(statement.order_by(col(Operation.version)).limit(_PAGE))).all()
        for version, op, user_id, client_id, seq, epoch, at in rows:
            yield LoggedOp(version, msgspec.json.encode(op), user_id, client_id, seq, epoch, at.timestamp())
        if len(rows) < _PAGE:
            return
        after = rows[-1][0]


def _apply(room_id: str, content: str, version: int, op: LoggedOp) -> str:
    _require_next(room_id, version, op)
    try:
        return text.apply(content, msgspec.json.decode(op.op, type=TextOperation))
    except (InvalidError, msgspec.ValidationError) as error:
        raise _failed(room_id, f"operation {op.version} does not fit: {error}") from error


def _by_version(client: tuple[str, tuple[int, int, str]]) -> int:
    return client[1][1]


def _require_next(room_id: str, version: int, op: LoggedOp) -> None:
    if op.version != version + 1:
        raise _failed(room_id, f"version {version + 1} is missing from the log")


def chat_message(row: Message) -> ChatMessage:
    """A stored message as it is told to clients: nothing of what a deleted one said, even if its row still holds it."""
    return ChatMessage(
        id=row.id,
        user_id=row.user_id,
        name=row.name,
        content="" if row.deleted else row.content,
        created_at=row.created_at,
        reply_to=row.reply_to,
        reactions={} if row.deleted else row.reactions,
        edited=row.edited,
        deleted=row.deleted,
    )


def _failed(room_id: str, why: str) -> UnavailableError:
    return UnavailableError(f"The room {room_id} cannot be loaded: {why}.", code="room_load_failed")
