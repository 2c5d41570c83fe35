"""What holds for all tests: no deadlines of hypothesis, and what may run beside what."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# Servers and browsers may keep the machine busy.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

_HERE = Path(__file__).parent
_LONGEST = ("browser", "live", "launcher", "notebooks", "jupyter", "chaos")
"""Folders that take minutes: they begin first, so that no worker is left with one of them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a folder together when several workers share them: they share a server, or a database."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_folder(item)))
    items.sort(key=_turn)


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(_HERE).parts[0]


def _turn(item: pytest.Item) -> int:
    folder = _folder(item)
    return _LONGEST.index(folder) if folder in _LONGEST else len(_LONGEST)
