"""Whether what a replay left behind is what the trace says, on all sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rayrooms import text
from rayrooms.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from loadtest.rest import LoggedOperation


def compare(what: str, found: str, expected: str) -> str | None:
    """A sentence on how `found` differs from `expected`, or None."""
    if found == expected:
        return None
    at = next(
        (index for index, (a, b) in enumerate(zip(found, expected, strict=False)) if a != b),
        min(len(found), len(expected)),
    )
    return (
        f"{what} has {len(found)} code points where {len(expected)} are expected; they differ from offset {at} on: "
        f"{found[at : at + 30]!r} instead of {expected[at : at + 30]!r}."
    )


def check_log(log: Iterable[LoggedOperation], edits: Mapping[str, int], expected: str) -> list[str]:
    """What is wrong with a room's whole log.

    It must lead to `expected` and hold each of the edits 1 to `edits[client_id]` of each client once and in order,
    and nothing else: no edit lost, none doubled.
    """
    wrong: list[str] = []
    last = dict.fromkeys(edits, 0)
    content = ""
    for version, entry in enumerate(log, 1):
        if entry.version != version:
            return [*wrong, f"The log has version {entry.version} where {version} is due."]
        due = last.get(entry.client_id, 0) + 1
        if entry.seq != due:
            wrong.append(f"Version {version} is edit {entry.seq} of {entry.client_id}, where its edit {due} is due.")
        last[entry.client_id] = entry.seq
        try:
            content = text.apply(content, entry.op)
        except InvalidError as error:
            return [*wrong, f"Version {version} does not fit the text that the log leads to: {error}"]
    for client_id, seq in last.items():
        if seq != edits.get(client_id, 0):
            wrong.append(f"The log ends with edit {seq} of {client_id}, which made {edits.get(client_id, 0)}.")
    difference = compare("The text that the log leads to", content, expected)
    return [*wrong, difference] if difference else wrong
