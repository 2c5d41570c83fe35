"""Results as lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadtest.results import IdleResult, JoinResult, MemoryResult, SoakResult, TypingResult
from loadtest.trend import CRITERION

if TYPE_CHECKING:
    from loadtest.growth import Growth, Growths
    from loadtest.latency import Percentiles
    from loadtest.results import Quarter, Result

_SHOWN_ERRORS = 5
_RIGHT = {"idle": "all woken rooms and a sample of the others read right; no socket was lost"}


def lines(result: Result) -> list[str]:
    """A scenario's result for people."""
    shown = [f"{result.scenario}  {result.title}"]
    match result:
        case TypingResult():
            shown += _typing(result)
        case JoinResult():
            shown += _join(result)
        case MemoryResult():
            shown += _memory(result)
        case IdleResult():
            shown += _idle(result)
        case SoakResult():
            shown += _soak(result)
    if result.wrong:
        shown += [f"  WRONG  {sentence}" for sentence in result.wrong[:_SHOWN_ERRORS]]
        shown.append(f"  {len(result.wrong)} checks failed: these figures do not count")
    else:
        shown.append(f"  {_RIGHT.get(result.scenario, 'all clients and a newcomer hold the same text')}")
    return [*shown, ""]


def _typing(result: TypingResult) -> list[str]:
    shown = [
        _times("ack", result.ack),
        _times("arrival", result.arrival),
        _times("durable", result.durable, "after the ack"),
        f"  {result.edits_per_second:,.0f} edits/s, {result.deliveries_per_second:,.0f} deliveries/s"
        + (f", {result.late} edits late" if result.late else ""),
    ]
    if result.cpu_ms_per_edit is not None:
        shown.append(_split("server CPU", result.cpu_ms_per_edit, "ms/edit", digits=3))
    if result.shares is not None:
        shares = result.shares
        used = f"server {shares.server:.2f}, load generator {shares.generator:.2f}, others {shares.others:.2f}"
        shown.append(f"  CPUs in use: {used}")
    return shown


def _join(result: JoinResult) -> list[str]:
    shown = [
        f"  built by {result.edits:,} edits at {result.build_edits_per_second:,.0f} edits/s; {result.bytes:,} bytes",
        _times("newcomer", result.newcomer, "to the last byte"),
        _times("", result.newcomer_text, "to the text"),
        _times("returning", result.returning, "to the last byte"),
    ]
    if result.cpu_ms_per_join is not None:
        shown.append(_split("server CPU", result.cpu_ms_per_join, "ms/join", digits=2))
    return shown


def _memory(result: MemoryResult) -> list[str]:
    return [
        _split("empty server", result.empty_mb, "MB", digits=0),
        _split("per room", result.kb_per_room, "kB", digits=0),
        _split("per user", result.kb_per_user, "kB", digits=1),
    ]


def _idle(result: IdleResult) -> list[str]:
    most = max((count for _, count in result.actors), default=0)
    few, asleep = _after(result.few_after), _after(result.asleep_after)
    return [
        f"  {result.rooms_per_second:.1f} made a second; at most {most} actors; idle after {result.room_idle:g} s",
        f"  {result.budget} + {result.pool} actors, as configured, {few}; all asleep {asleep}",
        _split("empty server", result.empty_mb, "MB", digits=0),
        _split("per idle room with its user", result.kb_per_room, "kB", digits=1),
        _split("per further one", result.kb_per_further_room, "kB", digits=1),
        _split("CPUs while all sleep", result.cpus_asleep, "of a core", digits=3),
        _times("wake", result.wake, f" max {result.slowest_wake:.2f} ms"),
        f"  {result.cold} wakes without a warm actor; {result.moved} moved, {result.repeated} edits sent again",
    ]


def _after(seconds: float | None) -> str:
    return "never" if seconds is None else f"after {seconds:,.0f} s"


def _soak(result: SoakResult) -> list[str]:
    shown = [f"  {result.edits:,} edits" + (f", {result.late} late" if result.late else "")]
    shown += _quarter("first quarter", result.first) + _quarter("last quarter", result.last)
    if result.growths is None:
        return [*shown, "  memory is not judged: there are too few samples after the warm-up"]
    return shown + _growths(result.growths, result.warm_up)


def _quarter(what: str, quarter: Quarter) -> list[str]:
    return [
        f"  {what}: {quarter.edits_per_second:,.1f} edits/s",
        "  " + _times("ack", quarter.ack),
        "  " + _times("arrival", quarter.arrival),
    ]


def _growths(found: Growths, warm_up: float) -> list[str]:
    shown = [f"  own memory after {warm_up / 60:.1f} minutes; {CRITERION}"]
    shown += [_growth(one) for one in found.parts]
    shown += [_growth(one) for one in found.processes if one.verdict == "growing"]
    growing = sum(one.verdict == "growing" for one in found.processes)
    shown.append(f"  {growing} of {len(found.processes)} lasting processes grow; {found.passing} came or went")
    return [*shown, "  shared memory", *(_growth(one) for one in found.shared)]


def _growth(one: Growth) -> str:
    count = f"({one.processes})" if one.processes > 1 else ""
    return (
        f"    {one.what + ' ' + count:<26} {one.start_mb:8.1f} -> {one.end_mb:8.1f} MB  {one.kb_per_minute:+9.2f} "
        f"+- {one.error:.2f} kB/min, noise {one.noise_kb:.0f} kB: {one.verdict}"
    )


def _times(what: str, times: Percentiles | None, note: str = "") -> str:
    return f"  {what:<10} {times if times is not None else 'nothing measured'} {note}".rstrip()


def _split(what: str, parts: dict[str, float], unit: str, *, digits: int) -> str:
    each = ", ".join(f"{part} {value:,.{digits}f}" for part, value in parts.items() if abs(value) >= 10**-digits / 2)
    return f"  {what}: {sum(parts.values()):,.{digits}f} {unit} ({each})"
