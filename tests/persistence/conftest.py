"""One embedded Postgres for all tests here; each test takes rooms of its own."""

from __future__ import annotations

import itertools
import uuid
from typing import TYPE_CHECKING

import psycopg
import pytest

from persistence.backup import back_up, file_name
from persistence.database import Database
from persistence.embedded import EmbeddedPostgres
from persistence.migrate import upgrade

from .databases import migrated
from .lived_in import live_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

_BOTH_LAYOUTS = {"test_loader", "test_query_plans", "test_repositories", "test_writer"}


@pytest.fixture(scope="package")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"))
    upgrade(server.start())
    yield server
    server.stop()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have whatever reads or writes the log held on a log in partitions too (SCALE-3)."""
    if metafunc.module.__name__.rpartition(".")[2] in _BOTH_LAYOUTS and "layout" in metafunc.fixturenames:
        metafunc.parametrize("layout", ["plain", "partitioned"], indirect=True, scope="package")


@pytest.fixture(scope="package")
def layout(request: pytest.FixtureRequest) -> str:
    """How the log of operations lies: "plain", or "partitioned"."""
    return str(getattr(request, "param", "plain"))


@pytest.fixture(scope="package")
def url(postgres: EmbeddedPostgres, layout: str) -> str:
    if layout == "plain":
        return postgres.url
    return migrated(postgres.url, f"partitioned_{uuid.uuid4().hex}", layout)


@pytest.fixture(scope="package")
async def database(url: str) -> AsyncIterator[Database]:
    database = Database(url, pool_size=4)
    yield database
    await database.close()


@pytest.fixture
def sql(url: str) -> Iterator[psycopg.Connection]:
    """A plain connection, each statement committed at once, to look at what is really stored."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def new_room(sql: psycopg.Connection) -> Callable[..., str]:
    """Make a room, owned by the given epoch, and return its id."""
    numbers = itertools.count(1)
    prefix = uuid.uuid4().hex[:12]

    def make(epoch: int = 1) -> str:
        room_id = f"{prefix}-{next(numbers)}"
        sql.execute(
            "INSERT INTO rooms (id, name, owner_id, owner_epoch) VALUES (%s, 'A room', 'ada', %s)", (room_id, epoch)
        )
        return room_id

    return make


@pytest.fixture
def room_id(new_room: Callable[..., str]) -> str:
    return new_room()


@pytest.fixture
def feed_socket(tmp_path: Path) -> Path:
    return tmp_path / "run" / "feed.sock"


@pytest.fixture
async def lived_in(database: Database) -> str:
    """A room in which everything has happened."""
    room_id = f"lived.in~{uuid.uuid4().hex[:12]}"
    await live_in(database, room_id)
    return room_id


@pytest.fixture
async def backup(database: Database, lived_in: str, tmp_path: Path) -> Path:
    """The file of that room."""
    path = tmp_path / file_name(lived_in)
    await back_up(database, lived_in, path)
    return path
