"""Finding and ending the processes of one run, by their own ids; never by name. What a process may open."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from serve.launcher.options import SERVER_ID

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def descendants() -> list[psutil.Process]:
    """All processes below this one, now. Some of them hide their environment, so this is asked before they orphan."""
    return [process for process in psutil.Process().children(recursive=True) if is_alive(process)]


def in_session() -> list[psutil.Process]:
    """The children of this process that are in its own session, now."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(ProcessLookupError):
            if os.getsid(child.pid) == os.getsid(0):
                found.append(child)
    return found


def marked(server_id: str) -> list[psutil.Process]:
    """All other processes that carry the run's mark in their environment."""
    return [process for process in psutil.process_iter() if process.pid != os.getpid() and _has(process, server_id)]


def end(processes: Iterable[psutil.Process], *, grace: float) -> Sequence[psutil.Process]:
    """Ask them to stop, and after `grace` seconds make them. Returns those that had to be made after that.

    Those that block the question, as all of Ray's do in a cluster of our own, are made to stop at once.
    """
    running = [process for process in processes if process.is_running()]
    for process in running:
        with contextlib.suppress(psutil.Error):
            if _blocks_sigterm(process):
                process.kill()
            else:
                process.terminate()
    _, stubborn = psutil.wait_procs(running, timeout=grace)
    for process in stubborn:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(stubborn, timeout=grace)
    return stubborn


def orphaned_ingress(config: Path) -> list[psutil.Process]:
    """HAProxys on that file whose Ray is gone. `ray stop` leaves them behind, and they keep the port."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if str(config) in process.cmdline() and "haproxy" in process.name() and not _belongs_to_ray(process):
                found.append(process)
    return found


def raise_file_limit() -> int:
    """Let this process, and what it starts, open as many files as the system grants. Returns how many."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most if most != resource.RLIM_INFINITY else sys.maxsize


def _belongs_to_ray(process: psutil.Process) -> bool:
    """Tell whether one of Ray's actors still is its parent; it would start another at once."""
    parent = process.parent()
    return parent is not None and parent.cmdline()[:1] != [] and parent.cmdline()[0].startswith("ray::")


def _has(process: psutil.Process, server_id: str) -> bool:
    try:
        return process.environ().get(SERVER_ID) == server_id
    except (psutil.Error, OSError):  # gone meanwhile, or somebody else's
        return False


def _blocks_sigterm(process: psutil.Process) -> bool:
    """Tell whether its first thread has SIGTERM blocked; proc_pid_status(5) gives the mask in hexadecimal digits."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:  # gone meanwhile, or not Linux
        return False
    mask = next((line.split()[1] for line in status.splitlines() if line.startswith("SigBlk:")), "0")
    return bool(int(mask, 16) & 1 << (signal.SIGTERM - 1))


def is_alive(process: psutil.Process) -> bool:
    """Tell whether it still runs; one that has ended and only waits to be collected does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
