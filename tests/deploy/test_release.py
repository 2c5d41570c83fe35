"""What scripts/deploy hands to Serve: the declarative config with settings and version, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml
from ray.serve.schema import ServeDeploySchema

from persistence.settings import Settings
from serve.launcher import release, rollout
from serve.launcher.errors import LaunchError
from tests.architecture.sources import ROOT
from tests.launcher.running import free_port

if TYPE_CHECKING:
    from pathlib import Path

_SECRETS = {
    "RAYROOMS_DATABASE_URL": "postgresql://me:secret-one@db/rooms",
    "RAYROOMS_JWT_SECRET": "secret-two" * 4,
    "RAYROOMS_JWT_PREVIOUS_SECRETS": '["secret-three"]',
    "RAYROOMS_JUPYTER_SECRET": "secret-four" * 4,
}


def _settings(monkeypatch: pytest.MonkeyPatch, **given: str) -> Settings:
    for name, value in {**_SECRETS, **given}.items():
        monkeypatch.setenv(name, value)
    return Settings()


def _config() -> ServeDeploySchema:
    return ServeDeploySchema.model_validate(yaml.safe_load((ROOT / "serve_config.yaml").read_text()))


def _complete(settings: Settings, version: str = "v1") -> ServeDeploySchema:
    return release.complete(_config(), settings, version)


def _environment(config: ServeDeploySchema) -> dict[str, str]:
    told: dict[str, str] = config.applications[0].runtime_env["env_vars"]
    return told


def test_gateways_get_the_settings_of_the_deploy(monkeypatch: pytest.MonkeyPatch) -> None:
    """DEP-7: every shared setting is told, whether it was set or not, and read back as it was."""
    origins = '["https://example.org"]'
    settings = _settings(
        monkeypatch, RAYROOMS_ALLOWED_ORIGINS=origins, RAYROOMS_LIMIT_EDITS="7", RAYROOMS_HOST="0.0.0.0"
    )
    told = _environment(_complete(settings))
    for name in told:
        monkeypatch.delenv(name, raising=False)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    read = Settings()
    own = {"gateways", "data_dir", "ray_address", "runtime_dir", "node_ip", "listen_ip"}
    assert read.model_dump(exclude=own) == settings.model_dump(exclude=own)
    assert read.allowed_origins == ["https://example.org"]


def test_secrets_stay_on_the_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """DEP-8: no secret, nor the database's URL, is in what Serve keeps; neither is what belongs to one node."""
    settings = _settings(monkeypatch, RAYROOMS_NODE_IP="192.0.2.9", RAYROOMS_RUNTIME_DIR="/run/mine")
    handed_over = json.dumps(_complete(settings).model_dump(mode="json", exclude_unset=True))
    for word in ("secret-one", "secret-two", "secret-three", "secret-four", "192.0.2.9", "/run/mine"):
        assert word not in handed_over


def test_the_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """DEP-7: of host, port and the number of gateways; what it does not say stays as the file has it."""
    plain = _complete(_settings(monkeypatch))
    assert (plain.http_options.host, plain.http_options.port) == ("0.0.0.0", 8000)
    assert plain.applications[0].deployments[0].num_replicas == 2
    assert _environment(plain)["RAYROOMS_HOST"] == "0.0.0.0"

    chosen = {"RAYROOMS_HOST": "127.0.0.1", "RAYROOMS_PORT": "8123", "RAYROOMS_GATEWAYS": "5"}
    config = _complete(_settings(monkeypatch, **chosen))
    assert (config.http_options.host, config.http_options.port) == ("127.0.0.1", 8123)
    assert config.applications[0].deployments[0].num_replicas == 5
    assert _environment(config)["RAYROOMS_PORT"] == "8123"


def test_another_number_of_gateways_changes_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """DEP-9: Serve replaces gateways whose environment is another one, so their number is not in it; the version is."""
    one = _complete(_settings(monkeypatch, RAYROOMS_GATEWAYS="1"))
    two = _complete(_settings(monkeypatch, RAYROOMS_GATEWAYS="2"))
    assert one != two
    assert _environment(one) == _environment(two)
    assert _environment(one) != _environment(_complete(_settings(monkeypatch), "v2"))


def test_the_version_is_that_of_code_pages_and_lock(tmp_path: Path) -> None:
    """DEP-9: the same files are the same version; another byte in what is served is another."""
    for place in ("rayrooms", "persistence", "actors", "serve", "docs"):
        (tmp_path / place).mkdir()
    (tmp_path / "actors" / "room.py").write_text("x = 1\n")
    first = release.release_of(tmp_path)
    assert release.release_of(tmp_path) == first
    (tmp_path / "docs" / "page.py").write_text("x = 1\n")
    assert release.release_of(tmp_path) == first
    seen = {first}
    for path in ("actors/room.py", "serve/static.stamp", "requirements.lock"):
        (tmp_path / path).write_text("x = 2\n")
        seen.add(release.release_of(tmp_path))
    assert len(seen) == 4


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("applications: [", "is not YAML"),
        ("applications: [{name: rayrooms}]", "is no Serve config"),
        (None, "cannot be read"),
    ],
)
def test_a_config_that_is_none_is_told(text: str | None, says: str, tmp_path: Path) -> None:
    """DEP-10: in one sentence that names the file."""
    path = tmp_path / "config.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(LaunchError, match=says) as raised:
        rollout.read_config(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_config_of_two_applications_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """DEP-10: settings are told to one application."""
    config = ServeDeploySchema.model_validate({"applications": []})
    with pytest.raises(LaunchError, match="one application"):
        release.complete(config, _settings(monkeypatch), "v1")


def test_what_is_missing_is_told_before_anything_is_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """DEP-10: without secret or database nothing is asked of the cluster; without a cluster nothing migrates."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    for name in _SECRETS:
        monkeypatch.delenv(name, raising=False)
    assert rollout.main(["--dashboard", nowhere]) == 1
    assert "RAYROOMS_DATABASE_URL and RAYROOMS_JWT_SECRET must be set" in capsys.readouterr().err
    _settings(monkeypatch)
    assert rollout.main(["--dashboard", nowhere]) == 1
    out, err = capsys.readouterr()
    assert f"Ray's dashboard does not answer at {nowhere}" in err
    assert err.count("\n") == 1
    assert out == ""


def test_where_each_node_has_its_gateway_none_is_started_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """DEP-21: Serve would wait for room for a new gateway for ever; without such a limit new ones come first."""
    settings = _settings(monkeypatch)
    assert _complete(settings).applications[0].deployments[0].max_surge_percent == 25
    config = _config()
    config.applications[0].deployments[0].max_replicas_per_node = 1
    handed_over = release.complete(config, settings, "v1").model_dump(mode="json", exclude_unset=True)
    assert handed_over["applications"][0]["deployments"][0]["max_surge_percent"] == 0
