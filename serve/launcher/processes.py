"""Finding and ending the processes of one run, by their own ids; never by name."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import psutil

from serve.launcher.options import SERVER_ID

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def descendants() -> list[psutil.Process]:
    """All processes below this one, now. Some of them hide their environment, so this is asked before they orphan."""
    return [process for process in psutil.Process().children(recursive=True) if is_alive(process)]


def marked(server_id: str) -> list[psutil.Process]:
    """All other processes that carry the run's mark in their environment."""
    return [process for process in psutil.process_iter() if process.pid != os.getpid() and _has(process, server_id)]


def end(processes: Iterable[psutil.Process], *, grace: float) -> Sequence[psutil.Process]:
    """Ask them to stop, and after `grace` seconds make them. Returns those that had to be made."""
    running = [process for process in processes if process.is_running()]
    for process in running:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, stubborn = psutil.wait_procs(running, timeout=grace)
    for process in stubborn:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(stubborn, timeout=grace)
    return stubborn


def _has(process: psutil.Process, server_id: str) -> bool:
    try:
        return process.environ().get(SERVER_ID) == server_id
    except (psutil.Error, OSError):  # gone meanwhile, or somebody else's
        return False


def is_alive(process: psutil.Process) -> bool:
    """Tell whether it still runs; one that has ended and only waits to be collected does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
