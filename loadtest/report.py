"""Results as lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadtest.results import JoinResult, MemoryResult, TypingResult

if TYPE_CHECKING:
    from loadtest.latency import Percentiles
    from loadtest.results import Result

_SHOWN_ERRORS = 5


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
    if result.wrong:
        shown += [f"  WRONG  {sentence}" for sentence in result.wrong[:_SHOWN_ERRORS]]
        shown.append(f"  {len(result.wrong)} checks failed: these figures do not count")
    else:
        shown.append("  all clients and a newcomer hold the same text")
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


def _times(what: str, times: Percentiles | None, note: str = "") -> str:
    return f"  {what:<10} {times if times is not None else 'nothing measured'} {note}".rstrip()


def _split(what: str, parts: dict[str, float], unit: str, *, digits: int) -> str:
    each = ", ".join(f"{part} {value:,.{digits}f}" for part, value in parts.items() if abs(value) >= 10**-digits / 2)
    return f"  {what}: {sum(parts.values()):,.{digits}f} {unit} ({each})"
