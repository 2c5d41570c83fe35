"""A small operation between two texts, at bounded cost: for rebasing what was typed over a text that was replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rayrooms.text._components import push

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rayrooms.protocol import Operation

_MAX_DIFFERENCES = 128
"""Beyond so many single differences the search gives up; its cost grows with their square."""

Hunk = tuple[int, int, int, int]
"""`old[a:b]` became `new[c:d]`, as (a, b, c, d)."""


def diff(old: str, new: str) -> Operation:
    """A small invertible operation that leads from `old` to `new`.

    What both texts begin and end with is kept. Between, the fewest code points change where 128 changes suffice; else
    the fewest lines, where 128 lines suffice; else all is replaced. Time is linear in the texts' size plus a bounded
    search of some tens of milliseconds.
    """
    op: Operation = []
    at = 0
    for start, end, new_start, new_end in _hunks(old, new):
        if start > at:
            push(op, start - at)
        if new_end > new_start:
            push(op, new[new_start:new_end])
        if end > start:
            push(op, {"d": old[start:end]})
        at = end
    return op


def _hunks(old: str, new: str) -> list[Hunk]:
    whole = _trim((0, len(old), 0, len(new)), old, new)
    a, b, c, d = whole
    if a == b and c == d:
        return []
    if a == b or c == d:
        return [whole]
    middle, new_middle = old[a:b], new[c:d]
    hunks = _shortest_edit(middle, new_middle)
    if hunks is None:
        hunks = _changed_lines(middle, new_middle)
    if hunks is None:
        return [whole]
    return [(a + start, a + end, c + new_start, c + new_end) for start, end, new_start, new_end in hunks]


def _changed_lines(old: str, new: str) -> list[Hunk] | None:
    """The hunks of a line-by-line comparison, in code points, trimmed to what differs within each."""
    lines, new_lines = old.splitlines(keepends=True), new.splitlines(keepends=True)
    hunks = _shortest_edit(lines, new_lines)
    if hunks is None:
        return None
    offsets, new_offsets = _offsets(lines), _offsets(new_lines)
    return [_trim((offsets[a], offsets[b], new_offsets[c], new_offsets[d]), old, new) for a, b, c, d in hunks]


def _offsets(lines: list[str]) -> list[int]:
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line))
    return offsets


def _trim(hunk: Hunk, old: Sequence[str], new: Sequence[str]) -> Hunk:
    """The hunk without what its two sides begin and end with in common."""
    a, b, c, d = hunk
    head = _common_prefix(old, a, b, new, c, d)
    a, c = a + head, c + head
    tail = _common_suffix(old, a, b, new, c, d)
    return a, b - tail, c, d - tail


def _common_prefix(old: Sequence[str], a: int, b: int, new: Sequence[str], c: int, d: int) -> int:
    """How many items `old[a:b]` and `new[c:d]` begin with in common, by comparing slices of doubling size."""
    limit = min(b - a, d - c)
    same, step = 0, 1
    while step and same < limit:
        step = min(step, limit - same)
        if old[a + same : a + same + step] == new[c + same : c + same + step]:
            same += step
            step *= 2
        else:
            step //= 2
    return same


def _common_suffix(old: Sequence[str], a: int, b: int, new: Sequence[str], c: int, d: int) -> int:
    """How many items `old[a:b]` and `new[c:d]` end with in common."""
    limit = min(b - a, d - c)
    same, step = 0, 1
    while step and same < limit:
        step = min(step, limit - same)
        if old[b - same - step : b - same] == new[d - same - step : d - same]:
            same += step
            step *= 2
        else:
            step //= 2
    return same


def _shortest_edit(old: Sequence[str], new: Sequence[str]) -> list[Hunk] | None:
    """The hunks of a shortest edit script, or None when it takes more than _MAX_DIFFERENCES items in and out.

    Myers, "An O(ND) Difference Algorithm and Its Variations" (1986): furthest[k] is the furthest offset in `old` that
    d differences reach on the diagonal k = (offset in old) - (offset in new).
    """
    size, new_size = len(old), len(new)
    if abs(size - new_size) > _MAX_DIFFERENCES:
        return None
    furthest = {1: 0}
    trail: list[dict[int, int]] = []
    for d in range(_MAX_DIFFERENCES + 1):
        trail.append(furthest.copy())
        for k in range(-d, d + 1, 2):
            down = k == -d or (k != d and furthest[k - 1] < furthest[k + 1])
            x = furthest[k + 1] if down else furthest[k - 1] + 1
            y = x - k
            if x <= size and y <= new_size:
                x += _common_prefix(old, x, size, new, y, new_size)
            furthest[k] = x
            if x >= size and x - k >= new_size:
                return list(_joined(_steps(trail, size, new_size)))
    return None


def _steps(trail: list[dict[int, int]], x: int, y: int) -> list[tuple[int, int, int, int]]:
    """The single differences on the way to (x, y), first to last, each a hunk of one item."""
    steps: list[Hunk] = []
    for d in range(len(trail) - 1, 0, -1):
        furthest = trail[d]
        k = x - y
        down = k == -d or (k != d and furthest[k - 1] < furthest[k + 1])
        before_k = k + 1 if down else k - 1
        before_x = furthest[before_k]
        before_y = before_x - before_k
        steps.append(
            (before_x, before_x, before_y, before_y + 1) if down else (before_x, before_x + 1, before_y, before_y)
        )
        x, y = before_x, before_y
    return steps[::-1]


def _joined(steps: list[Hunk]) -> Iterator[Hunk]:
    """Neighbouring differences as one hunk each."""
    a, b, c, d = steps[0]
    for start, end, new_start, new_end in steps[1:]:
        if start == b and new_start == d:
            b, d = end, new_end
        else:
            yield a, b, c, d
            a, b, c, d = start, end, new_start, new_end
    yield a, b, c, d
