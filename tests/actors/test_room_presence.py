"""Being seen and talking in a room: cursors, typing, presence, roles, chat, catching up."""

from __future__ import annotations

import pytest

from actors.core.state import RoomLimits
from rayrooms.errors import ConflictError, InvalidError
from rayrooms.protocol import Range

from .rooms import ADA, BOB, NOW, edit, enter, room, two_people

NOBODY = 99


def test_a_cursor_is_moved_to_the_newest_version() -> None:
    """ROOM-11: from the version it was taken at, over what its owner had not seen."""
    core = two_people("hello")
    edit(core, BOB, ["> "])
    cursor = core.cursor(ADA, [Range(0, 5), Range(2, 2)], 1)
    assert (cursor.version, cursor.ranges) == (2, [Range(0, 7), Range(4, 4)])


def test_a_cursor_counts_own_edits_that_are_not_acknowledged() -> None:
    """ROOM-11, ROOM-2."""
    core = two_people("hello")
    edit(core, BOB, ["> "], version=1)
    edit(core, ADA, [5, "!!"], version=1)
    assert core.cursor(ADA, [Range(7, 7)], 1).ranges == [Range(9, 9)]


def test_a_cursor_without_version_is_taken_as_it_is() -> None:
    core = two_people("hello")
    edit(core, BOB, ["> "])
    assert core.cursor(ADA, [Range(7, 7)], None).ranges == [Range(7, 7)]


@pytest.mark.parametrize(
    ("ranges", "version", "code"),
    [
        ([Range(0, 6)], None, "malformed"),
        ([Range(-1, 0)], None, "malformed"),
        ([Range(0, 0)] * 65, None, "malformed"),
        ([Range(0, 0)], 2, "future_version"),
        ([Range(0, 0)], -1, "future_version"),
    ],
)
def test_a_cursor_that_cannot_be_is_refused(ranges: list[Range], version: int | None, code: str) -> None:
    """G8: and the one before it stays."""
    core = two_people("hello")
    core.cursor(ADA, [Range(1, 1)], None)
    with pytest.raises(InvalidError) as refusal:
        core.cursor(ADA, ranges, version)
    assert refusal.value.code == code
    ada = next(one for one in core.participants(NOW) if one.user_id == "ada")
    assert ada.cursor is not None
    assert ada.cursor.ranges == [Range(1, 1)]


def test_a_cursor_older_than_the_log_is_refused() -> None:
    """ROOM-8, G10."""
    core = room(limits=RoomLimits(log_window=3))
    enter(core, ADA, "ada")
    for _ in range(12):
        edit(core, ADA, ["a"])
    with pytest.raises(ConflictError) as refusal:
        core.cursor(ADA, [Range(0, 0)], 0)
    assert refusal.value.code == "version_too_old"


def test_cursors_survive_a_log_that_is_trimmed_below_them() -> None:
    """ROOM-11, G10: they are carried along before what they need is forgotten."""
    core = room(limits=RoomLimits(log_window=3))
    enter(core, ADA, "ada")
    enter(core, BOB, "bob")
    edit(core, ADA, ["x"])
    core.cursor(BOB, [Range(1, 1)], None)
    for _ in range(50):
        edit(core, ADA, ["a"])
    bob = next(one for one in core.participants(NOW) if one.user_id == "bob")
    assert bob.cursor is not None
    assert bob.cursor.ranges == [Range(51, 51)]


def test_typing_and_presence_are_shown() -> None:
    """ROOM-12."""
    core = two_people()
    core.typing(ADA, NOW, is_typing=True)
    core.presence(BOB, "away")
    shown = {one.user_id: one for one in core.participants(NOW)}
    assert (shown["ada"].typing, shown["ada"].status) == (True, "online")
    assert (shown["bob"].typing, shown["bob"].status) == (False, "away")
    core.typing(ADA, NOW, is_typing=False)
    assert not next(one for one in core.participants(NOW) if one.user_id == "ada").typing


def test_typing_runs_out() -> None:
    """ROOM-12."""
    core = two_people()
    core.typing(ADA, NOW, is_typing=True)
    timeout = core.limits.typing_timeout
    assert core.sessions.expire_typing(NOW + timeout - 0.1) == []
    assert [one.sid for one in core.sessions.expire_typing(NOW + timeout)] == [ADA]


def test_a_new_role_counts_at_once() -> None:
    """ROOM-16: for all sessions of that user and nobody else's."""
    core = two_people()
    assert [one.sid for one in core.set_role("ada", "viewer")] == [ADA]
    assert {one.user_id: one.role for one in core.participants(NOW)} == {"ada": "viewer", "bob": "member"}


def test_a_removed_member_is_out() -> None:
    """ROOM-16."""
    core = two_people()
    assert [one.sid for one in core.set_role("ada", None)] == [ADA]
    assert core.sessions.user_ids() == {"bob"}
    assert core.set_role("ada", None) == []


def test_who_is_not_in_the_room_can_do_nothing_in_it() -> None:
    """PR-7."""
    core = two_people()
    for act in (
        lambda: core.edit(NOBODY, ["x"], now=NOW),
        lambda: core.cursor(NOBODY, [Range(0, 0)], None),
        lambda: core.presence(NOBODY, "away"),
        lambda: core.typing(NOBODY, NOW, is_typing=True),
        lambda: core.post(NOBODY, "hi", None, "m", NOW),
        lambda: core.react(NOBODY, "m", "👍"),
        lambda: core.edit_message(NOBODY, "m", "hi"),
        lambda: core.delete_message(NOBODY, "m"),
    ):
        with pytest.raises(InvalidError) as refusal:
            act()
        assert refusal.value.code == "not_joined"


class TestSync:
    """Catching up on request."""

    def test_operations_lead_from_the_asked_version(self) -> None:
        """ROOM-7."""
        core = two_people("hello")
        edit(core, ADA, ["> "])
        answer = core.sync(1)
        assert (answer.version, answer.content) == (2, None)
        assert [change.op for change in answer.operations] == [["> "]]

    def test_without_a_version_the_text_itself_comes(self) -> None:
        answer = two_people("hello").sync(None)
        assert (answer.version, answer.content, answer.operations) == (1, "hello", [])

    def test_beyond_the_window_the_text_itself_comes(self) -> None:
        """G10."""
        core = room(limits=RoomLimits(log_window=3))
        enter(core, ADA, "ada")
        for _ in range(12):
            edit(core, ADA, ["a"])
        assert core.sync(0).content == core.content

    def test_a_future_version_is_refused(self) -> None:
        """ROOM-8."""
        with pytest.raises(InvalidError) as refusal:
            two_people().sync(1)
        assert refusal.value.code == "future_version"


def test_edits_that_a_stale_context_would_misplace_are_refused_not_guessed() -> None:
    """ROOM-2: after an own edit, an older version than the one already named is out of order."""
    core = two_people("hello")
    edit(core, BOB, ["> "], version=1)
    edit(core, ADA, ["x"], version=2)
    with pytest.raises(ConflictError):
        edit(core, ADA, ["y"], version=1)
