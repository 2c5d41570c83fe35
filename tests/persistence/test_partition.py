"""The log of operations in partitions: there and back with all that is in it, and used as it should be."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
import uuid
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import BigInteger, Column, Integer, Text, create_engine

from persistence import partition as command
from persistence.dsn import libpq_url, sqlalchemy_url
from persistence.embedded import EmbeddedPostgres
from persistence.migrate import upgrade
from persistence.partition import partition
from persistence.planning import BY_INDEX
from persistence.settings import get_settings
from persistence.writer import sql as writer_sql
from rayrooms.errors import ConflictError, UnavailableError

from .databases import PARTITIONS, differences, migrated, new_database, whole
from .senders import Sender, insertion, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FILL = """
INSERT INTO rooms (id, name, owner_id, owner_epoch)
SELECT 'room' || i, 'A room', 'ada', 1 FROM generate_series(0, 49) i;
INSERT INTO operations (room_id, version, op_type, position, content, op, user_id, client_id, seq, epoch, at)
SELECT 'room' || i % 50, i / 50 + 1, 'insert', 0, 'x', '["x"]', 'u1', 'c' || i % 3, i, 1, now()
FROM generate_series(0, 4999) i;
"""
_ALL = "SELECT md5(string_agg(o::text, '' ORDER BY room_id, version)), count(*) FROM operations o"


@pytest.fixture
def filled(url: str) -> Iterator[str]:
    """A database of 50 rooms with 100 operations each, in one table."""
    name = f"filled_{uuid.uuid4().hex}"
    made = migrated(url, name, "plain")
    with psycopg.connect(made, autocommit=True) as connection:
        connection.execute(_FILL)
    yield made
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _one(url: str, query: str) -> tuple[Any, ...]:
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row


def _tables(url: str) -> dict[str, int]:
    """The tables that hold operations, with how many."""
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute("SELECT tableoid::regclass::text, count(*) FROM operations GROUP BY 1").fetchall()
    return dict(found)


def test_there_and_back_with_all_that_is_in_it(filled: str) -> None:
    """SCALE-1: to partitions, to another number of them, and to one table again; a second time changes nothing."""
    before = _one(filled, _ALL)
    assert before[1] == 5_000
    for partitions in (PARTITIONS, 7, 0):
        assert partition(filled, partitions)
        assert not partition(filled, partitions)
        assert _one(filled, _ALL) == before
        assert len(_tables(filled)) == (partitions or 1)
        assert sum(_tables(filled).values()) == 5_000
        [rows] = _one(filled, "SELECT count(DISTINCT (room_id, tableoid)) FROM operations")
        assert rows == 50, "a room's log lies in one partition"
    [left] = _one(filled, "SELECT count(*) FROM pg_class WHERE relname ~ '^operations_(of|before)'")
    assert left == 0


def test_keys_hold_in_partitions(filled: str) -> None:
    """SCALE-1: a version, and a client's seq, are there once."""
    partition(filled, PARTITIONS)
    copied = (
        "INSERT INTO operations SELECT room_id, {}, op_type, position, content, op, user_id, client_id, {}, epoch, at"
    )
    with psycopg.connect(filled, autocommit=True) as connection:
        for version, seq, broken in (("version", "-1", "pkey"), ("-1", "seq", "seq_key")):
            one = f"{copied.format(version, seq)} FROM operations WHERE room_id = 'room7' AND version = 3"
            with pytest.raises(psycopg.errors.UniqueViolation, match=f'"operations_of{PARTITIONS}_p\\d_.*{broken}"'):
                connection.execute(one)
            assert connection.execute(f"{one} ON CONFLICT DO NOTHING").rowcount == 0


def test_schema_of_the_models_and_later_migrations(filled: str) -> None:
    """SCALE-4: apart from the partitions the schema is the models'; what a migration does to it reaches all of them."""
    partition(filled, PARTITIONS)
    assert differences(filled) == []
    engine = create_engine(sqlalchemy_url(filled))
    with engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        operations.add_column("operations", Column("later", Text(), server_default="yes", nullable=False))
        operations.alter_column("operations", "position", type_=BigInteger())
        operations.create_index("operations_by_user_idx", "operations", ["room_id", "user_id"])
    engine.dispose()
    assert _one(filled, "SELECT count(*) FROM operations WHERE later = 'yes'") == (5_000,)
    assert len(differences(filled)) == 3
    for partitions in (7, 0):
        partition(filled, partitions)
        parts = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'operations_by_user_idx'::regclass"
        assert _one(filled, parts) == (partitions,), "an index that lies in all partitions"
        assert len(differences(filled)) == 3, "what was migrated stays so"
        assert _one(filled, "SELECT count(*) FROM operations WHERE later = 'yes'") == (5_000,)
    with engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        operations.drop_index("operations_by_user_idx", "operations")
        operations.alter_column("operations", "position", type_=Integer())
        operations.drop_column("operations", "later")
    engine.dispose()
    assert differences(filled) == []


# ---------------------------------------------------------------------- refusals and interruptions


async def test_refused_while_a_room_is_awake(filled: str, feed_socket: Path) -> None:
    """SCALE-2: a server that writes is not to be taken by surprise; once it has stopped, it is done."""
    async with serving(filled, feed_socket):
        sender = Sender(feed_socket, "room1")
        await sender.until_resumed()
        sender.feed.write([insertion(1, version=101), insertion(2, version=102)])
        await sender.until_durable(2)
        with pytest.raises(ConflictError, match="stop it first"):
            await asyncio.to_thread(partition, filled, PARTITIONS)
        await sender.close()
    assert await asyncio.to_thread(partition, filled, PARTITIONS)


def test_refused_while_somebody_holds_the_table(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """SCALE-2: it does not wait in front of everybody else for a long read."""
    monkeypatch.setattr(command, "_LOCK_PATIENCE", "100ms")
    with psycopg.connect(filled) as reader:
        reader.execute("SELECT count(*) FROM operations")
        with pytest.raises(ConflictError, match="in use"):
            partition(filled, PARTITIONS)
    assert partition(filled, PARTITIONS)


@pytest.mark.parametrize(
    ("added", "removed", "named"),
    [
        (
            "CREATE TRIGGER mine BEFORE UPDATE ON operations EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "DROP TRIGGER mine ON operations",
            "the trigger mine",
        ),
        ("CREATE POLICY mine ON operations", "DROP POLICY mine ON operations", "the policy mine"),
        ("CREATE PUBLICATION mine FOR TABLE operations", "DROP PUBLICATION mine", "the publication mine"),
        ("CREATE VIEW mine AS SELECT room_id FROM operations", "DROP VIEW mine", "view mine"),
    ],
)
def test_refused_when_something_would_be_lost(filled: str, added: str, removed: str, named: str) -> None:
    """SCALE-2: what hangs on the table and would not be on the new one is named, and nothing is changed."""
    with psycopg.connect(filled, autocommit=True) as connection:
        connection.execute(added)
        with pytest.raises(ConflictError, match=named):
            partition(filled, PARTITIONS)
        assert _tables(filled) == {"operations": 5_000}
        connection.execute(removed)
    assert partition(filled, PARTITIONS)


def test_rights_stay(filled: str, sql: psycopg.Connection) -> None:
    """SCALE-1: the owner, and what others were granted."""
    owner, reader = (f"{name}_{uuid.uuid4().hex[:8]}" for name in ("owner", "reader"))
    sql.execute(f"CREATE ROLE {owner}; CREATE ROLE {reader}")
    with psycopg.connect(filled, autocommit=True) as connection:
        connection.execute(f"GRANT CREATE ON SCHEMA public TO {owner}; ALTER TABLE operations OWNER TO {owner}")
        connection.execute(f"GRANT SELECT ON operations TO {reader} WITH GRANT OPTION")
        connection.execute("GRANT INSERT ON operations TO PUBLIC")
    rights = "SELECT pg_get_userbyid(relowner), relacl::text FROM pg_class WHERE oid = 'operations'::regclass"
    before = _one(filled, rights)
    assert reader in before[1]
    for partitions in (PARTITIONS, 0):
        partition(filled, partitions)
        assert _one(filled, rights) == before
    with psycopg.connect(filled, autocommit=True) as connection:
        connection.execute(f"DROP OWNED BY {owner}, {reader} CASCADE")
    sql.execute(f"DROP ROLE {owner}; DROP ROLE {reader}")


_PATIENT_INDEX = """
CREATE FUNCTION patient(bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN PERFORM pg_advisory_xact_lock_shared(42); RETURN $1; END $$;
CREATE INDEX patient_idx ON operations (patient(version));
"""


@pytest.mark.parametrize(
    "hold",
    [f"CREATE TABLE operations_of{PARTITIONS}_p2 ()", "SELECT pg_advisory_xact_lock(42)"],
    ids=["a partition", "an index"],
)
def test_killed_in_the_middle_it_has_changed_nothing(filled: str, hold: str) -> None:
    """SCALE-1: before the rows are copied, or after the old table is dropped; the next run does all of it."""
    before = _one(filled, _ALL)
    with psycopg.connect(filled, autocommit=True) as connection:
        connection.execute(_PATIENT_INDEX)
    run = [sys.executable, "-m", "persistence.partition", "--partitions", str(PARTITIONS)]
    with psycopg.connect(filled) as holder:
        holder.execute(hold)
        waiting = f"SELECT count(*) FROM pg_stat_activity WHERE {holder.info.backend_pid} = ANY(pg_blocking_pids(pid))"
        with subprocess.Popen(run, env={"RAYROOMS_DATABASE_URL": filled}) as process:
            _until(lambda: _one(filled, waiting)[0])
            process.send_signal(signal.SIGKILL)
        holder.rollback()
    _until(lambda: not _one(filled, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")[0])
    assert _one(filled, _ALL) == before
    assert _tables(filled) == {"operations": 5_000}
    assert partition(filled, PARTITIONS)
    assert _one(filled, _ALL) == before


def _until(condition: Any) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# ---------------------------------------------------------------------- the writer's statements


def _plan(connection: psycopg.Connection, statement: str, values: list[list[Any]]) -> list[dict[str, Any]]:
    """The nodes of a prepared statement's lasting plan, as it was run once."""
    numbered = statement
    for number in range(1, len(values) + 1):
        numbered = numbered.replace("%b", f"${number}", 1)
    connection.execute("SET plan_cache_mode TO force_generic_plan")
    connection.execute(f"PREPARE asked AS {numbered}")
    literals = psycopg.sql.SQL(", ").join(psycopg.sql.Literal(value) for value in values)
    explained = psycopg.sql.SQL("EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE asked ({})").format(literals)
    [plan] = connection.execute(explained).fetchone() or [[]]
    connection.execute("DEALLOCATE asked")
    return list(_nodes(plan[0]["Plan"]))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from _nodes(below)


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (writer_sql._LOCK, [["room1", "room2", "room3"], [1, 1, 1]]),
        (writer_sql._FORKED, [["room1", "room2", "room3"], [3, 3, 3], ["c1"] * 3, [101, 102, 103], [1, 1, 1]]),
    ],
    ids=["lock", "forked"],
)
def test_the_writer_looks_only_where_its_rooms_are(filled: str, statement: str, values: list[list[Any]]) -> None:
    """SCALE-3: a kept plan walks, for each room, the index of the one partition that holds its log."""
    partition(filled, PARTITIONS)
    rooms: list[str] = values[0]
    with psycopg.connect(filled, autocommit=True) as connection:
        connection.execute(BY_INDEX)
        held = connection.execute(
            "SELECT tableoid::regclass::text, count(DISTINCT room_id) FROM operations"
            " WHERE room_id = ANY(%s) GROUP BY 1",
            [rooms],
        ).fetchall()
        nodes = _plan(connection, statement, values)
        scans = [node for node in nodes if whole(node.get("Relation Name", "")) == "operations"]
    assert {whole(node["Index Name"]) for node in scans} == {"operations_pkey"}
    assert {node["Relation Name"]: node["Actual Loops"] for node in scans if node["Actual Loops"]} == dict(held)


# ---------------------------------------------------------------------- the command


def test_the_command_line(filled: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """SCALE-1: it says how the log lies now, and in one sentence what was wrong."""
    monkeypatch.setenv("RAYROOMS_DATABASE_URL", filled)
    get_settings.cache_clear()
    try:
        said = []
        for arguments in (["--partitions", "3"], ["--partitions", "3"], ["--undo"], ["--undo"], []):
            command.main(arguments)
            said.append(capsys.readouterr().out)
        assert said == [
            "The log of operations is in 3 partitions.\n",
            "The log of operations is in 3 partitions already.\n",
            "The log of operations is in one table.\n",
            "The log of operations is in one table already.\n",
            "The log of operations is in 16 partitions.\n",
        ]
        with pytest.raises(SystemExit) as wrong:
            command.main(["--partitions", "1"])
        assert wrong.value.code == 2
        monkeypatch.setenv("RAYROOMS_DATABASE_URL", "postgresql://127.0.0.1:1/x")
        get_settings.cache_clear()
        with pytest.raises(SystemExit) as failed:
            command.main([])
        assert "\n" not in str(failed.value.code)
    finally:
        get_settings.cache_clear()


def test_an_embedded_database_is_started_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """SCALE-1, SCALE-2: and stopped again; one that is not there is not made, one that a server runs is refused."""
    tmp_path.chmod(0o755)
    monkeypatch.delenv("RAYROOMS_DATABASE_URL", raising=False)
    monkeypatch.setenv("RAYROOMS_DATA_DIR", str(tmp_path / "data"))
    get_settings.cache_clear()
    try:
        with pytest.raises(SystemExit, match="There is no database"):
            command.main([])
        assert not (tmp_path / "data").exists()
        embedded = EmbeddedPostgres(tmp_path / "data")
        upgrade(embedded.start())
        with pytest.raises(SystemExit, match="already using"):
            command.main([])
        embedded.stop()
        command.main(["--partitions", "2"])
        assert capsys.readouterr().out == "The log of operations is in 2 partitions.\n"
        assert _one(embedded.start(), "SELECT relkind = 'p' FROM pg_class WHERE relname = 'operations'") == (True,)
        embedded.stop()
    finally:
        get_settings.cache_clear()


def test_a_database_that_was_never_migrated(url: str) -> None:
    """SCALE-2: has nothing to lay out."""
    with pytest.raises(UnavailableError, match="migrate it first"):
        partition(new_database(url, f"empty_{uuid.uuid4().hex}"), PARTITIONS)
