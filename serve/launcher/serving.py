"""Ray, Serve and the application of one run, on the way up and on the way down.

Ray and Serve read their environment when they are imported, so this module, `cluster` and `deployment` are imported
only once it is complete.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from contextlib import redirect_stdout
from functools import partial
from io import TextIOBase
from typing import TYPE_CHECKING, Final

import psutil

from serve.gateway import app
from serve.launcher import cluster, deployment, processes
from serve.launcher.errors import LaunchError
from serve.launcher.health import wait_until_well
from serve.launcher.options import PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from pathlib import Path

    from persistence.settings import Settings

_log = logging.getLogger(__name__)

_CORE: Final = ("gcs_server", "raylet")
_RELEASE_TIMEOUT: Final = 60.0
_STEP_TIMEOUT: Final = 30.0
_POLL: Final = 0.1


class Serving:
    """Each step up leaves with `undo` what takes it down again."""

    def __init__(self, undo: ExitStack, settings: Settings) -> None:
        self._undo = undo
        self._settings = settings
        self._core: dict[str, psutil.Process] = {}

    def start_ray(self, runtime_dir: Path) -> None:
        """Start a cluster of our own, or join the one that the settings name. Raises LaunchError."""
        undo, settings = self._undo, self._settings
        undo.enter_context(redirect_stdout(_RayRemarks()))
        undo.callback(self._leave)
        if settings.ray_address:
            cluster.join(settings, _told_environment())
            undo.callback(self._take_down, "removing the actors", partial(cluster.remove_actors, settings.namespace))
        else:
            cluster.start_local(settings, runtime_dir)
            self._core = {child.name(): child for child in psutil.Process().children() if child.name() in _CORE}

    def deploy(self) -> None:
        """Start Serve with its ingress and hand it the application. Raises LaunchError."""
        release = partial(cluster.release_rooms, self._settings.namespace, _RELEASE_TIMEOUT)
        self._undo.callback(self._take_down, "stopping Serve", deployment.shut_down)
        self._undo.callback(self._take_down, "releasing the rooms", release, within=_RELEASE_TIMEOUT + _STEP_TIMEOUT)
        deployment.deploy(self._settings, app)

    def wait_until_well(self, timeout: float, checkpoint: Callable[[], None]) -> None:
        """Return once all parts are well; `checkpoint` is called every now and then and may raise.

        Raises LaunchError when the application cannot come up, or does not within `timeout` seconds.
        """

        def failure() -> str | None:
            checkpoint()
            return deployment.failure()

        wait_until_well(self._settings.host, self._settings.port, failure=failure, timeout=timeout)

    def check(self) -> None:
        """Raise LaunchError when a cluster of our own is gone: without its head nothing of it can be asked."""
        lost = self._lost()
        if lost is not None:
            raise LaunchError(f"Ray's {lost} has ended unasked, and the server with it; start it again.")

    def _lost(self) -> str | None:
        """What of the core of our own cluster is gone, the first of it; None while all of it runs."""
        return next((name for name, process in self._core.items() if not processes.is_alive(process)), None)

    def _take_down(self, what: str, step: Callable[[], None], *, within: float = _STEP_TIMEOUT) -> None:
        """Take one step down, unless it would wait for a cluster that is gone, or that goes meanwhile."""
        if self._lost() is None:
            _bounded(what, step, within=within, pointless=self._lost)

    def _leave(self) -> None:
        """End our own cluster in order, unless it is gone, or leave a joined one."""
        if self._lost() is None:
            # What else this process has started, such as Postgres, is in a session of its own.
            helpers = [child for child in processes.in_session() if child not in self._core.values()]
            _bounded("leaving Ray", partial(cluster.leave, helpers), within=_STEP_TIMEOUT)


class _RayRemarks(TextIOBase):
    """Ray prints what it notices in the cluster, such as actors that were killed, to sys.stdout; it goes to the log."""

    def write(self, text: str) -> int:
        if text.strip():
            _log.debug("%s", text.rstrip())
        return len(text)


def _bounded(
    what: str, step: Callable[[], None], *, within: float, pointless: Callable[[], str | None] = lambda: None
) -> None:
    """Take one step down. One that fails or hangs is told and left behind: those after it still have to be taken.

    So is one that waits for what is not there any more, which `pointless` then names.
    """
    failed: list[Exception] = []

    def take() -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)

    thread = threading.Thread(target=take, name=what, daemon=True)
    thread.start()
    deadline = time.monotonic() + within
    gone = None
    while thread.is_alive() and gone is None and time.monotonic() < deadline:
        thread.join(_POLL)
        gone = pointless()
    if thread.is_alive() and gone is not None:
        _log.error("%s: Ray's %s has ended meanwhile", what, gone)
    elif thread.is_alive():
        _log.error("%s is not done after %.0f s", what, within)
    elif failed:
        _log.error("%s: %s", what, cluster.sentence(failed[0]))


def _told_environment() -> dict[str, str]:
    """What processes on a joined cluster, which do not inherit this environment, have to be told of it."""
    prefixes = (PREFIX, "RAY_SERVE_", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if name.startswith(prefixes)}
