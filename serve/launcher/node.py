"""Starts Ray on one node of a cluster, with the environment that every part of the server wants there.

`scripts/node --head --port=6379` on the first machine, `scripts/node --address=HEAD:6379` on the others: all arguments
go to `ray start`. The application comes with `scripts/deploy` afterwards.
"""

from __future__ import annotations

import logging
import os
import resource
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from serve.launcher.environment import cluster_environment, cluster_login, ingress_environment, tuning_environment
from serve.launcher.options import PREFIX, ROOT, read_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from persistence.settings import Settings

_RUNTIME_DIR: Final = PREFIX + "RUNTIME_DIR"
_LONGEST_BASE: Final = 28
"""Bytes: Serve puts a node's id of 56 below it, and HAProxy takes 97 for a socket's path."""
_OWN_LOGIN: Final = {"RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"}
_GRACE: Final = 5.0


def node_environment(settings: Settings, runtime_dir: Path, *, max_files: int) -> dict[str, str]:
    """What goes into this node's environment where it does not say otherwise itself."""
    defaults = tuning_environment(runtime_dir, cpus=os.cpu_count() or 1, max_files=max_files) | cluster_environment()
    if settings.jwt_secret and not os.environ.keys() & _OWN_LOGIN:
        defaults |= cluster_login(settings.jwt_secret)
    return defaults


def main(arguments: Sequence[str]) -> None:
    """Become `ray start`. Leaves the program with status 2 when a setting is wrong."""
    logging.basicConfig(format="rayrooms: %(message)s", stream=sys.stderr)
    settings = read_settings([])
    runtime_dir = Path(settings.runtime_dir or Path.home() / ".rayrooms")
    runtime_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    ingress = ingress_directory(runtime_dir)
    end_old_ingress(ingress)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    files = most if most != resource.RLIM_INFINITY else sys.maxsize
    for name, value in node_environment(settings, runtime_dir, max_files=files).items():
        os.environ.setdefault(name, value)
    os.environ.update(ingress_environment(ingress))
    os.environ[_RUNTIME_DIR] = str(runtime_dir)
    paths = [str(ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    os.chdir(ROOT)  # Ray adds the current directory to the workers' import path
    ray = str(Path(sys.executable).with_name("ray"))
    os.execv(ray, [ray, "start", "--disable-usage-stats", *arguments])  # noqa: S606 - no shell is wanted


def ingress_directory(runtime_dir: Path) -> Path:
    """Where HAProxy's files go: the runtime directory, or a shorter path where its sockets would be out of bounds.

    Raises PermissionError when somebody else has made that first.
    """
    if len(os.fsencode(runtime_dir)) <= _LONGEST_BASE:
        return runtime_dir
    short = Path(f"/tmp/rayrooms-{zlib.crc32(os.fsencode(runtime_dir)):08x}")  # noqa: S108 - checked below
    short.mkdir(mode=0o700, exist_ok=True)
    if short.is_symlink() or short.stat().st_uid != os.geteuid():
        raise PermissionError(f"{short} belongs to somebody else.")
    return short


def end_old_ingress(directory: Path) -> None:
    """End the HAProxy that an earlier run on this node has left, which keeps the port: `ray stop` does not."""
    left = []
    for process in psutil.process_iter():
        try:
            if process.name() == "haproxy" and any(part.startswith(f"{directory}/") for part in process.cmdline()):
                process.terminate()
                left.append(process)
        except psutil.Error:
            continue
    for process in psutil.wait_procs(left, timeout=_GRACE)[1]:
        process.kill()


if __name__ == "__main__":
    main(sys.argv[1:])
