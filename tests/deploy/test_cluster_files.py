"""The declarative files of a Ray cluster: what Serve, Ray's cluster launcher and the nodes read."""

from __future__ import annotations

import json
import os
import re
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

from persistence.settings import Settings
from serve.launcher.environment import ingress_environment, tuning_environment
from tests.architecture.sources import ROOT

_SCHEMA = Path(ray.__file__).parent / "autoscaler" / "ray-schema.json"
_VARIANT = re.compile(r"^# ==== (\w+): .*?\n#\n(.*?)^#\n# ==== end of \1$", re.MULTILINE | re.DOTALL)
_CLOUDS = ("AWS", "GCP")


def _cluster() -> Any:
    return yaml.safe_load((ROOT / "ray_cluster.yaml").read_text())


def _variant(name: str) -> Any:
    """The cluster file as it is once somebody has taken the comment signs of that cloud away."""
    [block] = [found[2] for found in _VARIANT.finditer((ROOT / "ray_cluster.yaml").read_text()) if found[1] == name]
    lines = block.splitlines()
    assert all(line.startswith("# ") for line in lines)
    replaced = yaml.safe_load("\n".join(line[2:] for line in lines))
    return {**_cluster(), **replaced}


def test_serve_config_is_valid_and_names_the_application() -> None:
    """DEP-1: Serve accepts the config, and what it imports is the application that `scripts/up` starts."""
    config = ServeDeploySchema.model_validate(yaml.safe_load((ROOT / "serve_config.yaml").read_text()))
    [application] = config.applications
    module, _, name = application.import_path.partition(":")
    program = f"import {module} as m; print(type(m.{name}).__name__, m.{name}._bound_deployment.name)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["Application", "gateway"]
    assert [deployment.name for deployment in application.deployments] == ["gateway"]


def test_gateways_of_the_plain_config_know_where_they_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    """DEP-1: with the file as it is, gateways know that they are not on loopback, so guests are off."""
    config = ServeDeploySchema.model_validate(yaml.safe_load((ROOT / "serve_config.yaml").read_text()))
    for name, value in config.applications[0].runtime_env["env_vars"].items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert (settings.host, settings.port) == (config.http_options.host, config.http_options.port)
    assert not settings.guests_enabled


def test_cluster_file_matches_the_schema_that_ray_ships() -> None:
    """DEP-2: the cluster file is valid, by Ray's schema and by Ray's own check."""
    jsonschema.validate(_cluster(), json.loads(_SCHEMA.read_text()))
    validate_config(prepare_config(_cluster()))


@pytest.mark.parametrize("cloud", _CLOUDS)
def test_each_cloud_is_valid_too(cloud: str) -> None:
    """DEP-2: so is the file with what it says for a cloud, which keeps all its nodes."""
    config = _variant(cloud)
    assert config["provider"]["type"] == cloud.lower()
    assert config["provider"]["use_internal_ips"]
    jsonschema.validate(config, json.loads(_SCHEMA.read_text()))
    prepared = prepare_config(config)
    validate_config(prepared)
    worker = prepared["available_node_types"]["worker"]
    assert worker["min_workers"] == worker["max_workers"] == prepared["max_workers"]


def test_the_schema_would_refuse_a_mistake() -> None:
    """DEP-2: the schema is not so open that it takes anything."""
    for mistaken in ({**_cluster(), "workers": 3}, {**_variant("AWS"), "head_node_type": 3}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(mistaken, json.loads(_SCHEMA.read_text()))


@pytest.mark.parametrize(
    ("commands", "setting"),
    [("head_start_ray_commands", "RAY_enable_autoscaler_v2=0 "), ("worker_start_ray_commands", "")],
)
def test_nodes_start_through_the_script(commands: str, setting: str) -> None:
    """DEP-2, DEP-3: each node stops what runs, and starts as scripts/node does; the head with the first autoscaler."""
    stop, start = _cluster()[commands]
    assert stop.startswith("cd ~/rayrooms && scripts/node ray stop")
    assert start.startswith(f"cd ~/rayrooms && {setting}scripts/node ray start --")
    assert "RAY_SERVE" not in start


def test_a_node_gets_what_the_launcher_sets(short_path: Path) -> None:
    """DEP-3: an ingress and tuning like those of `scripts/up`, a directory of its own, and the operator's choices."""
    chosen = {"RAY_SERVE_HAPROXY_NBTHREAD": "3", "RAYROOMS_RUNTIME_DIR": str(short_path / "run")}
    kept = {name: os.environ[name] for name in ("PATH", "HOME")}
    show = [sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"]
    done = subprocess.run(
        [ROOT / "scripts" / "node", *show], env={**kept, **chosen}, capture_output=True, text=True, check=True
    )
    environment = json.loads(done.stdout)
    files = int(environment["RAY_SERVE_HAPROXY_MAXCONN"]) * 5 // 2 + 512
    tuning = tuning_environment(short_path / "run", cpus=os.cpu_count() or 1, max_files=files)
    expected = {**tuning, **ingress_environment(short_path / "run"), **chosen}
    del expected["RAY_SERVE_HAPROXY_MAXCONN"]
    assert environment.items() >= expected.items()
    assert environment["PYTHONPATH"].split(os.pathsep)[0] == str(ROOT)
    assert environment["PATH"].split(os.pathsep)[0] == str(ROOT / ".venv" / "bin")
    assert (short_path / "run").stat().st_mode & 0o777 == 0o700
