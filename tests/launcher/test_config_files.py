"""The declarative files: what Serve and Ray's cluster launcher read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import ray
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config
from ray.serve.schema import ServeDeploySchema

from serve.launcher.environment import identity_environment, tuning_environment
from serve.launcher.ports import PortBlock
from tests.architecture.sources import ROOT

_SCHEMA = Path(ray.__file__).parent / "autoscaler" / "ray-schema.json"


def _cluster() -> Any:
    return yaml.safe_load((ROOT / "ray_cluster.yaml").read_text())


def test_serve_config_is_valid_and_names_the_application() -> None:
    """DEP-1: Serve accepts the config, and what it imports is the application that `scripts/up` starts."""
    config = ServeDeploySchema.model_validate(yaml.safe_load((ROOT / "serve_config.yaml").read_text()))
    [application] = config.applications
    module, _, name = application.import_path.partition(":")
    program = f"import {module} as m; print(type(m.{name}).__name__, m.{name}._bound_deployment.name)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["Application", "gateway"]
    assert [deployment.name for deployment in application.deployments] == ["gateway"]


def test_cluster_file_matches_the_schema_that_ray_ships() -> None:
    """DEP-2: the cluster file is valid, by Ray's schema and by Ray's own check."""
    jsonschema.validate(_cluster(), json.loads(_SCHEMA.read_text()))
    validate_config(prepare_config(_cluster()))


def test_the_schema_would_refuse_a_mistake() -> None:
    """DEP-2: the schema is not so open that it takes anything."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**_cluster(), "workers": 3}, json.loads(_SCHEMA.read_text()))


@pytest.mark.parametrize("commands", ["head_start_ray_commands", "worker_start_ray_commands"])
def test_every_node_gets_what_the_launcher_sets(commands: str) -> None:
    """DEP-3: each node starts Ray with the ingress that `scripts/up` chooses, and clears away an old HAProxy first."""
    *_, cleanup, start = _cluster()[commands]
    identity = identity_environment(Path("/run/x"), PortBlock(11_000))
    tuning = tuning_environment(Path("/run/x"), cpus=2, max_files=100_000)
    set_by_launcher = {**identity, **tuning}
    for name in ("ENABLE_HA_PROXY", "RUN_USER_CODE_IN_SEPARATE_THREAD", "HAPROXY_HARD_STOP_AFTER_S"):
        assert f" RAY_SERVE_{name}={set_by_launcher['RAY_SERVE_' + name]} " in start
    assert "RAYROOMS_RUNTIME_DIR=" in start
    assert "RAYROOMS_NODE_IP=" in start
    assert "[h]aproxy" in cleanup
