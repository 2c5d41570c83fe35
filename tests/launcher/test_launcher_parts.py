"""The launcher's parts, each by itself: settings, directories, ports, environment, waiting for health."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import psutil
import pytest

from persistence.settings import Settings
from serve.launcher import processes
from serve.launcher.directories import DataDirectory, make_runtime_directory, remove_runtime_directory, runtime_path
from serve.launcher.environment import haproxy_maxconn, identity_environment, tuning_environment
from serve.launcher.errors import LaunchError
from serve.launcher.health import base_url, wait_until_well
from serve.launcher.options import ROOT, SERVER_ID, merge_environment, unknown_names
from serve.launcher.ports import PortBlock, check_listen, reserve_block
from serve.launcher.server import Launcher
from tests.launcher.running import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def test_command_line_goes_before_environment_before_env_file() -> None:
    """CFG-7: an option beats the environment, which beats `.env`."""
    environment = {"RAYROOMS_HOST": "from-environment", "RAYROOMS_PORT": "2"}
    merge_environment(
        environment,
        {"port": "3"},
        {"RAYROOMS_HOST": "from-file", "RAYROOMS_PORT": "1", "RAYROOMS_GUESTS": "off"},
    )
    assert environment["RAYROOMS_HOST"] == "from-environment"
    assert environment["RAYROOMS_PORT"] == "3"
    assert environment["RAYROOMS_GUESTS"] == "off"


def test_data_directory_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CFG-8: a relative data directory counts from the current directory, the default one from the checkout."""
    monkeypatch.chdir(tmp_path)
    environment: dict[str, str] = {}
    merge_environment(environment, {"data_dir": "here"}, {})
    assert environment["RAYROOMS_DATA_DIR"] == str(tmp_path / "here")
    default: dict[str, str] = {}
    merge_environment(default, {}, {})
    assert default["RAYROOMS_DATA_DIR"] == str(ROOT / "data")


def test_misspelt_settings_are_noticed() -> None:
    """CFG-9: a variable with our prefix that is no setting is reported; others are none of our business."""
    environment = {"RAYROOMS_PROT": "8000", "RAYROOMS_PORT": "8000", SERVER_ID: "x", "PATH": "/bin"}
    assert unknown_names(environment) == ["RAYROOMS_PROT"]


def test_one_launcher_holds_a_data_directory(tmp_path: Path) -> None:
    """UP-3: a second one is refused until the first lets go."""
    first = DataDirectory(str(tmp_path / "data"))
    with pytest.raises(LaunchError, match="Another server"):
        DataDirectory(str(tmp_path / "data"))
    first.release()
    DataDirectory(str(tmp_path / "data")).release()


def test_the_secrets_are_kept_and_private(tmp_path: Path) -> None:
    """UP-4, UP-15: tokens outlive a restart because the secrets do; only their owner can read them."""
    data = DataDirectory(str(tmp_path))
    made = {"jwt-secret": data.jwt_secret(), "jupyter-secret": data.jupyter_secret()}
    assert len(set(made.values())) == len(made)
    for name, secret in made.items():
        assert len(secret) >= 32
        assert (tmp_path / name).read_text().strip() == secret
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert (data.jwt_secret(), data.jupyter_secret()) == tuple(made.values())
    data.release()


def test_the_runtime_directory_is_private_short_and_new(tmp_path: Path) -> None:
    """UP-9: it is for one user only, holds nothing of an earlier run, and leaves room for HAProxy's socket names."""
    path = tmp_path / "run"
    make_runtime_directory(path)
    (path / "stale.sock").touch()
    make_runtime_directory(path)
    assert [file.name for file in path.iterdir()] == ["ray-token"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE((path / "ray-token").stat().st_mode) == 0o600
    remove_runtime_directory(path)
    assert not path.exists()


def test_runtime_paths_stay_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """UP-9: a long TMPDIR is not used, since socket paths are limited."""
    monkeypatch.setenv("TMPDIR", "/var/tmp/" + "x" * 80)
    assert len(str(runtime_path("0123abcd"))) + len(f"/{'0' * 56}/admin.sock") <= 97


def test_a_planted_runtime_directory_is_refused(tmp_path: Path) -> None:
    """UP-9: a symbolic link in its place is neither followed nor removed."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").touch()
    planted = tmp_path / "run"
    planted.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LaunchError, match="cannot be made"):
        make_runtime_directory(planted)
    assert (tmp_path / "elsewhere" / "file").exists()


def test_servers_never_share_ports() -> None:
    """UP-2: blocks that are reserved at the same time are different; a released one is free again."""
    one, held = reserve_block(7)
    two, also_held = reserve_block(7)
    assert set(_ports(one)).isdisjoint(_ports(two))
    held.close()
    again, third = reserve_block(7)
    assert again == one
    also_held.close()
    third.close()


def _ports(block: PortBlock) -> range:
    return range(block.base, block.replicas[1] + 1)


def test_a_taken_port_is_told() -> None:
    """UP-7: the sentence names the port and the way out."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LaunchError, match=rf"Port {port} on 127\.0\.0\.1 is already in use; .* --port"):
            check_listen("127.0.0.1", port)


@pytest.mark.parametrize(("files", "clients"), [(1_024, 204), (20_000, 7_795), (10**9, 20_000), (100, 64)])
def test_haproxy_gets_no_more_clients_than_files(files: int, clients: int) -> None:
    """G10: HAProxy refuses to start when its clients could need more files than it may open."""
    assert haproxy_maxconn(files) == clients


def test_identity_goes_before_tuning(tmp_path: Path) -> None:
    """UP-2: what tells servers apart and what merely tunes them never name the same variable."""
    identity = identity_environment(tmp_path, PortBlock(12_000))
    tuning = tuning_environment(tmp_path, cpus=2, max_files=20_000)
    assert identity.keys().isdisjoint(tuning)
    assert all(str(tmp_path) in value for name, value in identity.items() if name.endswith(("_LOC", "_PATH", "_FILE")))


def test_only_marked_processes_are_ended() -> None:
    """UP-1: the mark finds the processes of one run and of no other, also stubborn ones."""
    stubborn = "from signal import *; signal(SIGTERM, SIG_IGN); print('on', flush=True); pause()"
    command = [sys.executable, "-c", stubborn]
    with (
        subprocess.Popen(command, env={**os.environ, SERVER_ID: "run-1"}, stdout=subprocess.PIPE) as mine,
        subprocess.Popen(command, env={**os.environ, SERVER_ID: "run-2"}, stdout=subprocess.PIPE) as other,
    ):
        assert mine.stdout is not None
        assert other.stdout is not None
        assert (mine.stdout.readline(), other.stdout.readline()) == (b"on\n", b"on\n")
        assert [process.pid for process in processes.marked("run-1")] == [mine.pid]
        forced = processes.end(processes.marked("run-1"), grace=0.2)
        assert [process.pid for process in forced] == [mine.pid]
        assert processes.marked("run-1") == []
        assert other.poll() is None
        other.kill()


def test_what_blocks_sigterm_is_not_waited_for() -> None:
    """UP-14: a process that can never answer SIGTERM is killed at once instead of after the grace."""
    program = "from signal import *; pthread_sigmask(SIG_BLOCK, {SIGTERM}); print('on', flush=True); pause()"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as deaf:
        assert deaf.stdout is not None
        assert deaf.stdout.readline() == b"on\n"
        process = psutil.Process(deaf.pid)
        assert processes.end([process], grace=30) == []
        assert not processes.is_alive(process)


def test_what_ends_by_itself_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    """UP-14: as workers do whose Ray has died, between the look that finds them and their end."""
    with subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.PIPE) as worker:
        found = psutil.Process(worker.pid)
    assert not found.is_running()
    sweeps = iter([[found], []])
    monkeypatch.setattr(processes, "descendants", lambda: next(sweeps))
    Launcher(Settings())._end_everything()
    assert next(sweeps, None) is None


class _Health(BaseHTTPRequestHandler):
    answers: tuple[int, ...] = ()
    asked = 0

    def do_GET(self) -> None:
        status = self.answers[min(type(self).asked, len(self.answers) - 1)]
        type(self).asked += 1
        body = b'{"status": "starting"}'
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def health() -> Iterator[tuple[int, type[_Health]]]:
    """A server that answers what it is told to, and its port."""
    handler = type("Handler", (_Health,), {})
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.01,)).start()
    yield server.server_port, handler
    server.shutdown()
    server.server_close()


def test_waits_until_all_parts_are_well(health: tuple[int, type[_Health]]) -> None:
    """UP-10: the server counts as up only once `/health` answers 200."""
    port, handler = health
    handler.answers = (503, 503, 200)
    wait_until_well("0.0.0.0", port, failure=lambda: None, timeout=10)
    assert handler.asked == 3


def test_a_hopeless_start_ends_at_once(health: tuple[int, type[_Health]]) -> None:
    """UP-10: a deployment that has failed is told with its reason."""
    port, handler = health
    handler.answers = (503,)
    with pytest.raises(LaunchError, match="could not be deployed: no such module"):
        wait_until_well("127.0.0.1", port, failure=lambda: "no such module", timeout=10)


def test_a_start_does_not_take_for_ever(health: tuple[int, type[_Health]]) -> None:
    """UP-10: after a while the last answer is told."""
    port, handler = health
    handler.answers = (503,)
    with pytest.raises(LaunchError, match=r"503 .*starting"):
        wait_until_well("127.0.0.1", port, failure=lambda: None, timeout=0.2)
    with pytest.raises(LaunchError, match="did not answer"):
        wait_until_well("127.0.0.1", free_port(), failure=lambda: None, timeout=0.2)


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:80"), ("0.0.0.0", "http://127.0.0.1:80"), ("::", "http://[::1]:80")],
)
def test_url_to_reach_it_by(host: str, url: str) -> None:
    """UP-10: what is printed can be opened, whatever address the server is bound to."""
    assert base_url(host, 80) == url


def test_signals_that_come_at_once() -> None:
    """UP-6, UP-14: the second comes while the first sets the event, and does not wait for the first for ever."""
    launcher = Launcher(Settings())

    class Interrupted(threading.Event):
        sets = 0

        def set(self) -> None:
            self.sets += 1
            if self.sets == 1:
                launcher._on_signal(signal.SIGTERM, None)
            super().set()

    event = launcher._stopping = Interrupted()
    launcher._on_signal(signal.SIGTERM, None)
    assert event.is_set()
    assert event.sets == 1


def test_a_ray_that_does_not_come_up_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """UP-16: Ray raises a bare Exception when its node is slow."""
    from serve.launcher import cluster  # noqa: PLC0415 - it imports Ray, which nothing else here needs

    def too_slow(**_options: object) -> None:
        raise Exception("The current node timed out during startup. This could happen.")  # noqa: TRY002 - as Ray does

    monkeypatch.setattr("ray.init", too_slow)
    with pytest.raises(LaunchError, match=r"^Ray could not be started: The current node timed out during startup\."):
        cluster.start_local(Settings(), tmp_path)
