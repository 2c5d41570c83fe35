"""A whole server as its users start it: `scripts/up` in a process of its own, on a port and a directory of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING, Any, Self

import psutil

from tests.architecture.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

PATIENCE = 90.0


class RunningServer:
    """Starts on entering; on leaving, makes sure that it has ended."""

    def __init__(self, data_dir: Path, settings: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = data_dir.with_name(f"{data_dir.name}-{self.port}.log")
        self._settings = settings or {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_alive():
            self.stop()

    def is_alive(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def output(self) -> str:
        return self._log.read_text()

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def start(self, until: str = "Ctrl-C stops") -> Self:
        """Start it and wait until its output says `until`."""
        options = ["--port", str(self.port), "--data-dir", str(self.data_dir), "--log-level", "DEBUG"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [ROOT / "scripts" / "up", *options],
                env={**os.environ, **self._settings},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(lambda: until in self.output or self.process.poll() is not None, f"{until!r} in the output")
        assert until in self.output, self.output
        return self

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop and return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def signal_group(self, number: int) -> None:
        """What Ctrl-C at a terminal and `timeout` do: the whole process group is told."""
        os.killpg(self.process.pid, number)

    def signal_all(self, number: int) -> None:
        """What systemd does to a unit: every process is told, whatever its group."""
        for process in [*self.processes(), psutil.Process(self.process.pid)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)

    def processes(self) -> list[psutil.Process]:
        """All that carry this server's data directory in their environment, besides the launcher."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("RAYROOMS_DATA_DIR") == str(self.data_dir) and process.pid != self.process.pid:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def ask(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        """A JSON request. Raises OSError (HTTPError) for anything but success."""
        request = urllib.request.Request(self.url + path, method=method)
        request.add_header("Authorization", f"Bearer {token}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def is_well(self) -> bool:
        try:
            return bool(self.ask("GET", "/health")["status"] == "ok")
        except OSError:
            return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(condition: Any, what: str, timeout: float = PATIENCE) -> None:
    """Return once `condition()` holds; fail after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout:.0f} s in vain for {what}"
        time.sleep(0.05)
