"""A room on its stage, for the tests of hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actors.directory import pool

from .hosting import Gateway, Stage, on_stage
from .rooms import ADA

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def refilled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A warm pool waits for nothing, unless a test says so."""
    monkeypatch.setattr(pool, "_QUIET", 0.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "feed.sock"


@pytest.fixture
async def stage(path: Path) -> AsyncIterator[Stage]:
    async with on_stage(path) as stage:
        yield stage


@pytest.fixture
async def gateway(stage: Stage) -> AsyncIterator[Gateway]:
    """A gateway with Ada in the room."""
    async with Gateway.linked(stage.address) as gateway:
        await gateway.attach(ADA, "ada")
        yield gateway
