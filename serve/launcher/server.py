"""One run of a server from start to end: each step that is taken on the way up is undone on the way down."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
import uuid
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from persistence.settings import get_settings
from persistence.telemetry import logs
from rayrooms.errors import UnavailableError
from serve.launcher import processes
from serve.launcher.database import DatabaseServer
from serve.launcher.directories import DataDirectory, make_runtime_directory, remove_runtime_directory, runtime_path
from serve.launcher.environment import identity_environment, tuning_environment
from serve.launcher.errors import LaunchError, StopRequested
from serve.launcher.health import base_url
from serve.launcher.options import PREFIX, ROOT, SERVER_ID
from serve.launcher.ports import check_listen, reserve_block

if TYPE_CHECKING:
    from types import FrameType

    from persistence.settings import Settings
    from serve.launcher.serving import Serving

_log = logging.getLogger(__name__)

_START_TIMEOUT: Final = 120.0
_GRACE: Final = 5.0
_SWEEPS: Final = 4
_POLL: Final = 0.5
_POLL_STARTING: Final = 0.02
_TEXT: Final = "rayrooms: %(message)s"


class Launcher:
    """Starts a server, waits for a signal, stops it. Use once, in the main thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._server_id = str(uuid.uuid4())
        self._began = time.monotonic()
        self._stopping = threading.Event()
        self._told_to_stop = False
        self._up = False
        self._code = 0
        self._voice = _Voice(settings)

    def run(self) -> int:
        """Run until told to stop. Returns the exit status: 0 after an orderly stop, 1 when it could not run.

        The server is run by a second thread, and signals, which reach the first, only ever set a flag: an exception out
        of a signal handler could come in the middle of an import and leave its lock held for ever. It has to be one
        thread for the whole run, since the kernel ends Ray's processes with the thread that started them.
        """
        self._catch_signals()
        server = threading.Thread(target=self._run, name="server")
        server.start()
        while server.is_alive():
            if not self._up:
                self._catch_signals()  # Ray puts handlers of its own in place while it starts
            server.join(_POLL if self._up else _POLL_STARTING)
        return self._code

    def _run(self) -> None:
        try:
            with ExitStack() as undo:
                database, serving = self._start(undo)
                self._up = True
                self._announce()
                self._watch(database, serving)
        except StopRequested:
            self._voice.say("stopped")
        except (LaunchError, UnavailableError) as error:
            if self._stopping.is_set():  # the signal has reached more than this process; what failed is due to that
                _log.debug("%s", error)
                self._voice.say("stopped")
                return
            self._voice.complain(str(error))
            self._code = 1
        except BaseException:
            self._code = 1
            raise

    # ------------------------------------------------------------------ up

    def _start(self, undo: ExitStack) -> tuple[DatabaseServer, Serving]:
        settings = self._settings
        data = DataDirectory(settings.data_dir)
        undo.callback(data.release)
        self._end_leftovers(data)
        check_listen(settings.host, settings.port)
        block, reservation = reserve_block(zlib.crc32(data.digest.encode()))
        undo.callback(reservation.close)
        runtime_dir = runtime_path(data.digest)
        make_runtime_directory(runtime_dir)
        undo.callback(remove_runtime_directory, runtime_dir)

        database = DatabaseServer(settings.database_url, data.path)
        self._set_environment(
            identity_environment(runtime_dir, block),
            tuning_environment(runtime_dir, cpus=os.cpu_count() or 1, max_files=processes.raise_file_limit()),
            runtime_dir=str(runtime_dir),
            node_ip=settings.node_ip or ("" if settings.ray_address else "127.0.0.1"),
            database_url=database.url,
            jwt_secret=settings.jwt_secret or data.jwt_secret(),
            jupyter_secret=settings.jupyter_secret or data.jupyter_secret(),
        )
        data.remember(self._server_id)
        undo.callback(data.forget)
        undo.callback(self._end_everything)

        background = undo.enter_context(ThreadPoolExecutor(max_workers=1, thread_name_prefix="database"))
        undo.callback(database.stop)
        started = background.submit(database.start)
        if settings.database_url:
            started.result()  # a wrong URL is told at once, before anything is started

        # Ray reads its environment when it is imported. Imports are over before the other thread needs any of its own.
        from serve.launcher.serving import Serving  # noqa: PLC0415

        self._mark("imported")
        migrated = background.submit(database.migrate)
        serving = Serving(undo, get_settings())
        serving.start_ray(runtime_dir)
        self._mark("Ray started")
        started.result()
        migrated.result()
        self._mark("database ready")
        serving.deploy()
        self._mark("Serve started")
        serving.wait_until_well(_START_TIMEOUT, self._checkpoint)
        self._mark("well")
        return database, serving

    def _set_environment(self, identity: dict[str, str], tuning: dict[str, str], **settings: str) -> None:
        """Complete the environment that every process of the server inherits."""
        for name, value in tuning.items():
            os.environ.setdefault(name, value)
        if self._settings.ray_address:
            # Whoever runs that cluster has chosen how one gets in; Ray itself only looks for a token when told to.
            identity = {name: value for name, value in identity.items() if not name.startswith("RAY_AUTH_")}
            token = os.environ.keys() & {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"}
            if token or (Path.home() / ".ray" / "auth_token").exists():
                os.environ.setdefault("RAY_AUTH_MODE", "token")
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
        took = time.monotonic() - self._began
        self._voice.say(f"ready: open {url}/ in a browser; started in {took:.1f} s, data in {settings.data_dir}")
        if settings.guests_enabled:
            body = """-H 'content-type: application/json' -d '{"name": "Ada"}'"""
            self._voice.say(f"sign in as a guest: curl {url}/api/auth/guest {body}")
        self._voice.say(f"documentation at {url}/docs; Ctrl-C stops the server")

    def _watch(self, database: DatabaseServer, serving: Serving) -> None:
        """Serve until a signal comes; a Postgres of ours that dies is started again."""
        while not self._stopping.wait(_POLL):
            serving.check()
            database.revive()
        raise StopRequested

    def _mark(self, step: str) -> None:
        _log.debug("%6.2f s  %s", time.monotonic() - self._began, step)
        self._checkpoint()

    def _checkpoint(self) -> None:
        if self._stopping.is_set():
            raise StopRequested

    # ------------------------------------------------------------------ down

    def _end_leftovers(self, data: DataDirectory) -> None:
        """End what a killed launcher of this data directory left behind, such as an HAProxy that keeps the port."""
        last = data.last_server_id()
        if last is None:
            return
        leftovers = processes.marked(last)
        if leftovers:
            self._voice.say(
                f"the last run on this data directory did not end in order; ending {len(leftovers)} of its processes"
            )
            processes.end(leftovers, grace=_GRACE)
        data.forget()

    def _end_everything(self) -> None:
        """The last step down: whatever still runs by now is ended by its pid."""
        for _ in range(_SWEEPS):
            remaining = {*processes.marked(self._server_id), *processes.descendants()}
            if not remaining:
                return
            _log.debug("ending %s", remaining)
            processes.end(remaining, grace=_GRACE)

    # ------------------------------------------------------------------ signals

    def _catch_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # nohup: the server is to outlive its terminal
            signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        again, self._told_to_stop = self._told_to_stop, True
        if not again:  # the next signal may come while this one sets the event, which holds a lock meanwhile
            self._stopping.set()
        self._voice.say("already stopping; rooms are being written down" if again else "stopping ...")


class _Voice:
    """Tells the operator on standard output; also from a signal handler, and whatever stands in for sys.stdout."""

    def __init__(self, settings: Settings) -> None:
        self._form = logs.formatter(settings.log_format, text=_TEXT)
        logs.configure(settings.log_format, settings.log_level, text=_TEXT)

    def say(self, text: str) -> None:
        logs.say(self._form, text)

    def complain(self, text: str) -> None:
        """Tell on standard error why there is no server."""
        logs.say(self._form, text, logging.ERROR, stream=2)
