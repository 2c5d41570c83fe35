"""Whole servers, started and stopped as their users do it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from persistence.embedded import EmbeddedPostgres
from rayrooms import BlockingRoom
from serve.controller_pace import AT_REST
from serve.launcher import processes
from serve.launcher.options import SERVER_ID
from tests.architecture.sources import ROOT
from tests.launcher.running import PATIENCE, RunningServer, free_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.live


def _sign_in(server: RunningServer) -> str:
    return str(server.ask("POST", "/api/auth/guest", {"name": "Ada"})["token"])


def _write(server: RunningServer, text: str) -> tuple[str, str]:
    """A room with that text, which is saved, and the token of its owner."""
    token = _sign_in(server)
    room = server.ask("POST", "/api/rooms", {"name": "Notes"}, token)["room_id"]
    with BlockingRoom(server.url, room, token=token) as editor:
        editor.insert(0, text)
        editor.wait_durable(PATIENCE)
    return room, token


def _read(server: RunningServer, room: str, token: str) -> str:
    return str(server.ask("GET", f"/api/sync/{room}/snapshot", None, token)["content"])


def _spans(traces: Path) -> list[dict[str, Any]]:
    """The spans in a file of traces."""
    requests = map(json.loads, traces.read_text().splitlines() if traces.exists() else [])
    return [
        span
        for request in requests
        for resource in request["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]


def _page(url: str) -> str:
    """What is to be read there; nothing, where there is nothing."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return str(answer.read().decode())
    except (OSError, HTTPException):
        return ""


def _child(server: RunningServer, name: str) -> psutil.Process:
    """The process of that name which the launcher started."""
    [found] = [one for one in psutil.Process(server.process.pid).children() if one.name() == name]
    return found


class Life:
    """One data directory on which a server is started again after each of its ends, however that came.

    UP-4, UP-13, UP-14, G3: each start finds the room and the token of the first, and tells whether the end before it
    left something behind. Tests that end the server are followed by such a start, the last one by that of `close`.
    """

    def __init__(self, data_dir: Path) -> None:
        self._server = RunningServer(data_dir)
        self._kept: tuple[str, str] | None = None
        self._is_up = self._ended = False
        self._left_something = False

    def running(self) -> RunningServer:
        """The server, started when it does not run."""
        if not self._is_up:
            self._server.start()
            self._is_up, self._ended = True, False
            assert ("did not end in order" in self._server.output) is self._left_something
            self._kept = self._kept or _write(self._server, "kept")
            assert self.reads() == "kept"
        return self._server

    def reads(self) -> str:
        """What the room holds."""
        assert self._kept is not None
        return _read(self._server, *self._kept)

    def ended(self, status: int, *, left_something: bool = False) -> int:
        """Note that the server has ended with `status`, which comes back."""
        sys.stdout.write(self._server.output)  # pytest shows it where a test fails
        self._is_up, self._ended = False, True
        self._left_something = left_something
        return status

    def close(self) -> None:
        """Look into the last end, if no test has, and stop in order."""
        try:
            if self._ended:
                self.running()
        finally:
            self._ended = self._is_up = False
            if self._server.is_alive():
                assert self._server.stop() == 0
                assert self._server.processes() == []


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    life = Life(tmp_path_factory.mktemp("life") / "data")
    yield life
    life.close()


def _refused(*arguments: str | Path) -> str:
    """The one sentence with which a start is refused."""
    done = subprocess.run(
        [ROOT / "scripts" / "up", *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode in {1, 2}
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("rayrooms: ")
    return done.stderr


def test_what_nobody_asks_for_does_not_run(life: Life) -> None:
    """UP-17."""
    commands = [" ".join(process.cmdline()) for process in life.running().processes()]
    assert any("/raylet/raylet " in command for command in commands)
    assert not [command for command in commands if "monitor.py" in command]


def test_a_controller_at_rest_looks_around_seldom(life: Life) -> None:
    """UP-18: once all is well, Serve's controller pauses for longer, as it says itself by way of Ray's agent."""
    raylet = next(one for one in life.running().processes() if one.name() == "raylet")
    agent = next(one for one in raylet.children() if " ".join(one.cmdline()).startswith("ray::DashboardAgent"))

    def pauses() -> list[float]:
        ports = [one.laddr.port for one in agent.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
        pages = [_page(f"http://127.0.0.1:{port}/metrics") for port in ports]
        lines = [line for page in pages for line in page.splitlines()]
        return [float(line.split()[-1]) for line in lines if line.startswith("ray_serve_controller_sleep_duration_s{")]

    wait_for(lambda: any(seconds >= AT_REST for seconds in pauses()), "a controller that rests")


def test_the_program_of_the_readme(life: Life) -> None:
    """UP-12: what README.md shows to Python programmers runs as it stands; so do the users for Locust."""
    program = (ROOT / "README.md").read_text().partition("```python\n")[2].partition("```")[0]
    server = life.running()
    program = program.replace("http://127.0.0.1:8000", server.url)
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.returncode) == ("hello\n", 0), done.stderr

    options = ["--headless", "--host", server.url, "-u", "50", "-r", "25", "-t", "20s", "--json"]
    command = [sys.executable, "-m", "locust", "-f", "loadtest/locustfile.py", *options]
    load = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=90)
    assert load.returncode == 0, load.stderr
    requests = {entry["name"]: entry for entry in json.loads(load.stdout)}
    seen = {"join", "rejoin", "edit:ack", "edit:arrival", "chat:arrival", "/api/sync/{room_id}/operations"}
    assert seen <= requests.keys()
    assert sum(entry["num_failures"] for entry in requests.values()) == 0
    assert requests["edit:arrival"]["num_requests"] > 0


def test_two_servers_side_by_side(life: Life, tmp_path: Path) -> None:
    """UP-1, UP-2, UP-3, UP-14: each has its own rooms, stops without touching the other and leaves no process.

    OBS-14, OBS-15: the second traces every edit, through all its processes.
    """
    one, traces = life.running(), tmp_path / "traces"
    with RunningServer(tmp_path / "two", {"RAYROOMS_TRACES": f"file:{traces}", "RAYROOMS_TRACES_SHARE": "1"}) as two:
        health = one.ask("GET", "/health")
        assert {name: part["status"] for name, part in health["parts"].items()} == {
            "database": "ok",
            "directory": "ok",
            "ingress": "ok",
        }
        room, token = _write(one, "hello")
        assert _read(one, room, token) == "hello"
        with pytest.raises(OSError, match=r"40[134]"):
            _read(two, room, _sign_in(two))

        traced, _ = _write(two, "quetzal")
        wait_for(lambda: len(_spans(traces)) >= 3, "the spans of an edit", 20)
        spans = {span["name"]: span for span in _spans(traces)}
        receive, commit, flush = (spans[name] for name in ("gateway.receive", "room.commit", "persistence.flush"))
        assert receive["traceId"] == commit["traceId"] == flush["traceId"]
        assert (commit["parentSpanId"], flush["parentSpanId"]) == (receive["spanId"], commit["spanId"])
        assert {"key": "rayrooms.room_id", "value": {"stringValue": traced}} in flush["attributes"]
        assert "quetzal" not in traces.read_text()

        assert "already in use" in _refused("--port", str(one.port), "--data-dir", tmp_path / "three")
        assert "Another server" in _refused("--port", str(free_port()), "--data-dir", one.data_dir)

        assert life.ended(one.stop()) == 0
        assert one.processes() == []
        assert two.is_well()

        two.signal_group(signal.SIGINT)
        two.signal_group(signal.SIGINT)
        assert two.process.wait(60) == 0
        assert two.processes() == []
        assert "Traceback" not in one.output + two.output


@pytest.mark.parametrize("tell", [RunningServer.signal_group, RunningServer.signal_all])
def test_a_signal_to_more_than_the_launcher(tell: Callable[[RunningServer, int], None], life: Life) -> None:
    """UP-14, UP-4: SIGTERM to the whole process group, or to every process, ends in order and leaves nothing."""
    server = life.running()
    tell(server, signal.SIGTERM)
    assert life.ended(server.process.wait(40)) == 0
    assert server.processes() == []
    assert server.output.endswith("rayrooms: stopped\n")
    for trouble in ("Traceback", "is not done", "has ended", "Failed to connect"):
        assert trouble not in server.output


@pytest.mark.parametrize("part", ["gcs_server", "raylet"])
def test_a_stop_without_ray(part: str, life: Life) -> None:
    """UP-14: a stop does not wait for a Ray that has died under it, and leaves nothing."""
    server = life.running()
    core = _child(server, part)
    core.suspend()  # what is asked of it from now on waits
    server.process.send_signal(signal.SIGTERM)
    wait_for(lambda: "stopping ..." in server.output, "the stop to begin")
    core.kill()
    assert life.ended(server.process.wait(25)) == 0
    assert server.processes() == []
    assert server.output.endswith("rayrooms: stopped\n")


def test_a_lost_cluster_ends_the_server(life: Life) -> None:
    """UP-13: when Ray's head dies, the launcher says so and leaves nothing, and the next start has all rooms."""
    server = life.running()
    _child(server, "gcs_server").kill()
    assert life.ended(server.process.wait(40)) == 1
    assert "gcs_server has ended unasked" in server.output
    assert server.processes() == []


def test_a_killed_launcher(life: Life) -> None:
    """UP-5, G3: what it leaves behind is cleared away by the next start, and nothing is lost."""
    server = life.running()
    server.kill()
    assert server.processes() != [], "a killed launcher leaves at least its HAProxy, or this test tests nothing"
    life.ended(-signal.SIGKILL, left_something=True)
    life.running()


def test_a_killed_postgres(life: Life) -> None:
    """UP-5, G3: it is started again, and nothing is lost."""
    server = life.running()
    _child(server, "postgres").kill()
    wait_for(lambda: "starting it again" in server.output, "Postgres to be missed")
    wait_for(server.is_well, "the server to be well again")
    assert life.reads() == "kept"
    life.close()


@pytest.mark.parametrize("step", ["imported", "Ray started", "Serve started"])
def test_stop_while_starting(step: str, tmp_path: Path) -> None:
    """UP-6, UP-14: told to stop while it starts, even twice, alone or with its group, it does so and leaves nothing."""
    server = RunningServer(tmp_path / "data").start(until=step)
    server.process.send_signal(signal.SIGTERM)
    server.signal_group(signal.SIGTERM)
    assert server.process.wait(60) == 0
    assert server.processes() == []
    assert "Traceback" not in server.output


@pytest.fixture
def running_cluster(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A Ray cluster that somebody else started: what one has to set to join it."""
    port, mark = free_port(), f"cluster-{tmp_path.name}"
    short = Path(tempfile.mkdtemp(prefix="rr-", dir="/tmp"))  # Ray's sockets lie in it
    (short / "token").write_text("a-token-of-its-own-for-this-cluster")
    key = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(short / "token")}
    options = ["--head", f"--port={port}", f"--temp-dir={short}", "--include-dashboard=false", "--num-cpus=64"]
    try:
        subprocess.run(
            [ROOT / ".venv" / "bin" / "ray", "start", *options, "--object-store-memory=100000000"],
            env={**os.environ, **key, SERVER_ID: mark, "RAY_USAGE_STATS_ENABLED": "0"},
            capture_output=True,
            check=True,
            timeout=60,
        )
        yield {**key, "RAYROOMS_RAY_ADDRESS": f"127.0.0.1:{port}"}
    finally:
        processes.end(processes.marked(mark), grace=5)
        shutil.rmtree(short, ignore_errors=True)


def test_joins_a_running_cluster(running_cluster: dict[str, str], tmp_path: Path) -> None:
    """UP-11: with a Ray address the server lives in that cluster, and leaves it running without any of its actors."""
    with RunningServer(tmp_path / "data", running_cluster) as server:
        room, token = _write(server, "joined")
        assert _read(server, room, token) == "joined"
        assert server.stop() == 0
    program = (
        "import os, ray; from ray.util import list_named_actors;"
        "ray.init(os.environ['RAYROOMS_RAY_ADDRESS'], logging_level='error');"
        "print(len(ray.nodes()), list_named_actors(all_namespaces=True))"
    )
    command = [sys.executable, "-c", program]
    seen = subprocess.run(command, env={**os.environ, **running_cluster}, capture_output=True, text=True, check=True)
    assert seen.stdout == "1 []\n"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://somewhere/x", "must start with postgresql://"),
        ("not a url", "cannot be parsed"),
        ("postgresql://nobody@127.0.0.1:1/x", "cannot be reached"),
    ],
)
def test_bad_database_url(url: str, says: str, tmp_path: Path) -> None:
    """UP-7: a database that cannot be used is told in one sentence, and nothing is started."""
    assert says in _refused("--database-url", url, "--data-dir", tmp_path / "data", "--port", str(free_port()))


def test_missing_database(tmp_path: Path) -> None:
    """UP-7: so is one that does not exist on a server that does."""
    postgres = EmbeddedPostgres(tmp_path / "outside")
    try:
        url = postgres.start().replace("/postgres?", "/nosuch?")
        said = _refused("--database-url", url, "--data-dir", tmp_path / "data", "--port", str(free_port()))
    finally:
        postgres.stop()
    assert '"nosuch" does not exist' in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--port", "70000"), "RAYROOMS_PORT"),
        (("--port", "http"), "RAYROOMS_PORT"),
        (("--log-level", "LOUD"), "RAYROOMS_LOG_LEVEL"),
        (("--host", "203.0.113.7"), "cannot listen on 203.0.113.7"),
        (("--data-dir", "/dev/null/data"), "cannot be used"),
    ],
)
def test_bad_option(arguments: tuple[str, ...], says: str, tmp_path: Path) -> None:
    """UP-8: a wrong option is told in one sentence that names it."""
    given = arguments if "--data-dir" in arguments else ("--data-dir", str(tmp_path / "data"), *arguments)
    assert says in _refused(*(given if "--port" in given else ("--port", str(free_port()), *given)))
