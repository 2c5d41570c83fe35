"""What two authors' edits come to, without any server: the yardstick for a replay. Pure."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from rayrooms import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadtest.trace import TraceEdit
    from rayrooms.protocol import Operation
    from rayrooms.text import Side

_LATER: tuple[Side, Side] = ("left", "right")
_EARLIER: tuple[Side, Side] = ("right", "left")
"""The side of an operation, and that of the one that it meets."""


class Merged(NamedTuple):
    """The text that edits come to, and where that depended on the order in which a room gets them.

    `ties` maps an edit to the last one before it that inserted, unseen, at what became the same place. It takes no
    insert at one place for that: what stood between two of them may have been deleted meanwhile, and operations, having
    no tombstones, cannot tell any more.
    """

    text: str
    ties: dict[int, int]


class _Edit(NamedTuple):
    """An edit on its way: its rank among all, and how many of the other author's its own author had seen."""

    rank: int
    seen: int
    op: Operation


class _Site:
    """One author's text, the own edits that the other may not have seen yet, and how much is seen of the other's."""

    def __init__(self) -> None:
        self.text = ""
        self.sent: list[_Edit] = []
        self.unseen: deque[tuple[int, _Edit]] = deque()
        self.taken = 0


def merge(edits: Sequence[TraceEdit]) -> Merged:
    """Put `edits` of one or two authors together. Raises InvalidError when one does not fit what its author had seen.

    Each site sends its edits straight to the other, which transforms them over what the sender had not seen: Jupiter
    (Nichols et al. 1995) between two equals, so it shares no order of commits with a room. Where both insert at one
    place the later of the two in `edits` comes first, as it does in a room that got them in that order.
    """
    sites = (_Site(), _Site())
    ties: dict[int, int] = {}
    for rank, edit in enumerate(edits):
        here, there = sites[edit.author], sites[1 - edit.author]
        _take(here, there, edit.seen[1 - edit.author] if len(edit.seen) > 1 else 0, ties)
        here.text, op = text.apply_checked(here.text, edit.op)
        made = _Edit(rank, here.taken, op)
        here.sent.append(made)
        here.unseen.append((len(here.sent), made))
    _take(sites[0], sites[1], len(sites[1].sent), ties)
    _take(sites[1], sites[0], len(sites[0].sent), ties)
    assert sites[0].text == sites[1].text, "the two sites diverged"
    return Merged(sites[0].text, ties)


def _take(here: _Site, there: _Site, count: int, ties: dict[int, int]) -> None:
    """Let a site see the other's first `count` edits."""
    for arriving in there.sent[here.taken : count]:
        while here.unseen and here.unseen[0][0] <= arriving.seen:
            here.unseen.popleft()
        op = arriving.op
        for position, (number, own) in enumerate(here.unseen):
            side, other_side = _LATER if own.rank > arriving.rank else _EARLIER
            moved = text.transform(own.op, op, side)
            if moved != text.transform(own.op, op, other_side):
                earlier, later = sorted((own.rank, arriving.rank))
                ties[later] = max(earlier, ties.get(later, earlier))
            op = text.transform(op, own.op, other_side)
            here.unseen[position] = (number, own._replace(op=moved))
        here.text = text.apply(here.text, op)
        here.taken += 1
