"""The Serve application on the cluster: brought up, watched, taken down.

Like `cluster`, to be imported only once the environment is complete.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from ray import serve
from ray.exceptions import RayError
from ray.serve.config import HTTPOptions
from ray.serve.exceptions import RayServeException
from ray.serve.schema import ApplicationStatus, LoggingConfig

from serve.launcher.cluster import sentence
from serve.launcher.errors import LaunchError

if TYPE_CHECKING:
    from ray.serve import Application

    from persistence.settings import Settings

_log = logging.getLogger(__name__)

APPLICATION: Final = "rayrooms"
"""Its name in Serve, as in serve_config.yaml."""

_HOPELESS: Final = {ApplicationStatus.DEPLOY_FAILED, ApplicationStatus.UNHEALTHY}


def deploy(settings: Settings, application: Application) -> None:
    """Start Serve with its ingress on the chosen address and hand it the application, without waiting for that to run.

    Raises LaunchError when Serve or its ingress does not start.
    """
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    # Told to Serve as a whole it reaches everything but the replicas.
    quiet = LoggingConfig(log_level="WARNING", enable_access_log=False)
    target = serve.RunTarget(application, name=APPLICATION, route_prefix="/", logging_config=quiet)
    try:
        serve.start(
            http_options=HTTPOptions(host=settings.host, port=settings.port),
            logging_config=quiet,
        )
        serve.run_many([target], wait_for_ingress_deployment_creation=False, wait_for_applications_running=False)
    except (RayError, RayServeException, TimeoutError, RuntimeError) as error:
        _log.debug("Serve", exc_info=True)
        raise LaunchError(f"Serve could not be started: {sentence(error)}") from error


def failure() -> str | None:
    """Why the application will not come up; None while it may."""
    overview = serve.status().applications.get(APPLICATION)
    if overview is None or overview.status not in _HOPELESS:
        return None
    reasons = [overview.message, *(deployment.message for deployment in overview.deployments.values())]
    return "\n".join(dict.fromkeys(reason.strip() for reason in reasons if reason)) or overview.status.value


def shut_down() -> None:
    """Stop the application, its ingress and Serve itself."""
    serve.shutdown()  # type: ignore[no-untyped-call]  # Ray leaves it without annotations
