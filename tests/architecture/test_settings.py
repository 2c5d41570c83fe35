"""Settings are documented where people look for them, and the lock holds what is installed."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pydantic_settings import BaseSettings

from persistence.settings import Settings
from serve.launcher.options import PREFIX
from tests.architecture.sources import ROOT, modules

if TYPE_CHECKING:
    import pytest

_LINE = re.compile(rf"^# {PREFIX}(\w+)=(.*)$", re.MULTILINE)


def _documented() -> dict[str, str]:
    return {name.lower(): value for name, value in _LINE.findall((ROOT / ".env.example").read_text())}


def test_example_names_every_setting_and_nothing_else() -> None:
    """CFG-1: `.env.example` names every setting once, and no other."""
    names = [name.lower() for name, _ in _LINE.findall((ROOT / ".env.example").read_text())]
    assert sorted(names) == sorted(Settings.model_fields)


def test_example_shows_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """CFG-2: the values in `.env.example` are the defaults."""
    plain = Settings.model_construct()
    for name, value in _documented().items():
        monkeypatch.setenv(PREFIX + name.upper(), value)
    assert Settings().model_dump() == plain.model_dump()


def test_every_setting_is_explained() -> None:
    """CFG-3: a comment of its own stands above every setting in `.env.example`."""
    previous = ""
    for line in (ROOT / ".env.example").read_text().splitlines():
        if _LINE.match(line):
            assert previous.startswith("# "), line
            assert not _LINE.match(previous), line
        previous = line


def test_settings_have_one_place() -> None:
    """CFG-4: there is one class of settings, and nothing but it and the launcher reads our environment variables."""
    assert [kind.__name__ for kind in BaseSettings.__subclasses__() if kind.__module__.startswith("persistence")] == [
        "Settings"
    ]
    readers = [
        str(module.path)
        for module in modules()
        if module.package in {"persistence", "actors", "serve"}
        and not module.path.is_relative_to("serve/launcher")
        and re.search(r"os\.(environ|getenv)", module.text)
    ]
    assert readers == []


def test_lock_covers_what_the_project_asks_for() -> None:
    """CFG-5: every dependency and its group is in requirements.lock, by hash and without a registry's address."""
    lock = (ROOT / "requirements.lock").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [
        *project["project"]["dependencies"],
        *(one for group in project["dependency-groups"].values() for one in group),
    ]
    pins = [line for line in lock.splitlines() if re.match(r"^[a-z0-9]", line)]
    locked = {pin.name: str(pin.specifier) for pin in (Requirement(line.removesuffix("\\").strip()) for line in pins)}
    for text in wanted:
        requirement = Requirement(text)
        version = locked[canonicalize_name(requirement.name)].removeprefix("==")
        assert requirement.specifier.contains(version), text
    assert all(line.endswith("\\") for line in pins)
    assert "--hash=sha256:" in lock
    assert "://" not in lock


def test_environment_is_the_locked_one() -> None:
    """CFG-6: what is installed is what the lock says for this machine."""
    pins = re.findall(r"^([a-z0-9][^\n]*?) \\$", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    here = [pin for pin in map(Requirement, pins) if pin.marker is None or pin.marker.evaluate()]
    assert len(here) > 50
    assert [str(pin) for pin in here if not pin.specifier.contains(metadata.version(pin.name))] == []
