"""The migrations and the tables say the same."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from persistence.dsn import libpq_url, sqlalchemy_url
from persistence.migrate import upgrade
from persistence.tables import schema
from rayrooms.errors import UnavailableError

if TYPE_CHECKING:
    from persistence.embedded import EmbeddedPostgres


@pytest.fixture
def empty_url(url: str, sql: psycopg.Connection) -> str:
    """A database that nobody has migrated yet."""
    name = f"empty_{uuid.uuid4().hex}"
    sql.execute(f"CREATE DATABASE {name}")
    return url.replace("/postgres?", f"/{name}?")


def _differences(url: str) -> list[object]:
    engine = create_engine(sqlalchemy_url(url))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True, "target_metadata": schema()}
        )
        differences = list(compare_metadata(context, schema()))
    engine.dispose()
    return differences


def test_migrations_make_exactly_the_schema_of_the_models_and_run_twice_harmlessly(empty_url: str) -> None:
    """DB-1: the migrated schema is the models' schema; migrating again changes nothing."""
    assert _differences(empty_url), "an empty database must differ, or this test sees nothing"
    upgrade(empty_url)
    assert _differences(empty_url) == []
    upgrade(empty_url)
    assert _differences(empty_url) == []


def test_servers_that_start_at_once_migrate_one_after_the_other(empty_url: str) -> None:
    """DB-1: migrations hold a lock."""
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(upgrade, [empty_url] * 4)) == [None] * 4
    assert _differences(empty_url) == []


@pytest.mark.parametrize(
    "bad", ["", "mysql://localhost/x", "not a url", "postgresql://localhost:notaport/x", "postgresql://127.0.0.1:1/x"]
)
def test_a_bad_database_url_is_one_clear_sentence(bad: str) -> None:
    """DB-2: what is wrong with the database is said in one sentence, without the URL and its password."""
    with pytest.raises(UnavailableError) as caught:
        upgrade(bad)
    assert caught.value.code == "database_unavailable"
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+asyncpg"])
def test_any_postgres_url_is_understood(scheme: str, postgres: EmbeddedPostgres) -> None:
    """DB-2: the driver that a URL names does not matter."""
    url = postgres.url.replace("postgresql", scheme, 1)
    with psycopg.connect(libpq_url(url)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert sqlalchemy_url(url).drivername == "postgresql+psycopg"
