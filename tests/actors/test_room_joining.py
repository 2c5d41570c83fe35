"""Coming into a room: what a newcomer is told, whose place it takes, who is refused."""

from __future__ import annotations

import pytest

from actors.core.state import ClientMark, RoomLimits, RoomState
from rayrooms import text
from rayrooms.errors import ConflictError, ForbiddenError, InvalidError
from rayrooms.protocol import Range

from .rooms import ADA, BOB, EVE, NOW, edit, enter, room, stored, two_people, user


def test_a_newcomer_gets_the_whole_room() -> None:
    """ROOM-7: the text at a version, with the epochs, the people and the chat."""
    core = room(stored(["hello"], epoch=4), epoch=5)
    enter(core, BOB, "bob")
    core.post(BOB, "hi", None, "m1", NOW)
    data = core.attach(ADA, user("ada"), "ada-client", now=NOW).data
    assert (data.content, data.version, data.operations, data.reset) == ("hello", 1, [], False)
    assert (data.epoch, data.version_epoch, data.last_seq) == (5, 4, 0)
    assert (data.role, data.client_id, data.session_id) == ("member", "ada-client", "1")
    assert [one.user_id for one in data.users] == ["bob", "ada"]
    assert [one.id for one in data.messages] == ["m1"]


def test_who_names_the_version_it_holds_gets_what_came_since() -> None:
    """ROOM-7: the operations lead from there to the room's text."""
    core = room(stored(["ab"], [1, "c"], [2, {"d": "b"}]))
    held = "ab"
    data = core.attach(ADA, user("ada"), "c", version=1, version_epoch=1, now=NOW).data
    assert data.content is None
    assert not data.reset
    for change in data.operations:
        assert change.op is not None
        held = text.apply(held, change.op)
    assert held == core.content


def test_who_is_up_to_date_gets_no_operations() -> None:
    """ROOM-7."""
    data = room(stored(["ab"])).attach(ADA, user("ada"), "c", version=1, version_epoch=1, now=NOW).data
    assert (data.content, data.operations, data.reset) == (None, [], False)


@pytest.mark.parametrize(("version", "epoch"), [(2, 9), (3, 1), (0, 5)])
def test_who_holds_another_history_gets_the_whole_text(version: int, epoch: int) -> None:
    """ROOM-7, G1: never operations that lead from somewhere else."""
    core = room(stored(["ab"], [1, "c"]))
    data = core.attach(ADA, user("ada"), "c", version=version, version_epoch=epoch, now=NOW).data
    assert data.reset
    assert data.content == core.content
    assert data.operations == []


def test_who_is_too_far_behind_gets_the_whole_text() -> None:
    """ROOM-7, G10."""
    core = room(limits=RoomLimits(log_window=3))
    enter(core, BOB, "bob")
    for number in range(12):
        edit(core, BOB, [f"{number}"])
    data = core.attach(ADA, user("ada"), "c", version=1, version_epoch=2, now=NOW).data
    assert data.reset
    assert data.content == core.content


def test_last_seq_is_that_of_the_client_id() -> None:
    """G2: after a reconnect, the client learns which of its edits have arrived."""
    state = stored(["ab"])
    state.clients = {"ada-client": ClientMark(7, 1, "ada")}
    core = room(state)
    assert core.attach(ADA, user("ada"), "ada-client", now=NOW).data.last_seq == 7
    assert core.attach(BOB, user("bob"), "bob-client", now=NOW).data.last_seq == 0


def test_what_only_the_database_knows_of_a_client_counts_too() -> None:
    """G2, G10: the room forgets old clients, but not what they have committed."""
    core = room()
    known = ClientMark(9, 1, "ada")
    assert core.attach(ADA, user("ada"), "old", known=known, now=NOW).data.last_seq == 9
    assert core.edit(ADA, ["x"], seq=9, now=NOW).commit is None
    assert core.edit(ADA, ["x"], seq=10, now=NOW).commit is not None


def test_a_client_id_has_one_holder_and_the_newest_wins() -> None:
    """ROOM-5: nothing that is still under way from the older session can be committed."""
    core = two_people()
    joined = core.attach(EVE, user("ada"), "ada-client", now=NOW)
    assert joined.evicted is not None
    assert joined.evicted.sid == ADA
    with pytest.raises(InvalidError) as refusal:
        edit(core, ADA, ["late"])
    assert refusal.value.code == "not_joined"
    edit(core, EVE, ["x"])
    assert core.content == "x"


@pytest.mark.parametrize("still_here", [True, False])
def test_a_client_id_belongs_to_one_user(*, still_here: bool) -> None:
    """ROOM-6: while its user is here, and after."""
    core = two_people()
    edit(core, ADA, ["x"])
    if not still_here:
        core.detach(ADA)
    with pytest.raises(ForbiddenError):
        core.attach(EVE, user("eve"), "ada-client", now=NOW)
    assert {session.user.user_id for session in core.sessions} == ({"ada", "bob"} if still_here else {"bob"})


def test_a_full_room_admits_only_who_is_in_already() -> None:
    """ROOM-15."""
    core = room(RoomState(room_id="room", max_users=2))
    enter(core, ADA, "ada")
    enter(core, BOB, "bob")
    with pytest.raises(ConflictError) as refusal:
        enter(core, EVE, "eve")
    assert refusal.value.code == "room_full"
    core.attach(EVE, user("ada"), "second window", now=NOW)
    core.detach(BOB)
    enter(core, BOB, "eve")
    assert core.sessions.user_ids() == {"ada", "eve"}


def test_a_newcomer_sees_cursors_where_they_are_now() -> None:
    """ROOM-11."""
    core = two_people("hello")
    core.cursor(BOB, [Range(5, 5)], None)
    edit(core, ADA, ["> "])
    users = core.attach(EVE, user("eve"), "eve-client", now=NOW).data.users
    cursors = {one.user_id: one.cursor for one in users}
    assert cursors["ada"] is None
    assert cursors["bob"] is not None
    assert (cursors["bob"].version, cursors["bob"].ranges) == (2, [Range(7, 7)])


def test_leaving_twice_is_leaving_once() -> None:
    core = two_people()
    left = core.detach(ADA)
    assert left is not None
    assert left.user.user_id == "ada"
    assert core.detach(ADA) is None


def test_the_clients_kept_are_bounded_and_those_present_stay() -> None:
    """G10, G2: a client that is here is never forgotten."""
    core = room(limits=RoomLimits(clients_kept=3))
    enter(core, ADA, "ada")
    edit(core, ADA, ["a"])
    for number in range(10):
        core.submit(user("bob"), ["b"], version=None, client_id=f"c{number}", seq=1, now=NOW)
    assert len(core.clients) == 3
    assert core.client("ada-client") == ClientMark(1, 1, "ada")
    assert core.client("c9") is not None
    assert core.client("c0") is None
