"""The Ray cluster of this server: started for it alone, or one that already runs and is joined.

Import it only once the environment is complete: Ray reads its own at import time.
"""

from __future__ import annotations

import logging
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import ray
from ray._private import parameter
from ray.exceptions import RayError
from ray.util import list_named_actors

from actors.directory.actor import DIRECTORY
from serve.launcher import processes
from serve.launcher.errors import LaunchError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    import psutil

    from persistence.settings import Settings

_LOGICAL_CPUS: Final = 256
"""Rooms and gateways share cores and are not placed by them; this only keeps Ray from ever waiting for one."""

_OBJECT_STORE_BYTES: Final = 96 * 1024 * 1024
"""The data path goes around the object store. Ray's least is 75 MiB."""


def start_local(settings: Settings, runtime_dir: Path) -> None:
    """Start a cluster of one node whose files are in `runtime_dir` and which ends with this process.

    Must run in the main thread: the kernel ends Ray's processes with the thread that started them.
    """
    try:
        with _stop_signals_blocked(), _without_monitors():
            ray.init(
                address="local",
                num_cpus=_LOGICAL_CPUS,
                object_store_memory=_OBJECT_STORE_BYTES,
                include_dashboard=False,
                namespace=settings.namespace,
                log_to_driver=False,
                logging_level=logging.ERROR,
                _temp_dir=str(runtime_dir / "ray"),
            )
    except Exception as error:  # a node that is slow to come up, on a busy machine, is a bare Exception to Ray
        raise LaunchError(f"Ray could not be started: {sentence(error)}") from error


@contextmanager
def _stop_signals_blocked() -> Iterator[None]:
    """Start processes that leave SIGTERM and SIGHUP to the launcher, as all of Ray's do with SIGINT of its own accord.

    What asks a server to stop often signals its whole process group (`timeout`, a terminal) or control group (systemd);
    rooms are to be written down through a cluster that still runs. The mask outlives fork and exec, so Ray's workers
    have it as well; HAProxy clears its own.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _WithoutMonitors(parameter.RayParams):
    """No autoscaler, since one node is not scaled, and nothing that follows all logs, since nobody asks for it."""

    def __init__(self, **params: Any) -> None:  # noqa: ANN401 - Ray's own
        super().__init__(**params, no_monitor=True)
        self.include_log_monitor = ""


@contextmanager
def _without_monitors() -> Iterator[None]:
    """Have `ray.init`, which has no option for it, start a node so."""
    known = parameter.RayParams
    parameter.RayParams = _WithoutMonitors  # type: ignore[misc, assignment]
    try:
        yield
    finally:
        parameter.RayParams = known  # type: ignore[misc]


def join(settings: Settings, environment: Mapping[str, str]) -> None:
    """Join the cluster at `settings.ray_address`; `environment` reaches the actors that this server starts there."""
    try:
        ray.init(
            address=settings.ray_address,
            namespace=settings.namespace,
            log_to_driver=False,
            logging_level=logging.ERROR,
            runtime_env={"env_vars": dict(environment)},
        )
    except (RayError, RuntimeError, OSError, ValueError) as error:
        message = f"The Ray cluster at {settings.ray_address} cannot be joined: {sentence(error)}"
        raise LaunchError(message) from error


def release_rooms(namespace: str, timeout: float) -> None:
    """Let the directory write down and release every room. Raises LaunchError when it does not manage in time."""
    try:
        directory = ray.get_actor(DIRECTORY, namespace=namespace)
    except ValueError:  # the start did not get that far
        return
    try:
        ray.get(directory.release_all.remote(), timeout=timeout)
    except (RayError, TimeoutError) as error:
        raise LaunchError(f"Not every room was released: {sentence(error)}") from error


def remove_actors(namespace: str) -> None:
    """End the named actors that this server has left in a cluster which goes on without it."""
    for named in list_named_actors(all_namespaces=True):
        if named["namespace"] == namespace:
            with suppress(ValueError):
                ray.kill(ray.get_actor(named["name"], namespace=namespace))


def leave(helpers: Iterable[psutil.Process]) -> None:
    """End a cluster of our own, or leave a joined one.

    `helpers` are those processes of our own cluster that leaving it needs no more (monitors, logs). They go first: Ray
    would give each of them, one after the other, a second for a SIGTERM that they do not take.
    """
    processes.end(helpers, grace=1)
    ray.shutdown()


def sentence(error: BaseException) -> str:
    """The one line that tells what went wrong, without the remote stack that Ray wraps around it."""
    cause = getattr(error, "cause", None) or error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()] or [type(cause).__name__]
    return next((line for line in lines if line.startswith("[ALERT]")), lines[0])
