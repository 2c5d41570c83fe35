"""A stand-in for live rooms: rooms in this process's memory, loaded from and flushed to the real database."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

import msgspec

from persistence.loader import load_room
from persistence.tables import DocumentSnapshot
from persistence.tables import Operation as OperationRow
from rayrooms import text
from rayrooms.errors import ConflictError, ForbiddenError, InvalidError, UnavailableError
from rayrooms.protocol import Operation
from serve.services.live import Committed, LiveOp, LiveState

if TYPE_CHECKING:
    from persistence.database import Database
    from rayrooms.protocol import ChatMessage, Participant, Role
    from serve.services.live import RestEdit

NODE_IP = "127.0.0.1"


@dataclass
class AwakeRoom:
    """What a live room holds in memory; `durable` is the newest version that is in Postgres."""

    content: str
    version: int
    epoch: int
    durable: int
    last_update: float | None = None
    log: list[LiveOp] = field(default_factory=list)
    chat: list[ChatMessage] = field(default_factory=list)
    participants: list[Participant] = field(default_factory=list)


class FakeLive:
    """Implements LiveRooms without Ray. Nothing is written until `flush`, so tests can tell memory from Postgres."""

    def __init__(self, database: Database) -> None:
        self.rooms: dict[str, AwakeRoom] = {}
        self.told: list[tuple[str, str, Role | None]] = []
        self.late: asyncio.Barrier | None = None
        """Where the next word of a member waits, first to be seen on its way, then to arrive."""
        self.deleted: list[str] = []
        self.directory_answers = True
        self.directory_hangs = False
        self._database = database
        self._epochs = count(1)
        self._numbers = count(1)

    # ------------------------------------------------------------------ LiveRooms

    async def peek(self, room_id: str) -> LiveState | None:
        room = self.rooms.get(room_id)
        if room is None:
            return None
        return LiveState(room.content, room.version, room.epoch, room.last_update, os.getpid(), NODE_IP)

    async def tail(self, room_id: str, after: int, upto: int | None) -> list[LiveOp] | None:
        room = self.rooms.get(room_id)
        if room is None:
            return None
        return [op for op in room.log if op.version > after and (upto is None or op.version <= upto)]

    async def messages(self, room_id: str) -> list[ChatMessage] | None:
        room = self.rooms.get(room_id)
        return None if room is None else list(room.chat)

    async def participants(self, room_id: str) -> list[Participant] | None:
        room = self.rooms.get(room_id)
        return None if room is None else list(room.participants)

    async def submit(self, room_id: str, edit: RestEdit) -> Committed:
        room = await self.wake(room_id)
        own = {op.seq: op for op in room.log if op.client_id == edit.client_id}
        if any(op.user_id != edit.user_id for op in own.values()):
            raise ForbiddenError("This client id belongs to someone else.")
        if edit.seq in own:
            return Committed(own[edit.seq].version, own[edit.seq].at)
        if edit.seq is not None and edit.seq != len(own) + 1:
            raise ConflictError("An edit before this one is missing.", code="out_of_order")
        op = edit.op
        if edit.version is not None:
            if edit.version > room.version:
                raise InvalidError(f"Version {edit.version} does not exist yet.", code="future_version")
            for logged in room.log:
                if logged.version > edit.version:
                    op = text.transform(op, logged.op, "left")
        op = text.make_invertible(room.content, op)
        room.content = text.apply(room.content, op)
        room.version += 1
        number = next(self._numbers)
        room.log.append(
            LiveOp(
                version=room.version,
                op=op,
                user_id=edit.user_id,
                client_id=edit.client_id or f"rest-{number}",
                seq=edit.seq or 1,
                at=datetime.now(UTC).timestamp(),
            )
        )
        room.last_update = room.log[-1].at
        return Committed(room.version, room.last_update)

    async def snapshot(self, room_id: str) -> None:
        await self.wake(room_id)
        await self.flush(room_id, snapshot=True)

    async def member_changed(self, room_id: str, user_id: str, role: Role | None) -> None:
        late, self.late = self.late, None
        if late is not None:
            await late.wait()
            await late.wait()
        self.told.append((room_id, user_id, role))

    async def room_deleted(self, room_id: str) -> None:
        self.rooms.pop(room_id, None)
        self.deleted.append(room_id)

    async def directory_ok(self) -> None:
        if self.directory_hangs:
            await asyncio.Event().wait()
        if not self.directory_answers:
            raise UnavailableError("The directory does not answer.")

    # ------------------------------------------------------------------ for tests

    async def wake(self, room_id: str) -> AwakeRoom:
        """The room in memory, loaded from Postgres if it sleeps."""
        if room_id not in self.rooms:
            loaded = await load_room(self._database, room_id, log_preload=100_000, chat_tail=100)
            log = [
                LiveOp(op.version, msgspec.json.decode(op.op, type=Operation), op.user_id, op.client_id, op.seq, op.at)
                for op in loaded.log
            ]
            self.rooms[room_id] = AwakeRoom(
                content=loaded.content,
                version=loaded.version,
                epoch=next(self._epochs),
                durable=loaded.version,
                last_update=log[-1].at if log else None,
                log=log,
                chat=loaded.messages,
            )
        return self.rooms[room_id]

    async def flush(self, room_id: str, *, snapshot: bool = False) -> None:
        """Write what is not durable yet, and a snapshot when asked."""
        room = self.rooms[room_id]
        async with self._database.session() as session:
            for op in room.log:
                if op.version > room.durable:
                    described = text.describe(op.op)
                    session.add(
                        OperationRow(
                            room_id=room_id,
                            version=op.version,
                            op_type=described.type,
                            position=described.position,
                            content=described.content,
                            op=list(op.op),
                            user_id=op.user_id,
                            client_id=op.client_id,
                            seq=op.seq,
                            epoch=room.epoch,
                            at=datetime.fromtimestamp(op.at, UTC),
                        )
                    )
            if snapshot:
                await session.merge(
                    DocumentSnapshot(
                        room_id=room_id,
                        version=room.version,
                        version_epoch=room.epoch,
                        content=room.content,
                        size_bytes=len(room.content.encode()),
                        clients={},
                    )
                )
        room.durable = room.version

    async def sleep(self, room_id: str, *, snapshot: bool = False) -> None:
        """Flush and forget the room."""
        await self.flush(room_id, snapshot=snapshot)
        del self.rooms[room_id]

    def forget_log(self, room_id: str, upto: int) -> None:
        """Shorten the log window: versions up to `upto` leave memory."""
        room = self.rooms[room_id]
        room.log = [op for op in room.log if op.version > upto]
