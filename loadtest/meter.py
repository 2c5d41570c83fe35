"""What a run costs: the server by part, this load generator, and everything else on the machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from loadtest.processes import CpuMeter, busy_seconds
from loadtest.results import Shares

if TYPE_CHECKING:
    from loadtest.processes import ServerProcesses


class Spent(NamedTuple):
    """CPU seconds: of the server by part, of the load generator, and of whatever else."""

    server: dict[str, float]
    generator: float
    others: float

    def each(self, count: int) -> dict[str, float]:
        """CPU milliseconds of the server by part for each of `count`."""
        return {part: 1000 * seconds / max(1, count) for part, seconds in self.server.items()}

    def shares(self, seconds: float) -> Shares:
        """CPUs in use, for a run of so many seconds."""
        return Shares(sum(self.server.values()) / seconds, self.generator / seconds, self.others / seconds)


class RunMeter:
    """Counts from `start` on; finding the processes, when it is made, takes longer."""

    def __init__(self, processes: ServerProcesses) -> None:
        self._server = CpuMeter(processes)
        self._busy = self._generator = 0.0

    @classmethod
    def of(cls, processes: ServerProcesses | None) -> RunMeter | None:
        """None for a server that is not on this machine."""
        return cls(processes) if processes is not None else None

    def start(self) -> None:
        """Count from now on."""
        self._server.start()
        self._busy, self._generator = busy_seconds(), time.process_time()

    def spent(self) -> Spent:
        """What was spent since the start."""
        server = self._server.spent()
        generator = time.process_time() - self._generator
        others = busy_seconds() - self._busy - sum(server.values()) - generator
        return Spent(server, generator, max(0.0, others))
