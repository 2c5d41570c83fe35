"""What a cluster's processes spend: CPU seconds of every node and of Postgres, by what each process is."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import psutil

from loadtest.processes import cpu_seconds, part_of

if TYPE_CHECKING:
    from .bed import Bed


def spent(bed: Bed) -> dict[tuple[int, str], float]:
    """CPU seconds so far of each process, by its pid and its part."""
    found: dict[tuple[int, str], float] = {}
    for process in [*_database(bed), *(process for node in bed.nodes for process in node.processes())]:
        try:
            found[process.pid, part_of(" ".join(process.cmdline()))] = cpu_seconds(process.pid)
        except (psutil.Error, OSError):  # it has ended meanwhile
            continue
    return found


def by_part(before: dict[tuple[int, str], float], after: dict[tuple[int, str], float]) -> dict[str, float]:
    """CPU seconds that were spent between two looks, by part."""
    parts: dict[str, float] = defaultdict(float)
    for (pid, part), seconds in after.items():
        parts[part] += seconds - before.get((pid, part), 0.0)
    return parts


def _database(bed: Bed) -> list[psutil.Process]:
    postmaster = psutil.Process(bed.postgres.pid)
    return [postmaster, *postmaster.children(recursive=True)]
