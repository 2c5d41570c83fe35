"""`scripts/node COMMAND ...`: one node of a cluster; completes its environment, then becomes the command.

What the launcher sets for a server of its own, a cluster needs on every node before `ray start`: Ray and Serve read it
when they are imported, and every actor inherits it from its node. What the operator has set goes before all of it.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dotenv import dotenv_values

from serve.launcher import processes
from serve.launcher.directories import make_node_directory
from serve.launcher.environment import (
    cluster_environment,
    cluster_login,
    haproxy_config,
    ingress_environment,
    tuning_environment,
)
from serve.launcher.errors import LaunchError
from serve.launcher.options import PREFIX, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence

_RUNTIME_DIR: Final = PREFIX + "RUNTIME_DIR"
_SECRET: Final = PREFIX + "JWT_SECRET"
_LOGIN: Final = {"RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"}
_GRACE: Final = 5.0


def complete_environment(
    environment: MutableMapping[str, str], env_file: Mapping[str, str], *, cpus: int, max_files: int
) -> Path:
    """Add what a node needs and the operator has not set, in place. Returns the node's runtime directory."""
    for name, value in env_file.items():
        environment.setdefault(name, value)
    runtime_dir = Path(environment.get(_RUNTIME_DIR) or "~/.rayrooms").expanduser()
    environment[_RUNTIME_DIR] = str(runtime_dir)
    if environment.get("RAY_AUTH_TOKEN"):
        environment.setdefault("RAY_AUTH_MODE", "token")
    elif environment.get(_SECRET) and not environment.keys() & _LOGIN:
        environment.update(cluster_login(environment[_SECRET]))
    for name, value in {
        **ingress_environment(runtime_dir),
        **tuning_environment(runtime_dir, cpus=cpus, max_files=max_files),
        **cluster_environment(),
    }.items():
        environment.setdefault(name, value)
    _put_first(environment, "PYTHONPATH", str(ROOT))
    _put_first(environment, "PATH", str(Path(sys.executable).parent))
    return runtime_dir


def _put_first(environment: MutableMapping[str, str], name: str, path: str) -> None:
    paths = environment.get(name, "").split(os.pathsep)
    if path not in paths:
        environment[name] = os.pathsep.join([path, *filter(None, paths)])


def prepare(environment: MutableMapping[str, str]) -> Path:
    """Complete this process's environment and make the runtime directory, which is returned. Raises LaunchError."""
    env_file = {name: value or "" for name, value in dotenv_values(ROOT / ".env").items()}
    cpus, max_files = os.cpu_count() or 1, processes.raise_file_limit()
    runtime_dir = complete_environment(environment, env_file, cpus=cpus, max_files=max_files)
    make_node_directory(runtime_dir)
    return runtime_dir


def run(command: Sequence[str]) -> None:
    """Become `command`, in the environment of a node. Before `ray start` an HAProxy that lost its Ray is ended.

    Raises LaunchError.
    """
    runtime_dir = prepare(os.environ)
    if list(command[:2]) == ["ray", "start"]:
        processes.end(processes.orphaned_ingress(haproxy_config(runtime_dir)), grace=_GRACE)
    program = shutil.which(command[0])
    if program is None:
        raise LaunchError(f"There is no program {command[0]}.")
    os.chdir(ROOT)
    os.execv(program, [program, *command[1:]])  # noqa: S606 - the operator's own command


def main() -> None:
    """Run the command of the command line. Leaves with 2 without one, 1 when it cannot be run."""
    if len(sys.argv) < 2:
        sys.stderr.write("usage: scripts/node COMMAND [ARGUMENT ...], such as: scripts/node ray start --head\n")
        sys.exit(2)
    try:
        run(sys.argv[1:])
    except LaunchError as error:
        sys.exit(f"rayrooms: {error}")


if __name__ == "__main__":
    main()
