"""The processes of a server on this machine: which they are, what they do, and what they cost."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import psutil

_MARK = "RAYROOMS_SERVER_ID"
"""The environment variable by which all processes of one server are marked."""

PARTS = ("gateway", "rooms", "persistence", "postgres", "haproxy", "directory", "ray")
"""What the processes of a server are, for people; `ray` is all that Ray and Serve run for themselves."""

_TITLES = {
    "ray::ServeReplica": "gateway",
    "ray::RoomActor": "rooms",
    "ray::PersistenceActor": "persistence",
    "ray::DirectoryActor": "directory",
    "postgres": "postgres",
    "haproxy": "haproxy",
}


class NotHereError(Exception):
    """The server's processes cannot be found on this machine."""


class Footprint(NamedTuple):
    """Bytes of a process: `own` is what it has allocated itself, `shared` its share of memory that is meant for many.

    `name` tells processes of one part apart. Postgres's buffers are shared. What is mapped from files is in neither: it
    grows and shrinks with others' doings.
    """

    part: str
    name: str
    own: int
    shared: int


def part_of(command: str) -> str:
    """Which of PARTS a process is, by its command line."""
    program = command.split(" ", 1)[0]
    for title, part in _TITLES.items():
        if command.startswith(title) or Path(program).name == title:
            return part
    return "ray"


class ServerProcesses:
    """All processes of the server that listens at `url`. Raises NotHereError when they are not on this machine."""

    def __init__(self, url: str) -> None:
        self._id = _server_id(_port(url))

    def by_pid(self) -> dict[int, str]:
        """The pids that there are now, each with its part.

        Postgres's own children hide their environment, so whatever descends from a marked process counts as well.
        """
        found: dict[int, str] = {}
        for process in psutil.process_iter():
            if process.pid in found or _mark(process) != self._id:
                continue
            for one in (process, *_children(process)):
                command = _command(one)
                if command and one.pid != os.getpid():
                    found[one.pid] = part_of(command)
        return found

    def memory(self) -> dict[str, int]:
        """Proportional set size of each part in bytes."""
        total = dict.fromkeys(PARTS, 0)
        for pid, part in self.by_pid().items():
            total[part] += _pss(pid)
        return total

    def footprints(self) -> dict[int, Footprint]:
        """What each process holds."""
        found = {}
        for pid, part in self.by_pid().items():
            sizes = _rollup(pid)
            if sizes:  # else it is gone meanwhile
                name = name_of(_command_of(pid))
                found[pid] = Footprint(part, name, sizes["Pss_Anon"], sizes["Pss_Shmem"])
        return found

    def room_actors(self) -> list[int]:
        """The pids of the live room actors, those that stand ready without a room among them; cheaper than `by_pid`."""
        return [
            process.pid
            for process in psutil.process_iter()
            if part_of(_command(process)) == "rooms" and _mark(process) == self._id
        ]

    def setting(self, name: str, default: str) -> str:
        """A setting of the server, named as in its environment. All of its processes have it there."""
        for process in psutil.process_iter():
            if _mark(process) == self._id:
                return process.environ().get(name, default)
        raise NotHereError("The server's processes are gone.")

    def kill(self, pid: int) -> None:
        """Kill a process of this server, as hard as can be. Raises NotHereError when it is none."""
        if pid not in self.by_pid():
            raise NotHereError(f"Process {pid} is not one of this server's on this machine.")
        os.kill(pid, signal.SIGKILL)


class CpuMeter:
    """What the processes that exist when it is made spend from then on; reading it takes microseconds."""

    def __init__(self, processes: ServerProcesses) -> None:
        self._parts = processes.by_pid()
        self._start: dict[int, float] = {}

    def start(self) -> None:
        """Count from now on."""
        self._start = self._read()

    def spent(self) -> dict[str, float]:
        """CPU seconds, user and system, of each part since the start."""
        total = dict.fromkeys(PARTS, 0.0)
        for pid, seconds in self._read().items():
            total[self._parts[pid]] += seconds - self._start.get(pid, seconds)
        return total

    def _read(self) -> dict[int, float]:
        found = {}
        for pid in self._parts:
            try:
                found[pid] = cpu_seconds(pid)
            except OSError:  # gone meanwhile
                continue
        return found


def cpu_seconds(pid: int) -> float:
    """CPU time of a process, all its threads, to the nanosecond.

    Linux numbers each process's CPU clock `(~pid << 3) | 2` (clock_getcpuclockid); /proc/PID/stat has 10 ms steps.
    """
    return time.clock_gettime((~pid << 3) | 2)


def busy_seconds() -> float:
    """CPU seconds that the whole machine has spent on work."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)


def _server_id(port: int) -> str:
    listening = {
        connection.pid
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and tuple(connection.laddr)[1:] == (port,) and connection.pid
    }
    for pid in listening:
        try:
            mark = _mark(psutil.Process(pid))
        except psutil.Error:
            continue
        if mark is not None:
            return mark
    raise NotHereError(f"No process of a Rayrooms server that this user may look at listens on port {port} here.")


def _mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(_MARK)
    except (psutil.Error, OSError):  # gone meanwhile, or somebody else's
        return None


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def name_of(command: str) -> str:
    """What a process runs, in a word: a title, a script or a program."""
    first, *others = command.split(" ") or [""]
    if first.startswith("ray::"):
        return first.removeprefix("ray::").split(":")[0].split(".")[0]
    if first == "postgres:":
        return " ".join(others[:2])
    script = next((one for one in others if one.endswith(".py")), None)
    module = others[others.index("-m") + 1] if "-m" in others[:-1] else None
    return module or Path(script or first).name


def _command_of(pid: int) -> str:
    try:
        return _command(psutil.Process(pid))
    except psutil.Error:
        return ""


def _pss(pid: int) -> int:
    return _rollup(pid).get("Pss", 0)


def _rollup(pid: int) -> dict[str, int]:
    """The sums that Linux keeps of a process's memory, in bytes; empty when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return {}
    return {name: 1024 * int(size.split()[0]) for name, size in (line.split(":") for line in lines)}
