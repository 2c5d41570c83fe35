"""Starts Ray on one node of a cluster, with the environment that every part of the server wants there.

`scripts/node --head --port=6379` on the first machine, `scripts/node --address=HEAD:6379` on the others: all arguments
go to `ray start`. The application comes with `scripts/deploy` afterwards.
"""

from __future__ import annotations

import logging
import os
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from serve.launcher.environment import cluster_environment, ingress_environment, tuning_environment
from serve.launcher.options import PREFIX, ROOT, read_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

_RUNTIME_DIR: Final = PREFIX + "RUNTIME_DIR"
_GRACE: Final = 5.0


def main(arguments: Sequence[str]) -> None:
    """Become `ray start`. Leaves the program with status 2 when a setting is wrong."""
    logging.basicConfig(format="rayrooms: %(message)s", stream=sys.stderr)
    settings = read_settings([])
    runtime_dir = Path(settings.runtime_dir or Path.home() / ".rayrooms")
    runtime_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    end_old_ingress(runtime_dir)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    files = most if most != resource.RLIM_INFINITY else sys.maxsize
    defaults = tuning_environment(runtime_dir, cpus=os.cpu_count() or 1, max_files=files) | cluster_environment()
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    os.environ.update(ingress_environment(runtime_dir))
    os.environ[_RUNTIME_DIR] = str(runtime_dir)
    paths = [str(ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    os.chdir(ROOT)  # Ray adds the current directory to the workers' import path
    ray = str(Path(sys.executable).with_name("ray"))
    os.execv(ray, [ray, "start", "--disable-usage-stats", *arguments])  # noqa: S606 - no shell is wanted


def end_old_ingress(runtime_dir: Path) -> None:
    """End the HAProxy that an earlier run on this node has left, which keeps the port: `ray stop` does not."""
    config = str(runtime_dir / "haproxy.cfg")
    left = []
    for process in psutil.process_iter():
        try:
            if process.name() == "haproxy" and config in process.cmdline():
                process.terminate()
                left.append(process)
        except psutil.Error:
            continue
    for process in psutil.wait_procs(left, timeout=_GRACE)[1]:
        process.kill()


if __name__ == "__main__":
    main(sys.argv[1:])
