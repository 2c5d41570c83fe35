"""G5 with the real writer and a real Postgres: two hosts that both believe to own one room."""

from __future__ import annotations

import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec
import psycopg
import pytest

from actors.archive import room_state
from actors.host.config import Activation
from actors.host.room_host import RoomHost
from persistence.database import Database
from persistence.embedded import EmbeddedPostgres
from persistence.loader import load_room, replay
from persistence.migrate import upgrade
from persistence.writer import Writer

from .fakes import CONFIG
from .hosting import FakeArchive, Gateway, until
from .rooms import ADA, BOB

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from actors.core.state import RoomState


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"))
    upgrade(server.start())
    yield server.url
    server.stop()


@pytest.fixture
async def database(postgres: str) -> AsyncIterator[Database]:
    database = Database(postgres, pool_size=2)
    yield database
    await database.close()


@pytest.fixture
async def feed_path(postgres: str, tmp_path: Path) -> AsyncIterator[Path]:
    """Where a running writer listens."""
    path = tmp_path / "feed.sock"
    writer = Writer(postgres, path)
    await writer.start()
    yield path
    await writer.stop()


class StoredRooms(FakeArchive):
    """Rooms as they really are stored."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    async def load(self, room_id: str) -> RoomState:
        return room_state(await load_room(self._database, room_id, log_preload=100, chat_tail=10))


class Rival:
    """A host with a gateway of its own, and someone in the room through it."""

    def __init__(self, database: Database, feed_path: Path) -> None:
        self.ended: list[str] = []
        self.gateway = Gateway()
        self.host = RoomHost(
            StoredRooms(database),
            node_ip="127.0.0.1",
            feed_path=feed_path,
            node_id="node",
            on_end=self.ended.append,
            on_idle=_ignore,
        )

    async def own(self, room_id: str, epoch: int) -> None:
        config = msgspec.structs.replace(CONFIG, snapshot_every=5)
        await self.host.start()
        await self.host.activate(Activation(room_id, epoch, "secret"), config)


def _ignore(room_id: str) -> None:
    """Nobody minds that the room is idle."""


@asynccontextmanager
async def owning(database: Database, room_id: str, epoch: int, feed_path: Path, sid: int) -> AsyncIterator[Rival]:
    rival = Rival(database, feed_path)
    await rival.own(room_id, epoch)
    assert rival.host.address is not None
    async with Gateway.linked(rival.host.address) as gateway:
        rival.gateway = gateway
        await gateway.attach(sid, f"user-{sid}")
        yield rival
    await rival.host.close()


async def test_a_stale_owner_writes_nothing_and_ends(postgres: str, database: Database, feed_path: Path) -> None:
    """G5, ROOM-19, DIR-3: from the claim on, only the new owner's commits are stored; what was stored before stays."""
    room_id = uuid.uuid4().hex
    with psycopg.connect(postgres, autocommit=True) as sql:
        sql.execute("INSERT INTO rooms (id, name, owner_id, owner_epoch) VALUES (%s, 'r', 'ada', 1)", (room_id,))
        async with owning(database, room_id, 1, feed_path, ADA) as stale:
            stale.gateway.edit(ADA, ["before "], seq=1)
            await until(lambda: stale.host._room is not None and stale.host._room.durable_version == 1)

            sql.execute("UPDATE rooms SET owner_epoch = 2 WHERE id = %s", (room_id,))
            async with owning(database, room_id, 2, feed_path, BOB) as owner:
                for seq in range(2, 12):
                    stale.gateway.edit(ADA, ["stale "], seq=seq)
                    owner.gateway.edit(BOB, ["fresh "], seq=seq - 1)
                await until(lambda: bool(stale.ended) and stale.gateway.lost)
                assert len(stale.ended) == 1
                assert stale.host.status().address is None
                await until(lambda: owner.host._room is not None and owner.host._room.durable_version == 11)
                assert owner.ended == []

        rows = sql.execute(
            "SELECT version, epoch, user_id FROM operations WHERE room_id = %s ORDER BY version", (room_id,)
        ).fetchall()
        assert rows == [(1, 1, "user-1")] + [(version, 2, "user-2") for version in range(2, 12)]
        snapshots = sql.execute("SELECT content FROM document_snapshots WHERE room_id = %s", (room_id,)).fetchall()
        assert snapshots
        assert not any("stale" in content for (content,) in snapshots)
    assert await replay(database, room_id) == "fresh " * 10 + "before "


async def test_a_stale_owner_that_was_cut_off_is_fenced_when_it_comes_back(
    postgres: str, database: Database, feed_path: Path, tmp_path: Path
) -> None:
    """G5: under a partition it can only have told its own people; on the first word to the writer it is told."""
    room_id = uuid.uuid4().hex
    with psycopg.connect(postgres, autocommit=True) as sql:
        sql.execute("INSERT INTO rooms (id, name, owner_id, owner_epoch) VALUES (%s, 'r', 'ada', 1)", (room_id,))
        elsewhere = tmp_path / "elsewhere.sock"
        stale = Rival(database, elsewhere)
        await stale.own(room_id, 1)  # nobody listens there yet
        assert stale.host.address is not None
        async with Gateway.linked(stale.host.address) as gateway:
            gateway.ask_in(ADA, "ada")
            gateway.edit(ADA, ["stale"], seq=1)
            sql.execute("UPDATE rooms SET owner_epoch = 2 WHERE id = %s", (room_id,))
            await until(lambda: stale.host.status().sessions == 1)
            assert gateway.heard == [], "nothing is acknowledged that the feed does not have"
            elsewhere.symlink_to(feed_path)
            await until(lambda: bool(stale.ended))
            await until(lambda: gateway.lost)
        assert sql.execute("SELECT count(*) FROM operations WHERE room_id = %s", (room_id,)).fetchone() == (0,)
        await stale.host.close()
