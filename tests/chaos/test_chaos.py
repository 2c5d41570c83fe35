"""A short storm over a whole server, from a fixed seed. `scripts/chaos` runs longer ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.live.server import data_directory

from .crowd import Crowd
from .plan import short_plan
from .report import as_text, report_of
from .run import Run
from .stage import Stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SEED = 1


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    with data_directory() as data_dir:
        stage = Stage(data_dir.parent)
        try:
            await stage.start()
            yield stage
        finally:
            await stage.close()


@pytest.mark.live
@pytest.mark.timeout(600)
async def test_a_short_storm(stage: Stage) -> None:
    """CHAOS-3, CHAOS-5, CHAOS-6, CHAOS-7, CHAOS-8, G1, G2, G3, G4, G5, G6, G7, G9: nothing lost, doubled, leaked."""
    plan = short_plan(SEED)
    crowd = Crowd(stage.server.url, rooms=plan.rooms, writers=plan.writers, seed=plan.seed)
    said: list[str] = []
    run = Run(plan, stage, crowd, said.append)
    try:
        await crowd.open()
        results = await run.run()
    finally:
        await crowd.close()
    report = report_of(plan, results, retired=len(crowd.retired))
    told = "\n".join([plan.as_json(), *said, as_text(report)])
    assert report.good, told
    # CHAOS-7: it did work.
    planned = [fault.kind for storm in plan.storms for fault in storm.faults]
    assert {kind: found.injected for kind, found in report.kinds.items()} == {
        kind: planned.count(kind) for kind in planned
    }
    assert report.storms == len(plan.storms), told
    assert report.edits > 100, told
    assert report.durable_claims > 100, told
    assert report.audits > len(plan.storms), told
    assert all(found.all is not None for kind, found in report.kinds.items() if not kind.startswith("gateway")), told
    assert report.kinds["gateway_kill"].all is not None, told
    assert report.kinds["postgres_kill"].stored is not None, told
    assert await stage.stop() == [], stage.server.log()
