"""The import law, and what the shared library must never pull in."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.architecture.sources import LAYERS, ROOT, Module, modules

MAY_IMPORT: dict[str, set[str]] = {
    "rayrooms": {"rayrooms"},
    "persistence": {"persistence", "rayrooms"},
    "actors": {"actors", "persistence", "rayrooms"},
    "serve": {"serve", "actors", "persistence", "rayrooms"},
    "loadtest": {"loadtest", "rayrooms"},
    "notebooks": {"notebooks", "rayrooms_jupyter", "rayrooms"},
}
OWN = {*LAYERS, "loadtest", "notebooks", "tests", "rayrooms_jupyter"}

SERVER_ONLY = ("ray", "fastapi", "starlette", "uvicorn", "sqlalchemy", "sqlmodel", "alembic", "psycopg", "pydantic")

PURE = ("actors/core", "rayrooms/text", "rayrooms/protocol", "rayrooms/errors.py")
IMPURE = {"ray", "socket", "asyncio", "threading", "random", "secrets", "time", "uuid", "os", "subprocess", "httpx"}


def _breaches(module: Module) -> list[str]:
    allowed = MAY_IMPORT.get(module.package, OWN)
    return [
        f"{module.path}:{line} imports {name}"
        for name, line in module.imported()
        if (top := name.split(".")[0]) in OWN and top not in allowed
    ]


def test_packages_import_only_downwards() -> None:
    """ARCH-1: rayrooms <- persistence <- actors <- serve; loadtest and notebooks import only rayrooms."""
    assert len(modules()) > 50
    assert [breach for module in modules() for breach in _breaches(module)] == []


def test_the_import_law_sees_breaches(monkeypatch: pytest.MonkeyPatch) -> None:
    """ARCH-1: the law is not blind: with one permission taken away, real imports are reported."""
    monkeypatch.setitem(MAY_IMPORT, "serve", {"serve"})
    assert any("imports persistence" in breach for module in modules() for breach in _breaches(module))


def test_shared_library_loads_no_server_package() -> None:
    """ARCH-2: importing all of `rayrooms` brings in no Ray, no web framework and no database."""
    program = (
        "import importlib, pkgutil, sys, rayrooms\n"
        "for found in pkgutil.walk_packages(rayrooms.__path__, 'rayrooms.'): importlib.import_module(found.name)\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "rayrooms" in done.stdout.split()
    assert set(done.stdout.split()).isdisjoint(SERVER_ONLY)


def test_a_room_process_loads_no_database() -> None:
    """ARCH-12: with its own actor, and the two that it looks up."""
    program = (
        "import sys, actors.room_actor, actors.directory.actor, persistence.actor\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "ray" in done.stdout.split()
    assert set(done.stdout.split()).isdisjoint({*SERVER_ONLY, "pydantic_settings", "numpy"} - {"ray"})


@pytest.mark.parametrize("place", PURE)
def test_logic_is_pure(place: str) -> None:
    """ARCH-3: modules with logic import no clock, socket, process, randomness or Ray; they are passed in."""
    logic = [module for module in modules() if module.path.is_relative_to(place)]
    assert logic
    impure = [
        f"{module.path}:{line} imports {name}"
        for module in logic
        for name, line in module.imported()
        if name.split(".")[0] in IMPURE
    ]
    assert impure == []
