"""Which concurrent operations count as a conflict, and of what kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actors.core.conflicts import conflict_kind, touched

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
    assert (touch.start, touch.end, touch.deletes) == (4, 9, True)
