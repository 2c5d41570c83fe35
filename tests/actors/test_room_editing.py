"""Editing in a room: one order, exactly once, and refusals that change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actors.core.room import CONFLICTS_PER_EDIT
from actors.core.state import ClientMark, RoomLimits
from rayrooms import text
from rayrooms.errors import ConflictError, ForbiddenError, InvalidError, RayroomsError, TooLargeError

from .rooms import ADA, BOB, EVE, NOW, edit, enter, room, stored, two_people, user

if TYPE_CHECKING:
    from rayrooms.protocol import Operation


def test_each_commit_takes_the_next_version() -> None:
    """ROOM-1."""
    core = two_people()
    assert [edit(core, ADA, ["a"]), edit(core, BOB, ["b"]), edit(core, ADA, ["c"])] == [1, 2, 3]
    assert core.content == "cba"
    assert core.version_epoch == 2


def test_a_concurrent_edit_is_transformed_over_what_its_author_had_not_seen() -> None:
    """ROOM-1: the later one's text goes before, which is side "left"."""
    core = two_people("hello")
    edit(core, ADA, [5, "!"], version=1)
    edit(core, BOB, [5, "?"], version=1)
    edit(core, BOB, [{"d": "h"}, "H"], version=1)
    assert core.content == "Hello?!"


def test_the_log_replays_to_the_text() -> None:
    """G1: at every version."""
    core = two_people("hello")
    texts = [core.content]
    edits: list[tuple[int, Operation, int]] = [
        (ADA, [1, {"d": 3}], 1),
        (BOB, [5, "!"], 1),
        (ADA, ["😀"], 1),
        (BOB, [2, {"d": 1}], 2),
    ]
    for sid, op, version in edits:
        edit(core, sid, op, version)
        texts.append(core.content)
    replayed = texts[0]
    for commit, expected in zip(core.log.after(1), texts[1:], strict=True):
        replayed = text.apply(replayed, commit.op)
        assert replayed == expected


def test_what_was_sent_as_one_operation_stays_one() -> None:
    """ROOM-1."""
    core = two_people("hello")
    edit(core, ADA, [1, "a", 2, "b"], version=1)
    edit(core, BOB, [2, "x"], version=1)
    assert [len(core.log.after(version)) for version in (1, 2)] == [2, 1]


def test_stored_deletes_carry_their_text() -> None:
    """ROOM-9."""
    core = two_people("hello")
    edit(core, ADA, [1, {"d": 3}])
    last = core.log.last
    assert last is not None
    assert last.op == [1, {"d": "ell"}]


def test_a_repeat_is_answered_with_its_first_version() -> None:
    """G2, ROOM-3."""
    core = two_people()
    for seq in (1, 2, 3):
        edit(core, ADA, ["a"], seq=seq)
    edit(core, BOB, ["b"])
    for seq in (3, 1, 2):
        again = core.edit(ADA, ["something else"], seq=seq, now=NOW)
        assert again.commit is None
        assert again.version == seq
    assert core.content == "baaa"


def test_a_repeat_that_memory_has_lost_says_so() -> None:
    """G2, G10: version 0 sends the caller to the database."""
    core = room(limits=RoomLimits(log_window=3))
    enter(core, ADA, "ada")
    for _ in range(12):
        edit(core, ADA, ["a"])
    assert core.edit(ADA, ["a"], seq=12, now=NOW).version == 12
    assert core.edit(ADA, ["a"], seq=1, now=NOW).version == 0
    assert core.version == 12


def test_dedupe_survives_a_new_session_of_the_same_client() -> None:
    """G2, ROOM-3: a reconnect does not start the numbers again."""
    core = two_people()
    edit(core, ADA, ["a"], seq=1)
    core.detach(ADA)
    enter(core, EVE, "ada")
    assert core.edit(EVE, ["a"], seq=1, now=NOW).commit is None
    assert core.edit(EVE, ["b"], seq=2, now=NOW).commit is not None


def test_an_edit_without_seq_gets_the_next() -> None:
    core = two_people()
    edit(core, ADA, ["a"], seq=1)
    commit = core.edit(ADA, ["b"], now=NOW).commit
    assert commit is not None
    assert commit.seq == 2


REFUSED: list[tuple[Operation, int | None, int | None, type[RayroomsError], str]] = [
    (["x"], 2, None, InvalidError, "future_version"),
    (["x"], -1, None, InvalidError, "future_version"),
    (["x"], 1, 2, ConflictError, "out_of_order"),
    (["x"], 1, 0, InvalidError, "malformed"),
    (["x"], 1, -1, InvalidError, "malformed"),
    ([6, "x"], 1, None, InvalidError, "invalid_operation"),
    ([3, {"d": 3}], 1, None, InvalidError, "invalid_operation"),
    ([{"d": "world"}], 1, None, InvalidError, "invalid_operation"),
    ([2, 3], 1, None, InvalidError, "invalid_operation"),
    (["x", ""], 1, None, InvalidError, "invalid_operation"),
    (["x", 4], 1, None, InvalidError, "invalid_operation"),
    (["a\0"], 1, None, InvalidError, "invalid_text"),
    (["\ud800"], 1, None, InvalidError, "invalid_text"),
    (["x" * 11], 1, None, TooLargeError, "document_too_large"),
]


@pytest.mark.parametrize(("op", "version", "seq", "error", "code"), REFUSED)
def test_a_refused_edit_changes_nothing(
    op: Operation, version: int | None, seq: int | None, error: type[RayroomsError], code: str
) -> None:
    """G8, ROOM-4, ROOM-8: and the same author can go on at once."""
    core = room(stored(["hello"]), limits=RoomLimits(max_document=15))
    enter(core, ADA, "ada")
    with pytest.raises(error) as refusal:
        edit(core, ADA, op, version, seq)
    assert refusal.value.code == code
    assert (core.content, core.version, core.client("ada-client")) == ("hello", 1, None)
    assert edit(core, ADA, ["> "], 1, 1) == 2


def test_a_document_that_is_too_large_may_only_shrink() -> None:
    """ROOM-10."""
    core = room(stored(["x" * 20]), limits=RoomLimits(max_document=10))
    enter(core, ADA, "ada")
    with pytest.raises(TooLargeError):
        edit(core, ADA, ["y"])
    edit(core, ADA, [{"d": 5}])
    assert len(core.content) == 15


def test_versions_that_a_session_names_never_go_back() -> None:
    """ROOM-2."""
    core = two_people()
    edit(core, BOB, ["b"])
    edit(core, ADA, ["a"], version=1)
    with pytest.raises(ConflictError) as refusal:
        edit(core, ADA, ["a"], version=0)
    assert refusal.value.code == "out_of_order"
    assert core.version == 2


def test_the_first_edit_may_come_from_before_the_join() -> None:
    """ROOM-2: made offline at a version that the log still reaches."""
    core = room(stored(["hello"], [5, " world"]))
    enter(core, ADA, "ada", version=1)
    edit(core, ADA, [5, "!"], version=1)
    assert core.content == "hello! world"


def test_an_edit_from_before_own_commits_is_refused() -> None:
    """ROOM-2, G1: a version without the client's own edits cannot be its context after a rejoin."""
    core = two_people()
    edit(core, ADA, ["a"], seq=1)
    core.detach(ADA)
    enter(core, EVE, "ada")
    with pytest.raises(ConflictError) as refusal:
        edit(core, EVE, ["b"], version=0, seq=2)
    assert refusal.value.code == "out_of_order"


def test_an_edit_older_than_the_log_is_refused() -> None:
    """ROOM-8, G10."""
    core = room(limits=RoomLimits(log_window=3))
    enter(core, ADA, "ada")
    enter(core, BOB, "bob")
    for _ in range(12):
        edit(core, ADA, ["a"])
    with pytest.raises(ConflictError) as refusal:
        edit(core, BOB, ["b"], version=0)
    assert refusal.value.code == "version_too_old"


def test_viewers_cannot_edit() -> None:
    """ROOM-16."""
    core = room()
    enter(core, ADA, "ada", "viewer")
    with pytest.raises(ForbiddenError) as refusal:
        edit(core, ADA, ["x"])
    assert refusal.value.code == "read_only"
    with pytest.raises(ForbiddenError):
        core.submit(user("eve", "viewer"), ["x"], version=None, client_id="c", seq=1, now=NOW)
    assert core.version == 0


def test_nobody_edits_under_another_client_id() -> None:
    """ROOM-6."""
    core = two_people()
    with pytest.raises(ForbiddenError):
        core.edit(ADA, ["x"], client_id="bob-client", now=NOW)
    core.edit(ADA, ["x"], client_id="ada-client", now=NOW)


def test_conflicts_are_recorded_between_different_users_only() -> None:
    """ROOM-14."""
    core = two_people("hello")
    enter(core, EVE, "eve")
    core.attach(9, user("ada"), "second window", now=NOW)
    edit(core, BOB, [5, "!"], version=1)
    edit(core, ADA, [5, "?"], version=1)
    found = core.edit(9, [5, "."], version=1, now=NOW).conflicts
    assert [(one.version, one.other_version, one.user_id, one.other_user_id, one.kind) for one in found] == [
        (4, 2, "ada", "bob", "insert-insert")
    ]


def test_the_conflicts_of_one_edit_are_bounded() -> None:
    """G10, ROOM-14."""
    core = two_people("hello")
    for _ in range(20):
        edit(core, BOB, ["b"], version=1)
    found = core.edit(ADA, ["a"], version=1, now=NOW).conflicts
    assert 0 < len(found) <= CONFLICTS_PER_EDIT


class TestSubmit:
    """Edits without a session, as they come by REST."""

    def test_its_context_is_its_version_alone(self) -> None:
        core = two_people("hello")
        edit(core, ADA, ["> "], version=1)
        core.submit(user("eve"), [5, "!"], version=1, client_id="c", seq=1, now=NOW)
        core.submit(user("eve"), [5, "?"], version=1, client_id="c", seq=2, now=NOW)
        assert core.content == "> hello?!"

    def test_a_repeat_is_answered_with_its_first_version(self) -> None:
        """G2."""
        core = room()
        for _ in range(2):
            done = core.submit(user("eve"), ["x"], version=None, client_id="c", seq=1, now=NOW)
            assert done.version == 1
        assert core.content == "x"

    def test_what_the_database_knows_counts(self) -> None:
        """G2."""
        known = ClientMark(4, 1, "eve")
        done = room().submit(user("eve"), ["x"], version=None, client_id="c", seq=4, known=known, now=NOW)
        assert done.commit is None

    def test_a_gap_is_refused(self) -> None:
        """ROOM-4."""
        with pytest.raises(ConflictError) as refusal:
            room().submit(user("eve"), ["x"], version=None, client_id="c", seq=2, now=NOW)
        assert refusal.value.code == "out_of_order"

    def test_a_client_id_of_a_session_or_of_another_user_is_refused(self) -> None:
        """ROOM-6."""
        core = two_people()
        core.submit(user("eve"), ["x"], version=None, client_id="c", seq=1, now=NOW)
        for who, client_id in (("ada", "ada-client"), ("ada", "c")):
            with pytest.raises(ForbiddenError):
                core.submit(user(who), ["x"], version=None, client_id=client_id, seq=2, now=NOW)
        assert core.version == 1

    @pytest.mark.parametrize("version", [2, -1])
    def test_a_version_that_does_not_exist_is_refused(self, version: int) -> None:
        """ROOM-8."""
        with pytest.raises(InvalidError) as refusal:
            room(stored(["x"])).submit(user("eve"), ["x"], version=version, client_id="c", seq=1, now=NOW)
        assert refusal.value.code == "future_version"
