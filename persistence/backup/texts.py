"""Rooms as plain texts: the text of a room at any version, its history, and a new room from a text."""

from __future__ import annotations

import secrets
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from sqlalchemy import insert

from persistence import tables
from persistence.backup.records import Operation
from persistence.backup.restore import operation_row
from persistence.backup.stored import operations
from persistence.epochs import fresh_epoch
from persistence.repositories import (
    AuditRepository,
    DocumentSnapshotRepository,
    OperationRepository,
    RoomMemberRepository,
    RoomRepository,
    UserRepository,
)
from rayrooms import text
from rayrooms.errors import InvalidError, NotFoundError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from persistence.database import Database
    from rayrooms.protocol import Operation as TextOperation

_PORTION: Final = 60_000
"""Code points of an operation that imports a text: in UTF-8 no more than a client's message may have."""

_CLIENT_PREFIX: Final = "api."
"""Of the ids under which the server itself numbers edits (`actors.host.config.API_CLIENT`)."""


async def text_at(database: Database, room_id: str, version: int | None = None) -> str:
    """The durable text at `version` (default: the newest): the newest snapshot up to there, and the log from it on.

    Raises NotFoundError(room_not_found), InvalidError(future_version), UnavailableError(room_load_failed).
    """
    async with database.session(isolation="REPEATABLE READ") as session:
        await RoomRepository(session).get(room_id)
        head = await OperationRepository(session).head(room_id)
        newest = head[0] if head else 0
        if version is not None and version > newest:
            raise InvalidError(f"The room {room_id} is at version {newest}.", code="future_version")
        snapshot = await DocumentSnapshotRepository(session).newest(room_id, upto=version)
        content, at = (snapshot.content, snapshot.version) if snapshot else ("", 0)
        async with aclosing(operations(session, room_id, at, version)) as log:
            async for operation in log:
                at += 1
                content = _applied(room_id, content, at, operation)
    return content


def _applied(room_id: str, content: str, version: int, operation: Operation) -> str:
    if operation.version != version:
        raise _failed(room_id, f"version {version} is missing from the log.")
    try:
        return text.apply(content, operation.op)
    except InvalidError as error:
        raise _failed(room_id, f"operation {version} does not fit: {error.message}") from error


def _failed(room_id: str, why: str) -> UnavailableError:
    return UnavailableError(f"The room {room_id} cannot be loaded: {why}", code="room_load_failed")


async def history(database: Database, room_id: str) -> AsyncGenerator[Operation]:
    """All operations of the room, first to last, as of one moment. Raises NotFoundError(room_not_found).

    Whoever does not read it to its end closes it (`contextlib.aclosing`).
    """
    async with database.session(isolation="REPEATABLE READ") as session:
        await RoomRepository(session).get(room_id)
        async with aclosing(operations(session, room_id)) as log:
            async for operation in log:
                yield operation


async def import_text(database: Database, room: tables.Room, content: str) -> int:
    """Make a room whose history begins with `content`, by its owner; returns the room's version.

    A long text is several operations, none larger than a client could have sent. Raises InvalidError(invalid_text),
    NotFoundError(user_not_found) for an owner who never signed in, ConflictError(already_exists).
    """
    text.check_text(content)
    async with database.session() as session:
        owner = await UserRepository(session).find(room.owner_id)
        if owner is None:
            message = f"There is no user {room.owner_id}: whoever is to own a room has to sign in once before."
            raise NotFoundError(message, code="user_not_found")
        room.owner_epoch = await fresh_epoch(session)
        await RoomRepository(session).create(room)
        await RoomMemberRepository(session).add(
            tables.RoomMember(
                room_id=room.id,
                user_id=owner.id,
                name=owner.name,
                email=owner.email,
                colour=owner.colour,
                role="owner",
            )
        )
        await AuditRepository(session).record(
            room.id, "room_created", owner.id, user_id=owner.id, role="owner", private=room.private
        )
        client_id, now, version = f"{_CLIENT_PREFIX}{secrets.token_hex(8)}", tables.utc_now(), 0
        connection = await session.connection()
        for version, op in enumerate(_portions(content), 1):
            record = Operation(version, op, owner.id, client_id, version, now)
            await connection.execute(insert(tables.Operation), [operation_row(record, room.id, room.owner_epoch)])
    return version


def _portions(content: str) -> Iterator[TextOperation]:
    for start in range(0, len(content), _PORTION):
        portion = content[start : start + _PORTION]
        yield [start, portion] if start else [portion]
