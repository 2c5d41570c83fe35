"""A gateway for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .peer import Gateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    gateway = Gateway(tmp_path)
    yield gateway
    await gateway.close()
