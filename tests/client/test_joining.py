"""How a client enters a room, catches up, and starts over without losing an edit."""

from __future__ import annotations

import pytest

from rayrooms.client.events import (
    TextChanged,
)
from rayrooms.client.state import MAX_SUPERSEDED, ClientState
from rayrooms.errors import NotFoundError
from rayrooms.protocol import (
    Change,
    ConnectionResponse,
    ConnectionResponseData,
    JoinRoom,
    LeftRoomData,
    RoomLeft,
)
from tests.client.talk import Talk


def test_first_join() -> None:
    """CL-1: after the server's greeting the client joins without a version, and takes the content."""
    state = ClientState("r", new_client_id=lambda: "mine")
    state.connected()
    assert (state.phase, state.take_outbox()) == ("greeting", [])
    state.receive(ConnectionResponse(data=ConnectionResponseData(session_id="c")))
    assert state.phase == "astray"
    state.join()
    [join] = state.take_outbox()
    assert isinstance(join, JoinRoom)
    assert (join.data.client_id, join.data.version, join.data.version_epoch) == ("mine", None, None)
    talk = Talk("hello", 3)
    assert (talk.state.phase, talk.state.text, talk.state.version) == ("joined", "hello", 3)
    assert talk.events(TextChanged) == [TextChanged(["hello"], own=False)]


def test_gap_joins_again() -> None:
    """CL-6: a missing version sends the client back to join at the version that it has."""
    talk = Talk()
    talk.theirs(12, ["x"])
    assert (talk.state.phase, talk.state.text) == ("astray", "abc")
    talk.theirs(11, ["y"])
    assert talk.state.text == "abc"
    talk.state.join()
    [join] = talk.sent()
    assert isinstance(join, JoinRoom)
    assert (join.data.version, join.data.version_epoch) == (10, 1)


@pytest.mark.parametrize(
    "change",
    [
        Change(version=11, client_id="client-1", seq=7),
        Change(version=11, client_id="other", seq=1),
        Change(version=11, client_id="other", seq=1, op=[99, "x"], user_id="bob"),
        Change(version=11, client_id="other", seq=1, op=[{"d": "zzz"}], user_id="bob"),
    ],
)
def test_what_cannot_be_asks_for_a_fresh_copy(change: Change) -> None:
    """CL-7: an unknown own edit, a commit without operation or one that does not fit: the copy is not the room's."""
    talk = Talk()
    talk.state.edit([3, "mine"])
    talk.commits(change)
    assert talk.state.phase == "astray"
    talk.sent()
    talk.state.join()
    [join] = talk.sent()
    assert isinstance(join, JoinRoom)
    assert join.data.version is None
    talk.joined(content="xyz", version=20)
    assert (talk.state.text, talk.edits()) == ("xyzmine", [(1, 20, [3, "mine"])])


def test_rejoin_with_operations() -> None:
    """CL-8, G2: own edits among the operations count as acknowledged; the rest goes again, transformed, same seqs."""
    talk = Talk()
    for at, letter in enumerate("xyz"):
        talk.state.edit([3 + at, letter])
    talk.state.disconnected()
    talk.connect()
    [join] = [message for message in talk.sent() if isinstance(message, JoinRoom)]
    assert (join.data.version, join.data.client_id) == (10, "client-1")
    own = Change(version=12, client_id="client-1", seq=1, op=[5, "x"], user_id="ada")
    theirs = Change(version=11, client_id="other", seq=1, op=["> "], user_id="bob")
    talk.joined(version=12, operations=[theirs, own], last_seq=1)
    assert talk.edits() == [(2, 12, [6, "y"]), (3, 12, [7, "z"])]
    assert talk.state.text == "> abcxyz"


def test_offline_edits() -> None:
    """CL-9: edits made offline are applied at once and sent after joining, composed, behind those on their way."""
    talk = Talk()
    talk.state.edit(["x"])
    talk.state.disconnected()
    talk.sent()
    talk.state.edit(["y"])
    talk.state.edit(["z"])
    assert talk.state.text == "zyxabc"
    assert talk.state.saved == "offline (2 unsent)"
    talk.connect()
    talk.joined(version=10)
    assert talk.edits() == [(1, 10, ["x"]), (2, 10, ["zy"])]


def test_reset_makes_lost_edits_again() -> None:
    """CL-10, G4: acknowledged but lost, on their way, unsent: all are made again upon the room's content."""
    talk = Talk("abc", 10, window=2)
    talk.state.edit([3, "1"])
    talk.ack((11, 1))
    talk.theirs(12, ["gone "])
    talk.state.edit([9, "2"])
    talk.state.edit([10, "3"])
    talk.state.edit([11, "4"])
    talk.sent()
    assert talk.state.text == "gone abc1234"
    talk.state.disconnected()
    talk.connect()
    talk.joined(version=10, epoch=2, content="abc?", reset=True, last_seq=0)
    assert talk.state.text == "abc1234?"
    assert talk.edits() == [(1, 10, [3, "1234"])]


def test_reset_without_loss() -> None:
    """CL-10, G2: what the room's content holds already is not made again."""
    talk = Talk()
    talk.state.edit([3, "1"])
    talk.ack((11, 1))
    talk.state.edit([4, "2"])
    talk.state.edit([5, "3"])
    talk.state.disconnected()
    talk.connect()
    talk.sent()
    talk.joined(version=99, content="start abc12 end", reset=True, last_seq=2)
    assert talk.state.text == "start abc123 end"
    assert talk.edits() == [(3, 99, [11, "3"])]


def test_durable_edits_are_not_kept() -> None:
    """CL-11: an edit that is in the database is never made again, one that is not is, even after a reset."""
    talk = Talk()
    talk.state.edit([3, "1"])
    talk.state.edit([4, "2"])
    talk.ack((11, 1), (12, 2))
    assert talk.state.saved == "saving"
    talk.durable(11)
    assert talk.state.saved == "saving"
    talk.state.disconnected()
    talk.connect()
    talk.joined(version=50, durable=11, content="abc12 and more", reset=True, last_seq=2)
    talk.state.disconnected()
    talk.connect()
    talk.sent()
    talk.joined(version=11, epoch=2, durable=11, content="abc1", reset=True, last_seq=1)
    assert talk.state.text == "abc12"
    assert talk.edits() == [(2, 11, [4, "2"])]
    talk.ack((12, 2))
    talk.durable(12)
    assert talk.state.saved == "saved"


def test_unasked_join_resends() -> None:
    """CL-12: when the room has moved, what is on its way goes again at once, with the same seqs."""
    talk = Talk()
    talk.state.edit(["x"])
    talk.sent()
    theirs = Change(version=11, client_id="other", seq=1, op=[3, "!"], user_id="bob")
    talk.joined(asked=False, version=11, epoch=2, operations=[theirs])
    assert talk.edits() == [(1, 11, ["x"])]
    assert talk.state.text == "xabc!"


def test_unasked_reset_asks_itself() -> None:
    """CL-12, G2: edits are numbered anew only behind an own request, which nothing sent before can overtake."""
    talk = Talk()
    talk.state.edit(["x"])
    talk.sent()
    talk.joined(asked=False, version=5, epoch=2, content="abc", reset=True)
    assert talk.state.phase == "astray"
    talk.state.join()
    talk.joined(asked=False, version=5, epoch=2, content="abc", reset=True)
    assert not talk.edits()
    talk.joined(version=5, epoch=2, content="abc", reset=True)
    assert talk.edits() == [(1, 5, ["x"])]


def test_client_id_in_use() -> None:
    """CL-13, G2: a room that knows more edits of this client id than were made: it is someone else's; take another."""
    talk = Talk()
    talk.state.edit(["x"])
    talk.state.disconnected()
    talk.connect()
    talk.sent()
    talk.joined(last_seq=5)
    assert talk.state.phase == "astray"
    talk.state.join()
    [join] = talk.sent()
    assert isinstance(join, JoinRoom)
    assert join.data.client_id == "client-2"
    talk.joined()
    assert talk.edits() == [(1, 10, ["x"])]


@pytest.mark.parametrize("code", ["room_unavailable", "room_load_failed", "rate_limited"])
def test_join_refused_for_now(code: str) -> None:
    """CL-18: a join that may succeed later is tried again."""
    talk = Talk()
    talk.state.disconnected()
    talk.connect()
    talk.refuse(code, ref=talk.state._join_ref)
    assert (talk.state.phase, talk.state.retry and talk.state.retry.code) == ("astray", code)


def test_join_refused_for_good() -> None:
    """CL-18: a join that never will succeed closes the client."""
    talk = Talk()
    talk.state.disconnected()
    talk.connect()
    talk.refuse("room_not_found", ref=talk.state._join_ref)
    assert talk.state.phase == "closed"
    assert isinstance(talk.state.failure, NotFoundError)
    talk.state.disconnected()
    assert talk.state.phase == "closed"


def test_put_out_of_the_room() -> None:
    """CL-19: whoever is put out asks to come back, and gives up when another connection keeps taking its place."""
    talk = Talk()
    for _ in range(MAX_SUPERSEDED):
        talk.receive(RoomLeft(data=LeftRoomData(room_id="r", reason="superseded")))
        assert talk.state.phase == "astray"
        talk.state.join()
        talk.joined()
    talk.receive(RoomLeft(data=LeftRoomData(room_id="r", reason="superseded")))
    assert talk.state.phase == "closed"
    assert talk.state.failure is not None
    assert talk.state.failure.code == "superseded"


def test_what_a_restore_took_out_stays_out() -> None:
    """CL-57: own edits that were durable and are in the room no more are not made again; those that were not, are."""
    talk = Talk()
    for number, letter in enumerate("xyz", 1):
        talk.state.edit([letter])
        talk.ack((10 + number, number))
    talk.durable(12)
    assert talk.state.text == "zyxabc"
    talk.sent()
    talk.state.disconnected()
    talk.connect()
    talk.joined(version=5, epoch=2, content="old", durable=5, last_seq=0)
    assert talk.state.text == "zold"
    assert talk.edits() == [(1, 5, ["z"])]


def test_a_watermark_of_another_history() -> None:
    """CL-57, G4: what a room that has lost an edit stores in its place does not make that edit durable."""
    talk = Talk()
    talk.state.edit(["x"])
    talk.ack((11, 1))
    talk.joined(asked=False, version=10, epoch=2, content="abc", durable=10, last_seq=0, reset=True)
    assert talk.state.phase == "astray"
    talk.durable(11)  # somebody else's edit, in the room that has moved
    talk.state.join()
    talk.sent()
    talk.joined(version=11, epoch=2, content="abcd", durable=11, last_seq=0, reset=True)
    assert talk.state.text == "xabcd"
    assert talk.edits() == [(1, 11, ["x"])]


def test_the_watermark_of_a_restored_room() -> None:
    """CL-57: what it stored before says nothing of what is edited since, however low its versions are."""
    talk = Talk()
    talk.state.edit(["x"])
    talk.ack((11, 1))
    talk.durable(11)
    talk.state.disconnected()
    talk.connect()
    talk.joined(version=5, epoch=2, content="old", durable=5, last_seq=0)
    assert (talk.state.text, talk.state.saved) == ("old", "saved")
    talk.state.edit(["new "])
    talk.ack((6, 1))
    assert talk.state.saved == "saving"
    talk.durable(6)
    assert talk.state.saved == "saved"
