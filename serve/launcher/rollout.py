"""`scripts/deploy`: brings this checkout's version and settings onto a cluster that runs, and waits until it is well.

It goes through the REST interface of Ray's dashboard on the head node, as `serve deploy` does.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml
from pydantic import ValidationError
from ray.dashboard.modules.serve.sdk import ServeSubmissionClient
from ray.serve.schema import ApplicationStatus, ServeDeploySchema, ServeInstanceDetails
from requests.exceptions import RequestException

from persistence.migrate import upgrade
from rayrooms.errors import UnavailableError
from serve.launcher import release
from serve.launcher.deployment import APPLICATION
from serve.launcher.errors import LaunchError
from serve.launcher.health import base_url, wait_until_well
from serve.launcher.options import PREFIX, ROOT, validated_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from persistence.settings import Settings

_DASHBOARD: Final = "http://127.0.0.1:8265"
_TIMEOUT: Final = 180.0
_POLL: Final = 0.25
_SETTLED: Final = 3.0
"""Seconds for which an application has to run: right after it was given another config it still says that it does."""

_NEEDED: Final = ("database_url", "jwt_secret")


class Cluster:
    """Ray Serve on a cluster, through its dashboard. Raises LaunchError with one sentence for all that goes wrong."""

    def __init__(self, address: str) -> None:
        self._address = address
        try:
            self._client = ServeSubmissionClient(address)
        except (RequestException, ConnectionError, RuntimeError, ValueError) as error:
            raise LaunchError(
                f"Ray's dashboard does not answer at {address} ({_last_line(error)}): it runs on the head node, unless "
                "Ray was started with --include-dashboard=false; RAY_DASHBOARD_ADDRESS names another."
            ) from error

    def deploy(self, config: ServeDeploySchema) -> None:
        """Hand over the config; returns before it has come to pass."""
        running = self._details().http_options
        wanted = config.http_options
        if running is not None and (running.host, running.port) != (wanted.host, wanted.port):
            raise LaunchError(
                f"Serve listens on {running.host}:{running.port} and cannot change to {wanted.host}:{wanted.port} "
                "while it runs: stop it with `scripts/node serve shutdown` first."
            )
        try:
            self._client.deploy_applications(config.model_dump(mode="json", exclude_unset=True))
        except (RequestException, RuntimeError) as error:
            raise LaunchError(f"Serve did not take the config: {_last_line(error)}") from error

    def failure(self) -> str | None:
        """Why the application will not come up; None while it may."""
        application = self._details().applications.get(APPLICATION)
        if application is None or application.status != ApplicationStatus.DEPLOY_FAILED:
            return None
        return _last_line(application.message)

    def wait_until_running(self, deadline: float) -> None:
        """Return once all of the application's gateways are those of the last config."""
        since: float | None = None
        while True:
            application = self._details().applications.get(APPLICATION)
            status = application.status if application is not None else ApplicationStatus.NOT_STARTED
            now = time.monotonic()
            if status == ApplicationStatus.DEPLOY_FAILED and application is not None:
                raise LaunchError(f"The server could not be deployed: {_last_line(application.message)}")
            since = (since or now) if status == ApplicationStatus.RUNNING else None
            if since is not None and now - since >= _SETTLED:
                return
            if now > deadline:
                raise LaunchError(f"The server is not deployed yet; Serve calls it {status.value}.")
            time.sleep(_POLL)

    def _details(self) -> ServeInstanceDetails:
        try:
            return ServeInstanceDetails.model_validate(self._client.get_serve_details())
        except (RequestException, RuntimeError) as error:
            raise LaunchError(f"Ray's dashboard at {self._address} fails: {_last_line(error)}") from error


def read_config(path: Path) -> ServeDeploySchema:
    """The declarative config in a file. Raises LaunchError."""
    try:
        return ServeDeploySchema.model_validate(yaml.safe_load(path.read_text()))
    except OSError as error:
        raise LaunchError(f"{path} cannot be read: {error.strerror}.") from error
    except yaml.YAMLError as error:
        raise LaunchError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise LaunchError(f"{path} is no Serve config: {place}: {problem['msg']}") from error


def deploy(settings: Settings, config: ServeDeploySchema, dashboard: str, timeout: float) -> str:
    """Migrate, deploy and wait. Returns the URL under which the server answers on this machine.

    Raises LaunchError or UnavailableError.
    """
    missing = [PREFIX + name.upper() for name in _NEEDED if not getattr(settings, name)]
    if missing:
        raise LaunchError(f"{' and '.join(missing)} must be set, in .env or the environment, alike on all nodes.")
    deadline = time.monotonic() + timeout
    cluster = Cluster(dashboard)
    version = release.release_of()
    wanted = release.complete(config, settings, version)
    _say("migrating the database")
    upgrade(settings.database_url)
    _say(f"deploying version {version}")
    cluster.deploy(wanted)
    cluster.wait_until_running(deadline)
    host, port = wanted.http_options.host, wanted.http_options.port
    wait_until_well(host, port, failure=cluster.failure, timeout=max(1.0, deadline - time.monotonic()))
    return base_url(host, port)


def main(arguments: Sequence[str]) -> int:
    """Leaves with 0 when all is well, 1 with one sentence when it is not, 2 for a wrong option or setting."""
    options = _parser().parse_args(arguments)
    settings = validated_settings()
    try:
        url = deploy(settings, read_config(options.config), options.dashboard, options.timeout)
    except (LaunchError, UnavailableError) as error:
        sys.stderr.write(f"rayrooms: {error}\n")
        return 1
    _say(f"well at {url}/")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/deploy",
        description="Deploy the server on a running Ray cluster, from its head node. Settings come from the "
        "environment and .env; deploying again brings changed ones, or another version, onto the cluster.",
    )
    dashboard: Any = os.environ.get("RAY_DASHBOARD_ADDRESS") or _DASHBOARD
    parser.add_argument("--config", type=Path, default=ROOT / "serve_config.yaml", metavar="FILE")
    parser.add_argument("--dashboard", default=dashboard, metavar="URL", help=f"Ray's dashboard (default {dashboard})")
    parser.add_argument(
        "--timeout", type=float, default=_TIMEOUT, metavar="SECONDS", help="to wait (default %(default)g)"
    )
    return parser


def _last_line(what: object) -> str:
    """The line that says what happened; a traceback stands before it."""
    lines = [line.strip() for line in str(what).splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else type(what).__name__


def _say(text: str) -> None:
    sys.stdout.write(f"rayrooms: {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
