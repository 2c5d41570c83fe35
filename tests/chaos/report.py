"""The figures of a run: faults by kind, edits, what was lost or doubled, and how long people had to wait."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .plan import Plan
    from .run import Results


class Times(msgspec.Struct, frozen=True):
    """Seconds, by nearest rank."""

    count: int
    p50: float
    p95: float
    p99: float
    most: float


class KindReport(msgspec.Struct, frozen=True):
    """One kind of fault. `alone` are the times of those that met no other fault."""

    injected: int
    skipped: int
    alone: Times | None
    all: Times | None
    stored: Times | None


class Report(msgspec.Struct, frozen=True):
    """All figures of a run.

    `settled` is from a storm's end until all is stored and equal, `recovery` of all faults, `outage` from the return
    of a Postgres that was away for a minute until all that was typed before was told to be durable. `told` is why
    clients could not edit online, by code.
    """

    seed: int
    minutes: float
    storms: int
    faults: int
    edits: int
    lost: int
    doubled: int
    durable_claims: int
    audits: int
    rooms_retired: int
    told: dict[str, int]
    settled: Times | None
    recovery: Times | None
    outage: Times | None
    kinds: dict[str, KindReport]
    troubles: list[str]

    @property
    def good(self) -> bool:
        return not (self.troubles or self.lost or self.doubled)


def report_of(plan: Plan, results: Results, *, retired: int) -> Report:
    """The figures of what was run of a plan."""
    watches = results.watches
    alone = watches.alone()
    injected, skipped = Counter(watches.kinds), Counter(results.skipped)
    times: dict[tuple[str, str], list[float]] = defaultdict(list)
    for sample in watches.samples:
        times[sample.kind, sample.what].append(sample.seconds)
        if sample.long:
            times["", "outage"].append(sample.seconds)
        if sample.what == "edit":
            if alone[sample.fault]:
                times[sample.kind, "alone"].append(sample.seconds)
            times["", "edit"].append(sample.seconds)
    kinds = {
        kind: KindReport(
            injected[kind],
            skipped[kind],
            times_of(times[kind, "alone"]),
            times_of(times[kind, "edit"]),
            times_of(times[kind, "stored"]),
        )
        for kind in sorted(injected.keys() | skipped.keys())
    }
    return Report(
        seed=plan.seed,
        minutes=round(results.seconds / 60, 1),
        storms=results.storms,
        faults=injected.total(),
        edits=results.edits,
        lost=results.lost,
        doubled=results.doubled,
        durable_claims=results.claims,
        audits=results.audits,
        rooms_retired=retired,
        told=results.told,
        settled=times_of(results.settled),
        recovery=times_of(times["", "edit"]),
        outage=times_of(times["", "outage"]),
        kinds=kinds,
        troubles=results.troubles,
    )


def times_of(seconds: Iterable[float]) -> Times | None:
    ordered = sorted(seconds)
    if not ordered:
        return None

    def rank(share: float) -> float:
        return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)], 3)

    return Times(len(ordered), rank(0.5), rank(0.95), rank(0.99), round(ordered[-1], 3))


def as_text(report: Report) -> str:
    """The same for people, as a table that Markdown reads too."""
    told = ", ".join(f"{code} {count}" for code, count in report.told.items())
    rows = [
        f"seed {report.seed}: {report.minutes:g} minutes, {report.storms} storms, {report.faults} faults",
        f"edits {report.edits}, lost {report.lost}, doubled {report.doubled}; rooms retired {report.rooms_retired}",
        f"claims of durability checked {report.durable_claims}, audits of watermarks {report.audits}",
        f"why people could not edit online: {told or 'nothing'}",
        f"calm after a storm until all is stored and equal: {_cell(report.settled)}",
        f"room actor killed, next edit acknowledged (to reach: p95 1 s): {_cell(_alone(report, 'room_kill'))}",
        f"gateway killed, clients back (to reach: 3 s): {_cell(_alone(report, 'gateway_kill'))}",
        f"Postgres back after a minute, all stored: {_cell(report.outage)}",
        "",
        "| fault | done | recovery alone: n, p50/p95/p99/max s | all | stored again |",
        "|---|--:|---|---|---|",
    ]
    for kind, found in report.kinds.items():
        done = f"{found.injected}" + (f" (+{found.skipped} skipped)" if found.skipped else "")
        rows.append(f"| {kind} | {done} | {_cell(found.alone)} | {_cell(found.all)} | {_cell(found.stored)} |")
    rows.append(f"| all | {report.faults} | | {_cell(report.recovery)} | |")
    rows += ["", f"troubles: {len(report.troubles) or 'none'}", *(f"  {trouble}" for trouble in report.troubles)]
    return "\n".join(rows)


def _alone(report: Report, kind: str) -> Times | None:
    found = report.kinds.get(kind)
    return found.alone if found is not None else None


def _cell(times: Times | None) -> str:
    if times is None:
        return "-"
    return f"{times.count}: {times.p50:.2f}/{times.p95:.2f}/{times.p99:.2f}/{times.most:.2f}"
