"""One run of a plan: storms while everybody types, and after each a calm in which all is checked."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .crowd import OLD
from .faults import Injector, lapse
from .leaks import leaks
from .recovery import Stopwatches
from .verdict import audit, judge, still_there

if TYPE_CHECKING:
    from collections.abc import Callable

    from .crowd import Crowd
    from .faults import Injected
    from .plan import Fault, Plan, Storm
    from .stage import Stage


@dataclass
class Results:
    """What came of a run so far; the times are in `watches`."""

    watches: Stopwatches = field(default_factory=Stopwatches)
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    storms: int = 0
    edits: int = 0
    claims: int = 0
    audits: int = 0
    lost: int = 0
    doubled: int = 0
    skipped: list[str] = field(default_factory=list)
    told: dict[str, int] = field(default_factory=dict)
    settled: list[float] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


class Run:
    """Runs a plan on a stage that is up. `say` is told what happens as it happens."""

    def __init__(self, plan: Plan, stage: Stage, crowd: Crowd, say: Callable[[str], None]) -> None:
        self.results = Results()
        self._plan = plan
        self._stage = stage
        self._crowd = crowd
        self._say = say
        self._injector = Injector(stage, crowd, self._audit)
        self._began = 0.0

    async def run(self) -> Results:
        """All storms of the plan. What goes wrong is in the results' `troubles`; the run goes on with new rooms."""
        for number, storm in enumerate(self._plan.storms, 1):
            self._say(f"storm {number} of {len(self._plan.storms)}: {storm.mood}")
            await self._storm(storm)
            await self._calm(storm)
            self.results.storms = number
            self.results.seconds = time.monotonic() - self.results.began
        self._note(await still_there(self._crowd.retired))
        return self.results

    def _note(self, troubles: list[str]) -> None:
        for trouble in troubles:
            self._say(f"  TROUBLE {trouble}")
        self.results.troubles += troubles

    # ------------------------------------------------------------------ the storm

    async def _storm(self, storm: Storm) -> None:
        self._crowd.resume()
        for room in self._crowd.rooms:
            room.exact = room.exact and storm.exact
        self._began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for fault in storm.faults:
                group.create_task(self._inject(fault))
            group.create_task(lapse(storm.seconds))
        watches = self.results.watches
        await watches.settle()
        self._note(watches.troubles)
        watches.troubles.clear()

    async def _inject(self, fault: Fault) -> None:
        await lapse(self._began + fault.at - time.monotonic())
        done = await self._injector.inject(fault, self._begun)
        if done is None:
            self._say(f"  {fault.kind}: there was nobody to do it to")
            self.results.skipped.append(fault.kind)
            return
        self.results.watches.end(done)
        self._note(done.lies)

    def _begun(self, done: Injected) -> None:
        fault = done.fault
        lasting = f" for {fault.lasts:.1f} s" if fault.lasts else ""
        self._say(f"  {done.began - self._began:5.1f} s  {fault.kind}{lasting}: {done.victim}")
        self.results.watches.begin(done)

    async def _audit(self) -> list[str]:
        self.results.audits += 1
        return await audit(self._crowd, self._stage)

    # ------------------------------------------------------------------ the calm

    async def _calm(self, storm: Storm) -> None:
        results, crowd = self.results, self._crowd
        began = time.monotonic()
        await crowd.pause()
        verdicts = await asyncio.gather(*(judge(room, self._stage) for room in crowd.rooms))
        results.settled.append(time.monotonic() - began)
        results.edits, results.told = crowd.written, dict(crowd.told.most_common())
        for verdict in verdicts:
            results.lost += verdict.lost
            results.doubled += verdict.doubled
            results.claims += verdict.claims
            self._note(verdict.troubles)
        self._note(await self._audit())
        self._note(await leaks(crowd, self._stage))
        for room, verdict in zip(list(crowd.rooms), verdicts, strict=True):
            if not room.exact or verdict.versions > OLD or verdict.troubles:
                await crowd.retire(room, None if verdict.troubles else verdict.text)
        await crowd.fill()
        checked = sum(verdict.versions for verdict in verdicts)
        self._say(
            f"  calm after {results.settled[-1]:.1f} s, checked after {time.monotonic() - began:.1f} s: "
            f"{checked} versions in {len(verdicts)} rooms{'' if storm.exact else ', by letters'}"
        )
