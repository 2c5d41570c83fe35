"""The manifests for Kubernetes: valid by its own schemas, one with serve_config.yaml, and without loose ends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
import ray
import yaml
from ray.serve.schema import ServeDeploySchema

from persistence.settings import Settings
from serve.launcher.options import PREFIX
from tests.architecture.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

_DIRECTORY = ROOT / "deploy" / "kubernetes"
_VERSION = "1.32"
_OWN_KINDS = {"RayService", "Kustomization"}

# What KubeRay's CRD takes at these places (ray.io/v1, KubeRay 1.5): it refuses what it does not know.
_SERVICE = {"serveConfigV2", "rayClusterConfig", "upgradeStrategy", "serveService", "excludeHeadPodFromServeSvc"}
_CLUSTER = {
    *("rayVersion", "headGroupSpec", "workerGroupSpecs", "enableInTreeAutoscaling", "autoscalerOptions"),
    *("gcsFaultToleranceOptions", "authOptions", "headServiceAnnotations", "suspend", "managedBy"),
}
_GROUP = {"rayStartParams", "template", "headService", "serviceType", "enableIngress", "resources", "labels"}
_WORKERS = {"groupName", "replicas", "minReplicas", "maxReplicas", "numOfHosts", "idleTimeoutSeconds", "scaleStrategy"}


def _manifests() -> Iterator[tuple[str, Any]]:
    for path in sorted(_DIRECTORY.glob("*.yaml")):
        if path.name not in {"kustomizeconfig.yaml", "secret.yaml"}:
            for document in yaml.safe_load_all(path.read_text()):
                yield path.name, document


def _one(kind: str) -> Any:
    [found] = [document for _, document in _manifests() if document["kind"] == kind]
    return found


def _cluster() -> Any:
    return _one("RayService")["spec"]["rayClusterConfig"]


def _groups() -> dict[str, Any]:
    cluster = _cluster()
    return {"head": cluster["headGroupSpec"], **{group["groupName"]: group for group in cluster["workerGroupSpecs"]}}


def _templates() -> dict[str, Any]:
    sets = {one["metadata"]["name"]: one["spec"]["template"] for _, one in _manifests() if one["kind"] == "StatefulSet"}
    return {**sets, **{name: group["template"] for name, group in _groups().items()}}


def _referenced(node: Any, key: str) -> set[str]:
    """The values under `key` of all objects that a Secret is named in, anywhere below `node`."""
    if isinstance(node, dict):
        own = {node["secretKeyRef"][key]} if "secretKeyRef" in node else set()
        return own.union(*(_referenced(value, key) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(_referenced(value, key) for value in node))
    return set()


def test_every_manifest_is_valid() -> None:
    """DEP-16: by the schemas of Kubernetes; the pods of the Ray cluster too."""
    checked = [document for _, document in _manifests() if document["kind"] not in _OWN_KINDS]
    checked += [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": template["spec"]}
        for name, template in _templates().items()
    ]
    assert len(checked) > 10
    for document in checked:
        kubernetes_validate.validate(document, _VERSION, strict=True)


def test_the_schemas_would_refuse_a_mistake() -> None:
    """DEP-16: a misspelt field of a pod is one."""
    template = _templates()["head"]
    mistaken = {**template["spec"], "terminationGracePeriod": 3}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": mistaken}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(pod, _VERSION, strict=True)


def test_the_ray_service_says_only_what_kuberay_knows() -> None:
    """DEP-16: KubeRay's definition has no package to check by; its field names stand in this test."""
    spec = _one("RayService")["spec"]
    assert spec.keys() <= _SERVICE
    assert _cluster().keys() <= _CLUSTER
    assert _groups()["head"].keys() <= _GROUP
    for group in _cluster()["workerGroupSpecs"]:
        assert group.keys() <= _GROUP | _WORKERS
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
    assert _cluster()["rayVersion"] == ray.__version__


def test_the_application_is_that_of_serve_config() -> None:
    """DEP-17: what KubeRay hands to Serve is what `scripts/deploy` starts from."""
    embedded = yaml.safe_load(_one("RayService")["spec"]["serveConfigV2"])
    assert embedded == yaml.safe_load((ROOT / "serve_config.yaml").read_text())
    ServeDeploySchema.model_validate(embedded)


def test_there_is_never_a_second_cluster() -> None:
    """DEP-17: on one database rooms have one cluster, whose size is given: Ray's autoscaler sees no load in rooms."""
    assert _one("RayService")["spec"]["upgradeStrategy"] == {"type": "None"}
    assert _cluster()["enableInTreeAutoscaling"] is False
    for group in _cluster()["workerGroupSpecs"]:
        assert group["replicas"] == group["minReplicas"] == group["maxReplicas"]


@pytest.mark.parametrize("name", ["head", "workers"])
def test_a_node_of_the_cluster_is_watched_and_drained(name: str) -> None:
    """DEP-18: probes, a drain before the end with the time for it, the environment of a node, and no privileges."""
    template = _groups()[name]["template"]
    spec = template["spec"]
    [node] = spec["containers"]
    assert {"startupProbe", "livenessProbe", "readinessProbe"} <= node.keys()
    assert node["lifecycle"]["preStop"]["exec"]["command"] == ["scripts/rayrooms", "drain", "SELF"]
    assert spec["terminationGracePeriodSeconds"] >= 90
    assert "scripts/node" in node["command"][-1]
    assert node["command"][0] == "tini"
    assert {"RAYROOMS_NODE_IP", "RAYROOMS_DATABASE_URL", "RAYROOMS_JWT_SECRET"} <= {one["name"] for one in node["env"]}
    assert node["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["automountServiceAccountToken"] is False


def test_the_database_is_migrated_before_anything_serves() -> None:
    """DEP-18: by the head's first container, with the same settings."""
    spec = _groups()["head"]["template"]["spec"]
    [migrate] = spec["initContainers"]
    assert migrate["command"][-3:] == ["-P", "-m", "persistence.migrate"]
    assert migrate["env"] == spec["containers"][0]["env"]


def test_budgets_and_policies_meet_their_pods() -> None:
    """DEP-18: a budget for the head and one for the workers, each of some pods; so does every service's selector."""
    labels = [template["metadata"]["labels"] for template in _templates().values()]
    for _, document in _manifests():
        if document["kind"] == "PodDisruptionBudget":
            selector = document["spec"]["selector"]["matchLabels"]
        elif document["kind"] == "Service":
            selector = document["spec"]["selector"]
        else:
            continue
        assert any(selector.items() <= one.items() for one in labels), document["metadata"]["name"]
    budgets = [document for _, document in _manifests() if document["kind"] == "PodDisruptionBudget"]
    assert sorted(one["spec"]["maxUnavailable"] for one in budgets) == [0, 1]


def test_every_secret_has_a_place_in_the_template() -> None:
    """DEP-19: the template of the Secret has the keys that are used, and no value that works."""
    secret = _one("Secret")
    everything = [document for _, document in _manifests()]
    assert _referenced(everything, "name") == {secret["metadata"]["name"]}
    assert _cluster()["authOptions"] == {"mode": "token", "secretName": secret["metadata"]["name"]}
    assert _referenced(everything, "key") | {"auth_token"} == secret["stringData"].keys()
    filled = {key: value for key, value in secret["stringData"].items() if value}
    assert filled == {"database-url": "postgresql://rayrooms:PASSWORD@postgres:5432/rayrooms"}
    assert "/deploy/kubernetes/secret.yaml\n" in (ROOT / ".gitignore").read_text()


def test_settings_are_settings() -> None:
    """DEP-19: each name in settings.env is one, and none is secret."""
    names = re.findall(r"^(\w+)=", (_DIRECTORY / "settings.env").read_text(), re.MULTILINE)
    public = {PREFIX + name.upper() for name, field in Settings.model_fields.items() if field.repr}
    assert names
    assert set(names) <= public


def test_kustomize_is_told_of_every_file() -> None:
    """DEP-19: each manifest is a resource, and each image of the project's is where kustomize changes it."""
    kustomization = _one("Kustomization")
    others = {"kustomization.yaml", "kustomizeconfig.yaml", "secret.example.yaml", "secret.yaml"}
    files = {path.name for path in _DIRECTORY.glob("*.yaml")} - others
    assert set(kustomization["resources"]) == files | {"secret.yaml"}
    [own] = kustomization["images"]
    images = [
        container["image"]
        for group in _groups().values()
        for container in [
            *group["template"]["spec"]["containers"],
            *group["template"]["spec"].get("initContainers", []),
        ]
    ]
    assert set(images) == {own["name"]}
    paths = yaml.safe_load((_DIRECTORY / "kustomizeconfig.yaml").read_text())["images"]
    assert len(paths) == 3


def test_sockets_outlive_the_ingress() -> None:
    """DEP-19: its silence is longer than the server's pings are apart, and it leads to where KubeRay's service is."""
    ingress = _one("Ingress")
    annotations = ingress["metadata"]["annotations"]
    for way in ("read", "send"):
        assert int(annotations[f"nginx.ingress.kubernetes.io/proxy-{way}-timeout"]) > 2 * 25
    [rule] = ingress["spec"]["rules"]
    [path] = rule["http"]["paths"]
    name = _one("RayService")["metadata"]["name"]
    assert path["backend"]["service"] == {"name": f"{name}-serve-svc", "port": {"number": 8000}}
