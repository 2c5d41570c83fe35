"""One node of a cluster: its environment, its directory, and the HAProxy that an ended Ray has left on it."""

from __future__ import annotations

import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from serve.launcher import probe, processes
from serve.launcher.directories import make_node_directory
from serve.launcher.environment import haproxy_config
from serve.launcher.errors import LaunchError
from serve.launcher.node import complete_environment
from tests.architecture.sources import ROOT
from tests.launcher.running import free_port

if TYPE_CHECKING:
    from pathlib import Path

_SLEEPER = "import time\nwhile True: time.sleep(60)\n"


def test_the_environment_goes_before_the_file_before_what_is_made_up(tmp_path: Path) -> None:
    """DEP-4: the operator's environment beats `.env`, which beats the defaults of a node."""
    environment = {"RAYROOMS_RUNTIME_DIR": str(tmp_path), "RAYROOMS_NODE_IP": "192.0.2.7", "PATH": "/bin"}
    env_file = {"RAYROOMS_NODE_IP": "192.0.2.8", "RAY_AUTH_TOKEN": "t" * 32, "MALLOC_ARENA_MAX": "4"}
    assert complete_environment(environment, env_file, cpus=8, max_files=20_000) == tmp_path
    assert environment["RAYROOMS_NODE_IP"] == "192.0.2.7"
    assert environment["MALLOC_ARENA_MAX"] == "4"
    assert environment["RAY_AUTH_MODE"] == "token"
    assert environment["RAY_SERVE_HAPROXY_NBTHREAD"] == "2"


def test_nodes_that_sign_alike_let_one_another_in(tmp_path: Path) -> None:
    """DEP-20: they need no token of Ray's own; without a secret Ray's choice stands, and the operator's in any case."""

    def completed(**environment: str) -> dict[str, str]:
        environment["RAYROOMS_RUNTIME_DIR"] = str(tmp_path)
        complete_environment(environment, {}, cpus=1, max_files=1024)
        return environment

    one, same, other = (completed(RAYROOMS_JWT_SECRET=secret * 32) for secret in "aab")
    assert one["RAY_AUTH_MODE"] == "token"
    assert one["RAY_AUTH_TOKEN"] == same["RAY_AUTH_TOKEN"] != other["RAY_AUTH_TOKEN"]
    assert "a" * 32 not in one["RAY_AUTH_TOKEN"]
    assert "RAY_AUTH_MODE" not in completed()
    assert "RAY_AUTH_TOKEN" not in completed(RAYROOMS_JWT_SECRET="a" * 32, RAY_AUTH_MODE="disabled")


def test_a_node_keeps_its_directory(short_path: Path) -> None:
    """DEP-4: it is private, stays as it is when it is there, and is refused when too long or a link."""
    directory = short_path / "run"
    make_node_directory(directory)
    (directory / "feed.sock").touch()
    directory.chmod(0o755)
    make_node_directory(directory)
    assert (directory / "feed.sock").exists()
    assert directory.stat().st_mode & 0o777 == 0o700
    with pytest.raises(LaunchError, match="too long"):
        make_node_directory(short_path / ("x" * 80))
    (short_path / "link").symlink_to(directory)
    with pytest.raises(LaunchError, match="somebody else"):
        make_node_directory(short_path / "link")


@pytest.mark.parametrize("arguments", [(), ("no-such-program",)])
def test_a_command_that_cannot_be_run_is_told(arguments: tuple[str, ...], short_path: Path) -> None:
    """DEP-4: in one sentence."""
    done = subprocess.run(
        [ROOT / "scripts" / "node", *arguments],
        env={"PATH": "/usr/bin:/bin", "RAYROOMS_RUNTIME_DIR": str(short_path / "run")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (1 if arguments else 2)
    assert done.stderr.count("\n") == 1


def test_only_the_ingress_of_an_ended_ray_is_found(tmp_path: Path) -> None:
    """DEP-5: an HAProxy on this node's file is a leftover unless one of Ray's actors is still its parent."""
    haproxy = tmp_path / "haproxy"
    haproxy.symlink_to(sys.executable)
    config = haproxy_config(tmp_path)
    leftover = [str(haproxy), "-c", _SLEEPER, "-db", "-f", str(config)]
    other = [str(haproxy), "-c", _SLEEPER, "-db", "-f", str(tmp_path / "other.cfg")]
    parent = (
        f"import subprocess, sys; child = subprocess.Popen({leftover!r}); print(child.pid, flush=True); child.wait()"
    )
    actor = ["ray::HAProxyManager", "-c", parent]
    with (
        subprocess.Popen(leftover) as mine,
        subprocess.Popen(other) as theirs,
        subprocess.Popen(actor, executable=sys.executable, stdout=subprocess.PIPE, text=True) as manager,
    ):
        assert manager.stdout is not None
        kept = int(manager.stdout.readline())
        found = processes.orphaned_ingress(config)
        try:
            assert [process.pid for process in found] == [mine.pid]
            assert processes.end(found, grace=5) == []
            assert not processes.is_alive(found[0])
            assert theirs.poll() is None
            assert manager.poll() is None
        finally:
            mine.kill()
            theirs.kill()
            processes.end([child for child in processes.descendants() if child.pid == kept], grace=5)


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(int(self.path.strip("/")))
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


def test_a_probe_is_well_only_when_all_answers_are(capsys: pytest.CaptureFixture[str]) -> None:
    """DEP-6: a health check fails for any answer but 200, for none, and when it is asked nothing."""
    server = HTTPServer(("127.0.0.1", 0), _Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    try:
        assert probe.main([f"{base}/200"]) == 0
        assert capsys.readouterr().err == ""
        assert probe.main([f"{base}/200", f"{base}/503", f"{base}/404"]) == 1
        assert capsys.readouterr().err == f"{base}/503 answered 503\n{base}/404 answered 404\n"
        assert probe.main([f"http://127.0.0.1:{free_port()}/"]) == 1
        assert "does not answer" in capsys.readouterr().err
        assert probe.main([]) == 1
    finally:
        server.shutdown()
        server.server_close()
