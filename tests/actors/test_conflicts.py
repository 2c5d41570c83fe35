"""Which concurrent operations count as a conflict, and of what kind."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.core.conflicts import conflict_kind, touched
from actors.core.room import CONFLICTS_PER_EDIT
from rayrooms import text
from tests.text import generate

from .rooms import ADA, BOB, NOW, edit, two_people

if TYPE_CHECKING:
    from rayrooms.protocol import Operation


@pytest.mark.parametrize(
    ("mine", "other", "kind"),
    [
        ([3, "a"], [3, "b"], "insert-insert"),
        ([3, "a"], [4, "b"], None),
        ([2, {"d": "xyz"}], [4, {"d": "zuv"}], "delete-delete"),
        ([2, {"d": 3}], [5, {"d": 3}], None),  # neighbours do not overlap
        ([2, {"d": 3}], [3, "b"], "delete-insert"),
        ([2, {"d": 3}], [2, "b"], None),  # at the rim nothing of it is deleted
        ([2, {"d": 3}], [5, "b"], None),
        ([3, "a"], [2, {"d": 3}], "insert-delete"),
        ([5, "a"], [2, {"d": 3}], None),
        ([], [3, "b"], None),
        ([3, "b"], [], None),
        (["x", {"d": 2}], [1, {"d": 5}], "delete-delete"),
        (["😀"], ["b", 2, "c"], "insert-insert"),
    ],
)
def test_kinds(mine: Operation, other: Operation, kind: str | None) -> None:
    """ROOM-14: deletes that overlap, inserts at one place, and an insert inside what the other deletes."""
    assert conflict_kind(touched(mine), touched(other)) == kind


def test_a_touch_reaches_from_the_first_to_the_last_change() -> None:
    touch = touched([4, "ab", 2, {"d": "xy"}, 1, "c"])
    assert (touch.start, touch.end, touch.deletes, touch.grown) == (4, 9, True, 1)


@given(
    content=generate.documents,
    theirs=st.lists(generate.steps, max_size=6),
    mine=generate.steps,
    ahead=st.lists(generate.steps, max_size=2),
)
def test_short_cuts_change_nothing(
    content: str, theirs: list[list[generate.Step]], mine: list[generate.Step], ahead: list[list[generate.Step]]
) -> None:
    """ROOM-2, ROOM-14: an edit is what transforming it over each commit in turn makes of it, and meets what that meets.

    Ada makes some edits ahead of their acknowledgements, so the others' are not all foreign as they were committed.
    """
    core = two_people(content)
    seen, replica = core.version, core.content
    for steps in theirs:
        edit(core, BOB, generate.operation(core.content, steps))
    for number, steps in enumerate((*ahead, mine)):
        made = generate.operation(replica, steps)
        replica = text.apply(replica, made)
        bridge = copy.deepcopy(core.sessions.get(ADA)).bridge  # type: ignore[union-attr]  # she is here
        foreign = bridge.advance(seen, core.log.after(max(bridge.upto, seen)), "ada-client", core.version)
        expected, kinds = made, []
        for one in foreign:
            kinds.append((one.commit.version, conflict_kind(touched(expected), touched(one.op))))
            expected = text.transform(expected, one.op, "left")
        before = core.content
        edited = core.edit(ADA, made, version=seen, seq=number + 1, now=NOW)
        assert edited.commit is not None
        assert edited.commit.op == text.make_invertible(before, expected)
        met = [(version, kind) for version, kind in kinds if kind is not None]
        assert [(one.other_version, one.kind) for one in edited.conflicts] == met[:CONFLICTS_PER_EDIT]
