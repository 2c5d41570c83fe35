"""The migrations and the tables say the same."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest

from persistence.dsn import libpq_url, sqlalchemy_url
from persistence.migrate import upgrade
from rayrooms.errors import UnavailableError

from .databases import differences, new_database

if TYPE_CHECKING:
    from persistence.embedded import EmbeddedPostgres


@pytest.fixture
def empty_url(url: str) -> str:
    """A database that nobody has migrated yet."""
    return new_database(url, f"empty_{uuid.uuid4().hex}")


def test_migrations_make_exactly_the_schema_of_the_models_and_run_twice_harmlessly(empty_url: str) -> None:
    """DB-1: the migrated schema is the models' schema; migrating again changes nothing."""
    assert differences(empty_url), "an empty database must differ, or this test sees nothing"
    upgrade(empty_url)
    assert differences(empty_url) == []
    upgrade(empty_url)
    assert differences(empty_url) == []


def test_servers_that_start_at_once_migrate_one_after_the_other(empty_url: str) -> None:
    """DB-1: migrations hold a lock."""
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(upgrade, [empty_url] * 4)) == [None] * 4
    assert differences(empty_url) == []


@pytest.mark.parametrize(
    "bad", ["", "mysql://localhost/x", "not a url", "postgresql://localhost:notaport/x", "postgresql://127.0.0.1:1/x"]
)
def test_a_bad_database_url_is_one_clear_sentence(bad: str) -> None:
    """DB-2: what is wrong with the database is said in one sentence, without the URL and its password."""
    with pytest.raises(UnavailableError) as caught:
        upgrade(bad)
    assert caught.value.code == "database_unavailable"
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_every_text_is_refused(url: str, encoding: str) -> None:
    """DB-16: a database in another encoding than UTF-8 is refused in one sentence, and left as it is."""
    options = f"ENCODING '{encoding}' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0"
    other = new_database(url, f"other_{uuid.uuid4().hex}", options)
    with pytest.raises(UnavailableError, match=encoding) as caught:
        upgrade(other)
    assert caught.value.code == "database_unavailable"
    assert "\n" not in caught.value.message
    with psycopg.connect(other, client_encoding="utf8") as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+asyncpg"])
def test_any_postgres_url_is_understood(scheme: str, postgres: EmbeddedPostgres) -> None:
    """DB-2: the driver that a URL names does not matter."""
    url = postgres.url.replace("postgresql", scheme, 1)
    with psycopg.connect(libpq_url(url)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert sqlalchemy_url(url).drivername == "postgresql+psycopg"
