"""What a `%%room` cell and its room agree on. Pure."""

from __future__ import annotations

import string
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rayrooms_jupyter.merging import Shared, agreed_text, body_of, merge

from rayrooms.errors import ConflictError

TEXTS = st.text(alphabet="ab\nc", max_size=30)


@dataclass(frozen=True)
class Fork:
    """A base of distinct characters, and what two sides made of it; each inserts characters that nobody else has."""

    base: str
    mine: str
    theirs: str


def _edited(base: str, fresh: str, plan: list[tuple[bool, int]]) -> str:
    """`base` where each character may be gone and may be preceded by some of `fresh`."""
    made, unused = [], list(fresh)
    for character, (stays, inserts) in zip([*base, ""], plan, strict=True):
        made += [unused.pop() for _ in range(min(inserts, len(unused)))]
        if stays:
            made.append(character)
    return "".join(made)


@st.composite
def forks(draw: st.DrawFn) -> Fork:
    base = draw(st.text(alphabet=string.ascii_lowercase, max_size=12).map(lambda text: "".join(dict.fromkeys(text))))
    plans = st.lists(st.tuples(st.booleans(), st.integers(0, 2)), min_size=len(base) + 1, max_size=len(base) + 1)
    return Fork(
        base,
        _edited(base, string.ascii_uppercase, draw(plans)),
        _edited(base, string.digits, draw(plans)),
    )


@given(forks())
def test_changes_of_both_sides_are_kept(fork: Fork) -> None:
    """NB-16: what either side deleted is gone, what either inserted is there, and in its order."""
    merged = merge(fork.base, fork.mine, fork.theirs)
    kept = {character for character in fork.base if character in fork.mine and character in fork.theirs}
    inserted = (set(fork.mine) | set(fork.theirs)) - set(fork.base)
    assert set(merged) == kept | inserted
    assert len(merged) == len(set(merged))
    for side in (fork.mine, fork.theirs):
        assert [character for character in merged if character in side] == [
            character for character in side if character in merged
        ]


@given(TEXTS, TEXTS)
def test_a_side_that_changed_nothing_takes_the_other(base: str, changed: str) -> None:
    """NB-16."""
    assert merge(base, changed, base) == changed
    assert merge(base, base, changed) == changed


@given(TEXTS, TEXTS)
def test_the_same_change_on_both_sides_counts_once(base: str, changed: str) -> None:
    """NB-16: two people who mend the same slip do not mend it twice."""
    assert merge(base, changed, changed) == changed


@given(TEXTS, TEXTS)
def test_a_choice_takes_one_side_whole(body: str, room: str) -> None:
    """NB-17: --mine and --theirs."""
    assert agreed_text(body, room, None, "mine") == body
    assert agreed_text(body, room, Shared("x", "y"), "theirs") == room


def test_the_first_time_only_one_side_may_hold_a_text() -> None:
    """NB-17."""
    assert agreed_text("print(1)", "", None) == "print(1)"
    assert agreed_text(" \n", "x = 1", None) == "x = 1"
    assert agreed_text("same", "same", None) == "same"
    with pytest.raises(ConflictError, match=r"--mine.*--theirs"):
        agreed_text("print(1)", "x = 1", None)


def test_a_blank_cell_never_empties_a_room() -> None:
    """NB-17: also where both agreed on something before."""
    assert agreed_text("", "x = 1", Shared("x = 1", "x = 1")) == "x = 1"


def test_a_front_end_that_does_not_replace_the_cell_takes_nothing_back() -> None:
    """NB-16: the body that was executed is no older than what it was merged into."""
    last = Shared(executed="a\nb\n", merged="a\nb\nfrom the room\n")
    assert agreed_text("a\nb\n", last.merged, last) == last.merged
    assert agreed_text("a\nmy b\n", last.merged, last) == "a\nmy b\nfrom the room\n"
    assert agreed_text("a\nmy b\nfrom the room\n", last.merged, last) == "a\nmy b\nfrom the room\n"
    assert agreed_text("a\nb\n!\nfrom the room\n", "0\n" + last.merged, last) == "0\na\nb\n!\nfrom the room\n"


def test_the_newline_that_ipython_adds_is_no_change() -> None:
    """NB-16."""
    assert body_of("x = 1\n", "x = 1") == "x = 1"
    assert body_of("x = 1\n", "x = 1\n") == "x = 1\n"
    assert body_of("", "x") == ""
