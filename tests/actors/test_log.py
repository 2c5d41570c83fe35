"""The log window: bounded, without gaps, and able to say whose history it continues."""

from __future__ import annotations

import pytest

from actors.core.log import Commit, Log


def commit(version: int, epoch: int = 1) -> Commit:
    return Commit(version, ["x"], "ada", "ada-client", version, epoch, 0.0)


def filled(count: int, *, size: int = 100, base: int = 0) -> Log:
    log = Log([], base=base, base_epoch=7, size=size)
    for version in range(base + 1, base + count + 1):
        log.append(commit(version, epoch=version))
    return log


def test_window_stays_between_its_size_and_twice_that() -> None:
    """G10: the history in memory is bounded, and never shorter than what was promised."""
    log = Log([], base=0, base_epoch=0, size=3)
    held = []
    for version in range(1, 30):
        log.append(commit(version))
        assert log.head == version
        held.append(log.head - log.base)
    assert max(held) < 6
    assert min(held[3:]) >= 3


def test_after_gives_all_later_commits_in_order() -> None:
    """ROOM-7."""
    log = filled(5, base=10)
    assert [one.version for one in log.after(12)] == [13, 14, 15]
    assert log.after(15) == []
    assert [one.version for one in log.after(10)] == [11, 12, 13, 14, 15]


def test_after_never_answers_with_a_gap() -> None:
    """ROOM-7: what the window has lost is an error, not a shorter list."""
    with pytest.raises(IndexError):
        filled(5, base=10).after(9)


def test_at_finds_only_what_the_window_holds() -> None:
    log = filled(2, base=10)
    assert log.at(10) is None
    assert log.at(13) is None
    found = log.at(12)
    assert found is not None
    assert found.version == 12


def test_epoch_of_the_base_survives_trimming() -> None:
    """ROOM-7: a client that stands exactly at the window's edge can still be matched."""
    log = filled(9, size=3)
    assert log.base > 0
    assert log.epoch_at(log.base) == log.base  # `filled` commits version n under epoch n
    assert log.epoch_at(log.base - 1) is None


@pytest.mark.parametrize(
    ("version", "epoch", "matches"),
    [
        (12, 12, True),  # the same commit
        (12, 11, False),  # another history's version 12
        (12, None, True),  # a client that was not told epochs is believed
        (10, 7, True),  # the base itself
        (10, 8, False),
        (9, 1, False),  # before the window
        (13, 13, False),  # not committed here
    ],
)
def test_a_client_matches_only_as_a_prefix_of_this_history(version: int, epoch: int | None, *, matches: bool) -> None:
    """ROOM-7: an equal version of another owner's lost history is told apart by its epoch."""
    assert filled(2, base=10).matches(version, epoch) is matches


def test_last_is_the_newest_commit_in_the_window() -> None:
    assert Log([], base=4, base_epoch=1, size=10).last is None
    last = filled(3).last
    assert last is not None
    assert last.version == 3
