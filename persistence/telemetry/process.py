"""How a process of the server reports: its logs, and what it counts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from persistence.telemetry.logs import configure
from persistence.telemetry.publisher import Publisher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from persistence.settings import Settings
    from persistence.telemetry.readings import Reading


def start_reporting(settings: Settings, source: Callable[[], Iterable[Reading]], *, node: str) -> asyncio.Task[None]:
    """Have this process, on the node of that id, log as the settings say, and publish what `source` counts.

    Returns the task that publishes until it is cancelled; whoever asked for it keeps it.
    """
    configure(settings.log_format, settings.log_level, node=node)
    return asyncio.get_event_loop().create_task(Publisher(source).run(), name="metrics")
