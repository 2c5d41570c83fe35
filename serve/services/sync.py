"""Editing over REST, and catching up: operations, versions and snapshots."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from persistence.loader import load_room
from persistence.repositories import DocumentSnapshotRepository
from rayrooms import text
from rayrooms.errors import ForbiddenError, InvalidError, NotFoundError, UnavailableError
from serve.auth.roles import Permission, require
from serve.schemas.operations import Accepted, OperationEdit, OperationRange
from serve.schemas.sync import RoomVersion, Snapshot, SyncResult
from serve.services.history import RoomHistory, at_utc, operation_id
from serve.services.live import RestEdit

if TYPE_CHECKING:
    from datetime import datetime

    from persistence.database import Database
    from persistence.tables import Room
    from rayrooms.protocol import Operation
    from serve.auth.access import RoomAccess
    from serve.auth.tokens import Identity
    from serve.schemas.operations import LoggedOperation, PositionalEdit
    from serve.services.history import Head
    from serve.services.live import LiveRooms

MAX_CATCH_UP = 1000
"""Operations that one catch-up sends; who is further behind gets a snapshot."""
MAX_RANGE = 1000
_REPLAY_PAGE = 500


class SyncService:
    """What programs without a socket need: post an edit, read the log, the version and the text."""

    def __init__(self, database: Database, live: LiveRooms, access: RoomAccess, history: RoomHistory) -> None:
        self._database = database
        self._live = live
        self._access = access
        self._history = history

    async def edit(self, room_id: str, identity: Identity, edit: OperationEdit | PositionalEdit) -> Accepted:
        """Commit an edit in the live room; a newcomer to a public room becomes a member by it.

        Raises ForbiddenError (read_only; forbidden for another's user_id), InvalidError and whatever the
        room refuses with.
        """
        if edit.user_id is not None and edit.user_id != identity.user_id:
            raise ForbiddenError("user_id differs from the token's: nobody edits in another's name.")
        admission = await self._access.admit(room_id, identity)
        require(admission.role, Permission.EDIT)
        committed = await self._live.submit(
            room_id,
            RestEdit(
                user_id=identity.user_id,
                name=identity.name,
                role=admission.role,
                op=_operation(edit),
                version=edit.version,
                client_id=edit.client_id,
                seq=edit.seq,
            ),
        )
        return Accepted(
            operation_id=operation_id(room_id, committed.version),
            version=committed.version,
            timestamp=at_utc(committed.at),
        )

    async def operations(
        self, room_id: str, identity: Identity, *, from_version: int, to_version: int | None, limit: int
    ) -> OperationRange:
        """The operations that lead from one version to another, at most `limit` of them.

        Raises InvalidError: future_version, malformed when the range runs backwards.
        """
        await self._access.visit(room_id, identity)
        if to_version is not None and to_version < from_version:
            raise InvalidError("to_version lies before from_version.")
        head = await self._history.head(room_id)
        _refuse_future(from_version, head)
        goal = head.version if to_version is None else min(to_version, head.version)
        operations = await self._history.operations(room_id, from_version, min(goal, from_version + limit))
        reached = operations[-1].version if operations else from_version
        return OperationRange(
            room_id=room_id,
            from_version=from_version,
            to_version=reached,
            current_version=head.version,
            operations=operations,
            limit=limit,
            next=reached if operations and reached < goal else None,
        )

    async def sync(self, room_id: str, identity: Identity, client_version: int) -> SyncResult:
        """Whatever leads from the caller's version to the newest one. Raises InvalidError(future_version)."""
        visit = await self._access.visit(room_id, identity)
        head = await self._history.head(room_id)
        _refuse_future(client_version, head)
        snapshot: Snapshot | None = None
        operations: list[LoggedOperation] = []
        version = head.version
        if head.version - client_version > MAX_CATCH_UP:
            snapshot = await self._newest(visit.room, head)
            version = snapshot.version
        else:
            operations = await self._history.operations(room_id, client_version, head.version)
            version = operations[-1].version if operations else client_version
        return SyncResult(
            room_id=room_id,
            server_version=version,
            client_version=client_version,
            snapshot=snapshot,
            operations=operations,
        )

    async def version(self, room_id: str, identity: Identity) -> RoomVersion:
        """Where the document stands."""
        await self._access.visit(room_id, identity)
        head = await self._history.head(room_id)
        return RoomVersion(current_version=head.version, last_update=head.last_update)

    async def snapshot(self, room_id: str, identity: Identity, version: int | None) -> Snapshot:
        """The text as it stands, or as it stood at a version. Raises InvalidError(future_version)."""
        visit = await self._access.visit(room_id, identity)
        head = await self._history.head(room_id)
        if version is None or version == head.version:
            return await self._newest(visit.room, head)
        _refuse_future(version, head)
        return await self._at(visit.room, version)

    async def take_snapshot(self, room_id: str, identity: Identity) -> Snapshot:
        """Have the room write a snapshot, and return it once it is durable."""
        await self._access.visit(room_id, identity, Permission.EDIT)
        await self._live.snapshot(room_id)
        async with self._database.session() as session:
            stored = await DocumentSnapshotRepository(session).newest(room_id)
        if stored is None:
            raise NotFoundError("The room holds no snapshot.", code="snapshot_not_found")
        return _snapshot(stored.content, stored.version, stored.created_at)

    async def _newest(self, room: Room, head: Head) -> Snapshot:
        created_at = head.last_update or room.created_at
        if head.live is not None:
            return _snapshot(head.live.content, head.live.version, created_at)
        loaded = await load_room(self._database, room.id, log_preload=0, chat_tail=0)
        return _snapshot(loaded.content, loaded.version, created_at)

    async def _at(self, room: Room, version: int) -> Snapshot:
        """The text at a version: the nearest snapshot before it and the operations since."""
        async with self._database.session() as session:
            nearest = await DocumentSnapshotRepository(session).newest(room.id, upto=version)
        content, reached, created_at = "", 0, room.created_at
        if nearest is not None:
            content, reached, created_at = nearest.content, nearest.version, nearest.created_at
        while reached < version:
            page = await self._history.operations(room.id, reached, min(version, reached + _REPLAY_PAGE))
            if not page:
                raise UnavailableError(f"The log ends before version {version}.", code="room_load_failed")
            # seconds of work on a large document: not on the loop that serves the sockets
            content = await asyncio.to_thread(_applied, content, [entry.op for entry in page])
            reached, created_at = page[-1].version, page[-1].timestamp
        return _snapshot(content, version, created_at)


def _operation(edit: OperationEdit | PositionalEdit) -> Operation:
    if isinstance(edit, OperationEdit):
        text.check(edit.op)
        return edit.op
    return text.from_position_edit(edit.op_type, edit.position, content=edit.content, length=edit.length)


def _applied(content: str, operations: list[Operation]) -> str:
    for operation in operations:
        content = text.apply(content, operation)
    return content


def _snapshot(content: str, version: int, created_at: datetime) -> Snapshot:
    return Snapshot(content=content, version=version, size_bytes=len(content.encode()), created_at=created_at)


def _refuse_future(version: int, head: Head) -> None:
    if version > head.version:
        raise InvalidError(
            f"Version {version} does not exist yet: the room is at {head.version}.", code="future_version"
        )
