"""Commands on the database of a server that does not run, or that somebody else uses at the same time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import pytest

from persistence.embedded import EmbeddedPostgres
from persistence.migrate import upgrade
from persistence.settings import Settings
from rayrooms.errors import UnavailableError
from serve.launcher.directories import DataDirectory
from serve.launcher.errors import LaunchError
from serve.operator import database as operator_database
from serve.operator.database import opened

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    return Settings(data_dir=str(data_dir))


def answers(data_dir: Path) -> bool:
    return operator_database._answers(EmbeddedPostgres(data_dir).url)


async def test_it_is_started_for_the_command(settings: Settings, data_dir: Path) -> None:
    """OPS-9: and stopped after it, also when the command fails; meanwhile no server can start there."""
    assert not answers(data_dir)
    async with opened(settings) as found:
        assert found.ours
        await found.database.ping()
        with pytest.raises(LaunchError, match="Another server is running"):
            DataDirectory(str(data_dir))
    assert not answers(data_dir)
    with pytest.raises(ZeroDivisionError):
        async with opened(settings):
            raise ZeroDivisionError
    assert not answers(data_dir)
    DataDirectory(str(data_dir)).release()


async def test_one_that_runs_is_used_and_left_alone(settings: Settings, data_dir: Path) -> None:
    """OPS-9: as when the server runs."""
    held = DataDirectory(str(data_dir))
    postgres = EmbeddedPostgres(data_dir)
    postgres.start()
    async with opened(settings) as found:
        assert not found.ours
        await found.database.ping()
    assert postgres.running()
    postgres.stop()
    held.release()


async def test_a_server_that_is_just_starting_is_waited_for(settings: Settings, data_dir: Path) -> None:
    """OPS-9: whoever holds the data directory is about to start the database."""
    held = DataDirectory(str(data_dir))
    postgres = EmbeddedPostgres(data_dir)
    starting = asyncio.create_task(asyncio.to_thread(postgres.start))
    await asyncio.sleep(0)
    async with opened(settings) as found:
        assert not found.ours
    await starting
    postgres.stop()
    held.release()


async def test_commands_share_it(data_dir: Path, settings: Settings) -> None:
    """OPS-9: the one that started it stops it only when no other uses it any more."""
    first = await asyncio.to_thread(_enter, settings)
    second = await asyncio.to_thread(_enter, settings)
    assert (first.ours, second.ours) == (True, False)
    leaving = asyncio.create_task(asyncio.to_thread(first.leave))
    async with opened(settings) as third:
        assert not third.ours
        await third.database.ping()
    assert answers(data_dir)
    assert not leaving.done()
    await asyncio.to_thread(second.leave)
    await leaving
    assert not answers(data_dir)


class _enter:  # noqa: N801 - it reads as what it does
    """A command that is in the middle of its work."""

    def __init__(self, settings: Settings) -> None:
        self._running = operator_database._running(settings)
        _, self.ours = self._running.__enter__()

    def leave(self) -> None:
        self._running.__exit__(None, None, None)


async def test_an_outside_database(data_dir: Path) -> None:
    """OPS-9: is used where it is; one that cannot be reached, or has no tables, is told."""
    with pytest.raises(UnavailableError, match="cannot be reached"):
        async with opened(Settings(database_url="postgresql://nobody@127.0.0.1:1/none", db_timeout=2)):
            pass
    postgres = EmbeddedPostgres(data_dir.parent / "outside")
    url = postgres.start()
    try:
        with pytest.raises(UnavailableError, match="start the server on it once"):
            async with opened(Settings(database_url=url)):
                pass
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall() == []
        upgrade(url)
        async with opened(Settings(database_url=url, data_dir="/nowhere")) as found:
            assert not found.ours
            await found.database.ping()
    finally:
        postgres.stop()
