"""The embedded Postgres: survives us, long paths and company."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest

from persistence.embedded import EmbeddedPostgres
from rayrooms.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "data")
    yield server
    server.stop()


def test_it_keeps_its_data_over_a_restart_and_runs_apart_from_us(
    server: EmbeddedPostgres, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PG-1: own session (Ctrl-C does not reach it), our environment, durable commits, data kept, beside another one."""
    monkeypatch.setenv("RAYROOMS_TEST_MARK", "seen")
    assert postgres.running()
    url = server.start()
    assert server.start() == url, "starting a running server changes nothing"
    pid = server.pid
    assert pid is not None
    assert os.getsid(pid) == pid
    assert psutil.Process(pid).environ()["RAYROOMS_TEST_MARK"] == "seen"
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (x int)")
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        (most,) = connection.execute("SELECT current_setting('max_connections')::int").fetchone() or (0,)
        assert most >= 100
    server.stop()
    server.stop()
    assert not psutil.pid_exists(pid)
    assert server.start() == url
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    assert postgres.running()


def test_a_data_directory_with_a_long_path(tmp_path: Path) -> None:
    """PG-2: a path that is too long for a Unix socket is no obstacle."""
    server = EmbeddedPostgres(tmp_path / ("long " * 20) / ("path" * 20))
    try:
        with psycopg.connect(server.start()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert server._socket_dir().exists()
    finally:
        server.stop()
    assert not server._socket_dir().exists()


def test_a_data_directory_in_use_is_refused_and_its_server_left_alone(server: EmbeddedPostgres) -> None:
    """PG-3: two servers cannot share a data directory."""
    server.start()
    with pytest.raises(UnavailableError, match="already using the data directory"):
        EmbeddedPostgres(server.data_dir).start()
    assert server.running()


_KILLED_RUN = """
import os, signal, sys, psycopg
from persistence.embedded import EmbeddedPostgres
server = EmbeddedPostgres(sys.argv[1])
with psycopg.connect(server.start(), autocommit=True) as connection:
    connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 10000) AS x")
    print(server.pid, flush=True)
    if sys.argv[2] == "both":
        os.kill(server.pid, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("killed", ["server", "both"])
def test_what_a_killed_run_left_is_stopped_and_recovered(server: EmbeddedPostgres, killed: str) -> None:
    """PG-4, G3: after kill -9 of the server, and of Postgres with it, the next start has all that was committed."""
    run = subprocess.run(
        [sys.executable, "-c", _KILLED_RUN, str(server.data_dir), killed],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == -signal.SIGKILL, run.stderr
    leftover = int(run.stdout)
    assert killed == "both" or psutil.pid_exists(leftover)
    with psycopg.connect(server.start()) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (10_000,)
    assert server.pid != leftover
    assert not psutil.pid_exists(leftover) or psutil.Process(leftover).status() == psutil.STATUS_ZOMBIE


def test_a_stale_pid_file_that_names_a_stranger_does_not_hinder(server: EmbeddedPostgres) -> None:
    """PG-4: after a reboot the old process id may be somebody else's, who is left alone."""
    server.start()
    server.stop()
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        pid_file = server.data_dir / "postgres" / "postmaster.pid"
        pid_file.write_text(f"{stranger.pid}\n{server.data_dir / 'postgres'}\n1\n5432\n\n\n\nready\n")
        with psycopg.connect(server.start()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_directory_that_is_no_cluster_is_left_alone(server: EmbeddedPostgres) -> None:
    """PG-5: a failed start is one clear sentence and destroys nothing."""
    precious = server.data_dir / "postgres" / "precious"
    precious.parent.mkdir(parents=True)
    precious.touch()
    with pytest.raises(UnavailableError, match="not a Postgres cluster"):
        server.start()
    assert precious.exists()


def test_a_server_that_cannot_start_says_why(server: EmbeddedPostgres) -> None:
    """PG-5: the reason that Postgres gave is in the sentence."""
    server.start()
    server.stop()
    version = server.data_dir / "postgres" / "PG_VERSION"
    version.write_text("9.1\n")
    with pytest.raises(UnavailableError, match="did not start") as caught:
        server.start()
    assert "version 9.1" in caught.value.message or "incompatible" in caught.value.message
    version.write_text("18\n")
    server.start()
