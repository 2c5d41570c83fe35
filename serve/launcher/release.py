"""What Serve is given: the declarative config, completed by the settings and the version of this checkout.

Serve compares what it is given with what runs. Another number of gateways starts or stops some; any other change, of a
setting or of the code, replaces the gateways one after the other; none changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from serve.launcher.errors import LaunchError
from serve.launcher.options import PREFIX, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from ray.serve.schema import DeploymentSchema, ServeDeploySchema

    from persistence.settings import Settings

RELEASE: Final = PREFIX + "RELEASE"
"""Tells gateways of one version from those of another; not a setting, but it shares the prefix."""

_OF_A_NODE: Final = {"data_dir", "ray_address", "runtime_dir", "node_ip", "listen_ip"}
_OF_SERVE: Final = {"gateways"}
_CODE: Final = ("rayrooms", "persistence", "actors", "serve")


def complete(config: ServeDeploySchema, settings: Settings, release: str) -> ServeDeploySchema:
    """The config with the settings in it. What the environment says of host, port and gateways goes before the file.

    Raises LaunchError when there is not exactly one application in it.
    """
    if len(config.applications) != 1:
        raise LaunchError("The Serve config has to name one application.")
    http = config.http_options.model_copy(update=_given(settings, "host", "port"))
    [application] = config.applications
    told = {**told_settings(settings), PREFIX + "HOST": http.host, PREFIX + "PORT": str(http.port), RELEASE: release}
    environment = {**application.runtime_env, "env_vars": {**application.runtime_env.get("env_vars", {}), **told}}
    deployments = [_completed(deployment, settings) for deployment in application.deployments]
    application = application.model_copy(update={"runtime_env": environment, "deployments": deployments})
    return config.model_copy(update={"http_options": http, "applications": [application]})


def _completed(deployment: DeploymentSchema, settings: Settings) -> DeploymentSchema:
    changes: dict[str, object] = {}
    if _given(settings, "gateways"):
        changes["num_replicas"] = settings.gateways
    if isinstance(deployment.max_replicas_per_node, int):
        # Where each node has its gateway there is no room for one more: Serve would wait for it for ever.
        changes["max_surge_percent"] = 0
    return deployment.model_copy(update=changes)


def told_settings(settings: Settings) -> dict[str, str]:
    """The settings that all gateways share, as environment variables.

    Secrets and the database's URL are not among them: Serve keeps what it is given and shows it to whoever may look at
    the cluster. They stand in the environment of each node, with what is the node's own.
    """
    shared = {
        name: getattr(settings, name)
        for name, field in type(settings).model_fields.items()
        if field.repr and name not in _OF_A_NODE | _OF_SERVE
    }
    return {PREFIX + name.upper(): _written(value) for name, value in shared.items()}


def release_of(root: Path = ROOT) -> str:
    """A short name for what this checkout's gateways would run: their code, the pages and the locked environment."""
    files = [root / "requirements.lock", root / "serve" / "static.stamp"]
    files += sorted(path for package in _CODE for path in (root / package).rglob("*.py"))
    digest = hashlib.sha256()
    for path in files:
        if path.exists():
            digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _given(settings: Settings, *names: str) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in names if name in settings.model_fields_set}


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
