"""What a cluster's processes spend: CPU seconds of every node and of Postgres, by what each process is."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from .bed import Bed

_ACTOR = "ray::"


def spent(bed: Bed) -> dict[tuple[int, str], float]:
    """CPU seconds so far of each process, by its pid and its kind."""
    found: dict[tuple[int, str], float] = {}
    for process in [*_database(bed), *(process for node in bed.nodes for process in node.processes())]:
        try:
            times, kind = process.cpu_times(), _kind(process)
        except psutil.Error:  # it has ended meanwhile
            continue
        found[process.pid, kind] = times.user + times.system
    return found


def by_kind(before: dict[tuple[int, str], float], after: dict[tuple[int, str], float]) -> dict[str, float]:
    """CPU seconds that were spent between two looks, by kind."""
    kinds: dict[str, float] = defaultdict(float)
    for (pid, kind), seconds in after.items():
        kinds[kind] += seconds - before.get((pid, kind), 0.0)
    return kinds


def _kind(process: psutil.Process) -> str:
    command = process.cmdline()
    title = " ".join(command)
    if title.startswith(_ACTOR):
        return re.split(r"[^A-Za-z]", title.removeprefix(_ACTOR))[0]
    if title.startswith("postgres:"):
        return "postgres"
    script = next((Path(part).name for part in command[1:] if part.endswith(".py")), "")
    return script or (Path(command[0]).name if command else "")


def _database(bed: Bed) -> list[psutil.Process]:
    directory = str(bed.directory / "database")
    masters = []
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
        except psutil.Error:
            continue
        if command and command[0].endswith("/postgres") and directory in " ".join(command):
            masters.append(process)
    return masters + [child for master in masters for child in master.children(recursive=True)]
