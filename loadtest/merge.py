"""What two authors' edits come to, without any server: the yardstick for a part of a trace. Pure."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from rayrooms import text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from loadtest.trace import TraceEdit
    from rayrooms.protocol import Operation


class _Site:
    """One author's text, the own edits that the other may not have seen, and how much of the other's is seen."""

    def __init__(self) -> None:
        self.text = ""
        self.unseen: deque[tuple[int, Operation]] = deque()
        self.made = 0
        self.taken = 0


def merged(edits: Iterable[TraceEdit]) -> str:
    """The text after all `edits` of one or two authors, author 0 first where both insert at one place.

    Each site sends its edits straight to the other, which transforms them over what the sender had not seen: Jupiter
    (Nichols et al. 1995) with one site as the server, so it shares no ordering with a room.
    """
    sites = (_Site(), _Site())
    sent: tuple[list[tuple[int, Operation]], ...] = ([], [])

    def take(site: int, count: int) -> None:
        """Let a site see the other's first `count` edits."""
        here = sites[site]
        for seen, op in sent[1 - site][here.taken : count]:
            while here.unseen and here.unseen[0][0] <= seen:
                here.unseen.popleft()
            arriving = op
            for index, (number, own) in enumerate(here.unseen):
                here.unseen[index] = (number, text.transform(own, arriving, "left" if site == 0 else "right"))
                arriving = text.transform(arriving, own, "right" if site == 0 else "left")
            here.text = text.apply(here.text, arriving)
            here.taken += 1

    for edit in edits:
        here = sites[edit.author]
        seen = edit.seen[1 - edit.author] if len(edit.seen) > 1 else 0
        take(edit.author, seen)
        here.text, op = text.apply_checked(here.text, edit.op)
        here.made += 1
        here.unseen.append((here.made, op))
        sent[edit.author].append((here.taken, op))
    take(0, len(sent[1]))
    take(1, len(sent[0]))
    assert sites[0].text == sites[1].text, "the two sites diverged"
    return sites[0].text
