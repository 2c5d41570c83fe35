"""A whole server as a child process: started, looked into, killed in parts, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT = 120.0
STOP_TIMEOUT = 90.0
KILL_TIMEOUT = 30.0
_POLL = 0.1
_PORTS = range(31_100, 32_700)


class Server:
    """One server on a data directory of its own; it can be started there more than once."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self._data_dir = data_dir
        self._settings = settings
        self._log = data_dir.with_suffix(".log")
        self._port = free_port()
        self._launcher: psutil.Popen | None = None
        self._server_id = ""
        self.url = f"http://127.0.0.1:{self._port}"

    @property
    def data_dir(self) -> Path:
        """What it keeps."""
        return self._data_dir

    @property
    def jwt_secret(self) -> str:
        """What its tokens are signed with."""
        return (self._data_dir / "jwt-secret").read_text().strip()

    @property
    def jupyter_secret(self) -> str:
        """What Jupyter servers vouch with for their users."""
        return (self._data_dir / "jupyter-secret").read_text().strip()

    @property
    def jupyter_secret_file(self) -> Path:
        """What Jupyter servers vouch with."""
        return self._data_dir / "jupyter-secret"

    def start(self) -> None:
        """Start it and return once it is well."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RAYROOMS_")}
        environment |= {f"RAYROOMS_{name.upper()}": value for name, value in self._settings.items()}
        command = [sys.executable, "-m", "serve.launcher", "--port", str(self._port), "--data-dir", str(self._data_dir)]
        with self._log.open("ab") as log:
            self._launcher = psutil.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + START_TIMEOUT
        while not self._is_well():
            assert self._launcher.poll() is None, f"the server did not start:\n{self._log.read_text()}"
            assert time.monotonic() < deadline, f"the server is not well:\n{self._log.read_text()}"
            time.sleep(_POLL)
        self._server_id = (self._data_dir / "server-id").read_text().strip()

    def _is_well(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", timeout=5).is_success
        except httpx.HTTPError:
            return False

    def processes(self) -> list[psutil.Process]:
        """All its processes: what the launcher started, and what carries its mark."""
        found: set[psutil.Process] = set()
        if self._launcher is not None and self._launcher.is_running():
            found.add(psutil.Process(self._launcher.pid))
            found.update(self._launcher.children(recursive=True))
        for process in psutil.process_iter():
            if _environ(process).get("RAYROOMS_SERVER_ID") == self._server_id:
                found.add(process)
        return [process for process in found if _is_alive(process)]

    def titled(self, title: str) -> list[psutil.Process]:
        """Its processes whose command line begins so, such as `ray::PersistenceActor`."""
        return [process for process in self.processes() if " ".join(_command(process)).startswith(title)]

    def ingress(self) -> list[psutil.Process]:
        """Its HAProxys: the one that listens, and those that were reloaded away."""
        found = []
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                if process.name() == "haproxy":
                    found.append(process)
        return found

    def postmaster(self) -> psutil.Process:
        """The parent of all processes of its Postgres."""
        found = [
            process
            for process in self.processes()
            if (command := _command(process)) and command[0].endswith("/postgres")
        ]
        assert len(found) == 1, found
        return found[0]

    def stop(self) -> int:
        """Stop it as an operator would; returns its exit status."""
        assert self._launcher is not None
        self._launcher.send_signal(signal.SIGTERM)
        status: int = self._launcher.wait(STOP_TIMEOUT)
        return status

    def kill(self) -> None:
        """What a power cut does: every process at once, the launcher first so that it repairs nothing."""
        launcher = self._launcher
        if launcher is None:
            return
        kill_all(self.processes, first=launcher.pid)
        launcher.wait(10)
        launcher.poll()  # it was reaped with all others, unknown to its Popen, which would warn that it still runs

    def log(self) -> str:
        return self._log.read_text()

    def logs(self) -> dict[str, str]:
        """What it and its own processes have written so far, by file; Ray's own processes are not asked."""
        [runtime_dir] = {
            found for process in self.processes() if (found := _environ(process).get("RAYROOMS_RUNTIME_DIR"))
        }
        directory = Path(runtime_dir) / "ray" / "session_latest" / "logs"
        paths = [*directory.glob("worker-*"), *directory.glob("serve/*.log")]
        return {"server": self.log()} | {path.name: path.read_text(errors="replace") for path in paths}

    def every_log(self) -> dict[str, str]:
        """What all its processes have written so far, Ray's own, HAProxy and Postgres among them, by file."""
        [runtime_dir] = {
            found for process in self.processes() if (found := _environ(process).get("RAYROOMS_RUNTIME_DIR"))
        }
        places = [*(Path(runtime_dir) / "ray").rglob("logs/**/*"), *self._data_dir.rglob("*.log")]
        paths = [path for path in places if path.is_file()]
        return {"server": self.log()} | {str(path): path.read_text(errors="replace") for path in paths}


class OutsideServer(Server):
    """A server that somebody else started; its processes are none of ours."""

    def __init__(self, url: str, jupyter_secret_file: Path | None = None) -> None:
        self.url = url.rstrip("/")
        self._jupyter_secret_file = jupyter_secret_file

    @property
    def jupyter_secret_file(self) -> Path:
        assert self._jupyter_secret_file is not None, "nobody said where the server's secret is"
        return self._jupyter_secret_file


@contextlib.contextmanager
def data_directory() -> Iterator[Path]:
    """A place for a server's data that the database's own user may reach."""
    with tempfile.TemporaryDirectory(prefix="rayrooms-test-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory) / "data"


@contextlib.contextmanager
def running(**settings: str) -> Iterator[Server]:
    """A server of its own that is well; in the end it must stop in order and leave no process."""
    with data_directory() as data_dir:
        server = Server(data_dir, **settings)
        try:
            server.start()
            yield server
            assert server.stop() == 0, server.log()
            assert server.processes() == [], f"the server left processes behind:\n{server.log()}"
        finally:
            server.kill()


def kill_all(find: Callable[[], list[psutil.Process]], *, first: int = 0) -> None:
    """SIGKILL to all that is found, the process `first` before the others; again until nothing is."""
    deadline = time.monotonic() + KILL_TIMEOUT
    while doomed := find():  # some were just being started
        assert time.monotonic() < deadline, f"these cannot be killed: {doomed}"
        for process in sorted(doomed, key=lambda process: process.pid != first):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(doomed, timeout=10)


async def kill(process: psutil.Process | int) -> None:
    """SIGKILL, and wait until it is gone."""
    victim = psutil.Process(process) if isinstance(process, int) else process
    victim.kill()
    async with asyncio.timeout(10):
        while _is_alive(victim):  # noqa: ASYNC110 - it is another process that would have to set an event
            await asyncio.sleep(0.01)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _environ(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}


def free_port() -> int:
    """A port below the ephemeral range.

    There, a client that tries again and again while the server is down may be given that very port for itself, connect
    to itself, and keep the server from coming back.
    """
    for port in random.sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")
