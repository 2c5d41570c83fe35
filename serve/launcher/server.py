"""One run of a server from start to end: each step that is taken on the way up is undone on the way down."""

from __future__ import annotations

import logging
import os
import resource
import signal
import sys
import threading
import time
import uuid
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, redirect_stderr
from importlib import import_module
from io import StringIO
from typing import TYPE_CHECKING, Final

from persistence.settings import get_settings
from rayrooms.errors import UnavailableError
from serve.launcher import processes
from serve.launcher.database import DatabaseServer
from serve.launcher.directories import DataDirectory, make_runtime_directory, remove_runtime_directory, runtime_path
from serve.launcher.environment import identity_environment, tuning_environment
from serve.launcher.errors import LaunchError, StopRequested
from serve.launcher.health import base_url, wait_until_well
from serve.launcher.options import PREFIX, ROOT, SERVER_ID
from serve.launcher.ports import check_listen, reserve_block

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path
    from types import FrameType

    from persistence.settings import Settings

_log = logging.getLogger(__name__)

_START_TIMEOUT: Final = 120.0
_RELEASE_TIMEOUT: Final = 60.0
_STEP_TIMEOUT: Final = 30.0
_GRACE: Final = 5.0
_SWEEPS: Final = 4
_WATCH_INTERVAL: Final = 0.5
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Launcher:
    """Starts a server, waits for a signal, stops it. Use once, in the main thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._server_id = str(uuid.uuid4())
        self._began = time.monotonic()
        self._listening = False

    def run(self) -> int:
        """Run until told to stop. Returns the exit status: 0 after an orderly stop, 1 when it could not run."""
        _configure_logging(self._settings.log_level)
        try:
            with ExitStack() as undo:
                try:
                    self._listening = True
                    self._catch_signals()
                    database = self._start(undo)
                    self._announce()
                    self._watch(database)
                finally:
                    self._listening = False  # from here on a signal must not cut the stopping short
        except (StopRequested, SystemExit):  # Ray's own handler, in place for a moment, exits
            _say("stopped")
        except (LaunchError, UnavailableError) as error:
            sys.stderr.write(f"rayrooms: {error}\n")
            return 1
        return 0

    # ------------------------------------------------------------------ up

    def _start(self, undo: ExitStack) -> DatabaseServer:
        settings = self._settings
        data = DataDirectory(settings.data_dir)
        undo.callback(data.release)
        self._end_leftovers(data)
        check_listen(settings.host, settings.port)
        runtime_dir = runtime_path(data.digest)
        block, reservation = reserve_block(zlib.crc32(data.digest.encode()))
        undo.callback(reservation.close)
        make_runtime_directory(runtime_dir)
        undo.callback(remove_runtime_directory, runtime_dir)

        database = DatabaseServer(settings.database_url, data.path)
        self._set_environment(
            identity_environment(runtime_dir, block),
            tuning_environment(runtime_dir, cpus=os.cpu_count() or 1, max_files=_raise_file_limit()),
            runtime_dir=str(runtime_dir),
            database_url=database.url,
            jwt_secret=settings.jwt_secret or data.jwt_secret(),
        )
        data.remember(self._server_id)
        undo.callback(data.forget)
        undo.callback(self._end_everything)

        workers = undo.enter_context(ThreadPoolExecutor(max_workers=2, thread_name_prefix="start"))
        undo.callback(database.stop)
        ready = workers.submit(database.start)
        if settings.database_url:
            ready.result()  # a wrong URL is told at once, before anything else is started
        self._start_cluster(undo, workers, ready, runtime_dir)
        return database

    def _start_cluster(
        self, undo: ExitStack, workers: ThreadPoolExecutor, database_ready: Future[None], runtime_dir: Path
    ) -> None:
        from serve.launcher import cluster  # noqa: PLC0415 - Ray reads its environment when it is imported

        settings = get_settings()
        self._mark("Ray imported")
        imports = workers.submit(import_module, "serve.launcher.deployment")
        # Ray prints to sys.stderr that its actors are being killed, which on the way down is the very intention.
        quiet = redirect_stderr(StringIO())
        undo.callback(quiet.__exit__, None, None, None)
        undo.callback(_bounded, "leaving Ray", cluster.leave)
        if settings.ray_address:
            cluster.join(settings, _inherited_environment())
            undo.callback(_bounded, "removing the actors", cluster.remove_actors, settings.namespace)
        else:
            cluster.start_local(settings, runtime_dir)
        self._catch_signals()  # Ray has put its own handlers in place
        self._mark("Ray started")
        imports.result()
        from serve.launcher import deployment  # noqa: PLC0415 - as above

        application = deployment.load_application()
        database_ready.result()
        self._mark("database ready, application imported")
        undo.callback(_bounded, "stopping Serve", deployment.shut_down)
        undo.callback(
            _bounded,
            "releasing the rooms",
            cluster.release_rooms,
            settings.namespace,
            _RELEASE_TIMEOUT,
            within=_RELEASE_TIMEOUT + 5,
        )
        undo.callback(quiet.__enter__)
        deployment.deploy(settings, application)
        self._mark("Serve started")
        wait_until_well(settings.host, settings.port, failure=deployment.failure, timeout=_START_TIMEOUT)
        self._mark("well")

    def _set_environment(self, identity: dict[str, str], tuning: dict[str, str], **settings: str) -> None:
        """Complete the environment that every process of the server inherits."""
        for name, value in tuning.items():
            os.environ.setdefault(name, value)
        if self._settings.ray_address:
            # Whoever runs that cluster has chosen how one gets in.
            identity = {name: value for name, value in identity.items() if not name.startswith("RAY_AUTH_")}
        os.environ.update(identity)
        os.environ.update({PREFIX + name.upper(): value for name, value in settings.items()})
        os.environ[SERVER_ID] = self._server_id
        paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        if str(ROOT) not in paths:
            os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, paths)])
        # Ray adds the current directory and that of the program to the workers' import path.
        os.chdir(ROOT)
        sys.argv[0] = str(ROOT / "scripts" / "up")
        get_settings.cache_clear()

    def _announce(self) -> None:
        settings, url = self._settings, base_url(self._settings.host, self._settings.port)
        _say(f"ready at {url} after {time.monotonic() - self._began:.1f} s; data in {settings.data_dir}")
        if settings.guests_enabled:
            _say(f"""sign in as a guest: curl --json '{{"name": "Ada"}}' {url}/api/auth/guest""")
        _say(f"documentation at {url}/docs; Ctrl-C stops the server")

    def _watch(self, database: DatabaseServer) -> None:
        """Serve until a signal comes; a Postgres of ours that dies is started again."""
        while True:
            time.sleep(_WATCH_INTERVAL)
            database.revive()

    def _mark(self, step: str) -> None:
        _log.debug("%6.2f s  %s", time.monotonic() - self._began, step)

    # ------------------------------------------------------------------ down

    def _end_leftovers(self, data: DataDirectory) -> None:
        """End what a killed launcher of this data directory left behind, such as an HAProxy that keeps the port."""
        last = data.last_server_id()
        if last is None:
            return
        leftovers = processes.marked(last)
        if leftovers:
            _say(f"the last run on this data directory did not end in order; ending {len(leftovers)} of its processes")
            processes.end(leftovers, grace=_GRACE)
        data.forget()

    def _end_everything(self) -> None:
        """The last step down: whatever still runs by now is ended by its pid."""
        for _ in range(_SWEEPS):
            remaining = {*processes.marked(self._server_id), *processes.descendants()}
            if not remaining:
                return
            _log.debug("ending %s", ", ".join(f"{process.name()} ({process.pid})" for process in remaining))
            processes.end(remaining, grace=_GRACE)

    # ------------------------------------------------------------------ signals

    def _catch_signals(self) -> None:
        for number in _SIGNALS:
            if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # nohup: the server is to outlive its terminal
            signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if not self._listening:
            os.write(sys.stdout.fileno(), b"rayrooms: already stopping; rooms are being written down\n")
            return
        self._listening = False
        os.write(sys.stdout.fileno(), b"rayrooms: stopping ...\n")
        raise StopRequested


def _bounded(what: str, step: Callable[..., None], *arguments: object, within: float = _STEP_TIMEOUT) -> None:
    """Take one step down. One that fails or hangs is told and left behind: those after it still have to be taken."""
    failed: list[BaseException] = []

    def take() -> None:
        try:
            step(*arguments)
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    thread = threading.Thread(target=take, name=what, daemon=True)
    thread.start()
    thread.join(within)
    if thread.is_alive():
        _log.error("%s is not done after %.0f s", what, within)
    elif failed:
        _log.error("%s: %s", what, failed[0])


def _inherited_environment() -> dict[str, str]:
    """What processes on a joined cluster, which did not inherit this environment, have to be told of it."""
    prefixes = (PREFIX, "RAY_SERVE_", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if name.startswith(prefixes)}


def _raise_file_limit() -> int:
    """Let this server open as many files as the system grants it: each socket is one. Returns how many."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most if most != resource.RLIM_INFINITY else sys.maxsize


def _configure_logging(level: str) -> None:
    logging.basicConfig(level=logging.WARNING, format="rayrooms: %(message)s", stream=sys.stderr)
    for package in ("persistence", "serve"):
        logging.getLogger(package).setLevel(level)


def _say(text: str) -> None:
    sys.stdout.write(f"rayrooms: {text}\n")
    sys.stdout.flush()
