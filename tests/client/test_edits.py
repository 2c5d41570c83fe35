"""How edits go out, are acknowledged, meet those of others, and are refused."""

from __future__ import annotations

import pytest

from rayrooms.client.events import (
    EditRefused,
    RequestRefused,
    TextChanged,
)
from rayrooms.errors import ForbiddenError, InvalidError
from rayrooms.protocol import (
    Change,
    Participant,
    UserJoined,
    UserJoinedData,
)
from tests.client.talk import Talk


def test_edits_are_pipelined() -> None:
    """CL-2: edits go out at once, numbered from 1, each with the newest version seen."""
    talk = Talk()
    talk.state.edit(["x"])
    talk.state.edit([1, "y"])
    talk.theirs(11, [3, "!"])
    talk.state.edit(["z"])
    assert talk.edits() == [(1, 10, ["x"]), (2, 10, [1, "y"]), (3, 11, ["z"])]
    assert talk.state.text == "zxyabc!"


def test_own_edits_go_left() -> None:
    """CL-3, G1: a commit by someone else at the same place comes after the own insert, as the room will have it."""
    talk = Talk()
    talk.state.edit([1, "ME"])
    talk.theirs(11, [1, "you"])
    assert talk.state.text == "aMEyoubc"
    talk.ack((12, 1))
    assert talk.state.text == "aMEyoubc"
    assert talk.state.version == 12


def test_window() -> None:
    """CL-4: beyond the window edits wait, composed into one, and go when there is room."""
    talk = Talk(window=2)
    for letter in "vwxyz":
        talk.state.edit([letter])
    assert [seq for seq, _, _ in talk.edits()] == [1, 2]
    talk.ack((11, 1))
    assert talk.edits() == [(3, 11, ["zyx"])]
    assert talk.state.text == "zyxwvabc"


def test_acknowledgements() -> None:
    """CL-5: an own commit comes as an `ack` or, between others, without its operation."""
    talk = Talk()
    for letter in "xyz":
        talk.state.edit([letter])
    talk.ack((11, 1), (12, 2))
    assert not talk.state.replica.is_acked
    talk.commits(
        Change(version=13, client_id="other", seq=1, op=[5, "!"], user_id="bob"),
        Change(version=14, client_id=talk.state.client_id, seq=3),
    )
    assert talk.state.replica.is_acked
    assert (talk.state.text, talk.state.version) == ("zyxabc!", 14)


def test_repeats_are_skipped() -> None:
    """CL-5: commits that were seen already, own ones too, change nothing."""
    talk = Talk()
    talk.state.edit(["x"])
    talk.ack((11, 1))
    talk.theirs(12, ["y"])
    talk.theirs(12, ["y"])
    talk.ack((11, 1))
    talk.ack((0, 1))
    assert (talk.state.phase, talk.state.text, talk.state.version) == ("joined", "yxabc", 12)


@pytest.mark.parametrize(
    "code", ["backlog_full", "out_of_order", "version_too_old", "room_unavailable", "rate_limited"]
)
def test_passing_refusal(code: str) -> None:
    """CL-16: a refusal that may pass loses nothing: wait, join again, send again."""
    talk = Talk()
    talk.state.edit(["x"])
    talk.sent()
    talk.refuse(code, seq=1)
    assert talk.state.phase == "astray"
    assert talk.state.retry is not None
    assert talk.state.retry.code == code
    talk.state.join()
    talk.joined()
    assert talk.edits() == [(1, 10, ["x"])]
    assert not talk.events(EditRefused)


@pytest.mark.parametrize("code", ["document_too_large", "message_too_large", "invalid_operation", "invalid_text"])
def test_final_refusal(code: str) -> None:
    """CL-17: a refusal for good takes that edit out of the text, moves up the later ones, and is told."""
    talk = Talk()
    for at, word in enumerate(["A", "B", "C"]):
        talk.state.edit([3 + at, word])
    talk.sent()
    talk.ack((11, 1))
    talk.refuse(code, seq=2)
    assert (talk.state.phase, talk.state.retry) == ("astray", None)
    talk.state.join()
    talk.refuse("out_of_order", seq=3)
    assert talk.state.phase == "joining"
    talk.joined(version=11, last_seq=1)
    assert talk.state.text == "abcAC"
    assert talk.edits() == [(2, 11, [4, "C"])]
    [refused] = talk.events(EditRefused)
    assert isinstance(refused, EditRefused)
    assert (refused.op, refused.error.code) == ([4, "B"], code)


def test_refusal_of_an_earlier_sending() -> None:
    """CL-17: refusals are matched by `ref`: what an earlier sending met does not touch the edit with its seq now."""
    talk = Talk()
    talk.state.edit(["x"])
    [first] = talk.sent()
    talk.joined(asked=False)
    talk.refuse("document_too_large", seq=1, ref=first.ref)
    assert talk.state.phase == "joined"
    assert not talk.events(RequestRefused)


def test_viewers() -> None:
    """CL-14: a viewer's edits are refused before they are made, and what a demoted writer had unsent is told."""
    with pytest.raises(ForbiddenError):
        Talk(role="viewer").state.edit(["x"])
    talk = Talk()
    talk.state.disconnected()
    talk.state.edit(["x"])
    talk.connect()
    talk.joined(role="viewer")
    assert (talk.state.text, talk.edits()) == ("abc", [])
    assert [event.error.code for event in talk.events(EditRefused)] == ["read_only"]  # type: ignore[attr-defined]
    me = Participant(session_id="s", user_id="ada", name="Ada", colour="#000000", role="member")
    talk.receive(UserJoined(data=UserJoinedData(room_id="r", user=me)))
    talk.state.edit(["y"])
    assert talk.state.text == "yabc"


def test_bad_edits_change_nothing() -> None:
    """CL-33, G8: what is not an operation for this text is refused here."""
    talk = Talk()
    bad: list[object] = [[99, "x"], [{"d": "zzz"}], ["\0"], [0], "x", [True]]
    for op in bad:
        with pytest.raises(InvalidError):
            talk.state.edit(op)  # type: ignore[arg-type]  # that is the point
    talk.state.edit([])
    assert (talk.state.text, talk.sent(), talk.events(TextChanged)[1:]) == ("abc", [], [])
