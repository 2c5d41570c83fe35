"""What holds for all tests: no deadlines of hypothesis, and what may run beside what."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# Servers and browsers may keep the machine busy.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

_HERE = Path(__file__).parent
_SERVED = ("browser", "live", "launcher", "notebooks", "jupyter", "chaos", "fuzz")
"""Folders whose tests start servers and browsers. They wait most of the time, but two of them at once would be too much
for two cores: they run one after the other, and all others beside them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Share the tests out between two workers, and keep those of a folder together: they share a database."""
    for item in items:
        folder = item.path.relative_to(_HERE).parts[0]
        item.add_marker(pytest.mark.xdist_group("served" if folder in _SERVED else folder))
    items.sort(key=_is_served, reverse=True)


def _is_served(item: pytest.Item) -> bool:
    return item.path.relative_to(_HERE).parts[0] in _SERVED
