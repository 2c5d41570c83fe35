"""Which acknowledgement an event of the server brings."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from rayrooms import protocol
from rayrooms.protocol import Ack, Change
from serve.socketio.acknowledgements import Acknowledgements, Settlement
from serve.socketio.events import emission_of


def edit(seq: int | None = None, room_id: str = "r") -> protocol.CodeChange:
    return protocol.CodeChange(data=protocol.CodeChangeData(room_id=room_id, op=["x"], seq=seq))


def chat(room_id: str = "r") -> protocol.SendChat:
    return protocol.SendChat(data=protocol.ChatData(room_id=room_id, content="x"))


def join(room_id: str = "r") -> protocol.JoinRoom:
    return protocol.JoinRoom(data=protocol.JoinRoomData(room_id=room_id))


def acked(*pairs: tuple[int, int], room_id: str = "r", ref: int | None = None) -> protocol.Acked:
    acks = [Ack(version=version, seq=seq) for version, seq in pairs]
    return protocol.Acked(data=protocol.AckData(room_id=room_id, client_id="c", acks=acks), ref=ref)


def refused(ref: int) -> protocol.Error:
    return protocol.Error(data=protocol.ErrorData(code="malformed", message="No."), ref=ref)


def left(ref: int | None = None, room_id: str = "r") -> protocol.RoomLeft:
    return protocol.RoomLeft(data=protocol.LeftRoomData(room_id=room_id, reason="left"), ref=ref)


def settle(waiting: Acknowledgements, event: msgspec.Struct) -> tuple[dict[int, Any], bool]:
    settlement: Settlement = waiting.settle(emission_of(msgspec.json.encode(event)))
    return {number: json.loads(data) for number, data in settlement.answers}, settlement.instead


def codes(answers: dict[int, Any]) -> dict[int, str]:
    return {number: answer["error"]["code"] for number, answer in answers.items()}


@pytest.fixture
def waiting() -> Acknowledgements:
    return Acknowledgements()


def test_an_answer_takes_the_place_of_a_reply(waiting: Acknowledgements) -> None:
    """SIO-4: what nobody else hears comes once."""
    waiting.expect(1, 10, protocol.Ping())
    assert settle(waiting, protocol.Pong(ref=1)) == ({10: {}}, True)
    assert settle(waiting, protocol.Pong(ref=1)) == ({}, False)


def test_without_a_number_events_are_what_they_are(waiting: Acknowledgements) -> None:
    """SIO-4."""
    waiting.expect(1, None, protocol.Ping())
    assert len(waiting) == 0
    assert settle(waiting, protocol.Pong(ref=1)) == ({}, False)


def test_a_refusal_is_an_answer(waiting: Acknowledgements) -> None:
    """SIO-4: also of what could not be read; the event comes too."""
    waiting.expect(1, 10, chat())
    waiting.expect(2, 11, None)
    for ref, number in ((2, 11), (1, 10)):
        answers = {number: {"error": {"code": "malformed", "message": "No."}}}
        assert settle(waiting, refused(ref)) == (answers, False)


def test_commits_answer_edits_in_their_order(waiting: Acknowledgements) -> None:
    """SIO-4, G6: those that ask for no acknowledgement count too."""
    waiting.expect(1, None, edit())
    waiting.expect(2, 10, edit())
    waiting.expect(3, 11, edit(room_id="other"))
    waiting.expect(4, 12, edit())
    assert settle(waiting, acked((5, 1))) == ({}, False)
    own = protocol.Changes(
        data=protocol.ChangesData(
            room_id="r",
            changes=[
                Change(version=6, client_id="d", seq=9, op=["x"], user_id="u"),
                Change(version=7, client_id="c", seq=2),
            ],
        )
    )
    assert settle(waiting, own) == ({10: {"room_id": "r", "version": 7, "client_id": "c", "seq": 2}}, False)
    assert settle(waiting, acked((8, 3)))[0] == {12: {"room_id": "r", "client_id": "c", "version": 8, "seq": 3}}
    assert len(waiting) == 1


def test_a_numbered_edit_is_answered_by_its_own_commit(waiting: Acknowledgements) -> None:
    """SIO-4: not by one that was under way before it, nor by that of a refused one."""
    waiting.expect(1, 10, edit(seq=7))
    waiting.expect(2, 11, edit(seq=8))
    assert settle(waiting, acked((1, 6))) == ({}, False)
    assert list(settle(waiting, refused(1))[0]) == [10]
    assert settle(waiting, acked((2, 8)))[0][11]["version"] == 2


def test_a_repeat_is_answered_by_ref(waiting: Acknowledgements) -> None:
    """SIO-4, ROOM-3: and answers no other edit."""
    waiting.expect(1, 10, edit())
    waiting.expect(2, 11, edit(seq=3))
    assert list(settle(waiting, acked((1, 3), ref=2))[0]) == [11]
    assert list(settle(waiting, acked((2, 4)))[0]) == [10]


def test_what_a_room_that_was_left_did_not_answer_is_refused(waiting: Acknowledgements) -> None:
    """SIO-4: nobody waits for ever; other rooms, and what came later, are not concerned."""
    waiting.expect(1, 10, edit())
    waiting.expect(2, 11, chat())
    waiting.expect(3, 12, chat("other"))
    waiting.expect(4, 13, protocol.LeaveRoom(data=protocol.RoomData(room_id="r")))
    waiting.expect(5, 14, join())
    answers, instead = settle(waiting, left(ref=4))
    assert instead
    assert answers.pop(13) == {"room_id": "r", "reason": "left"}
    assert codes(answers) == {10: "room_unavailable", 11: "room_unavailable"}
    assert len(waiting) == 2


def test_what_an_owner_that_went_did_not_answer_is_refused(waiting: Acknowledgements) -> None:
    """SIO-4, ROOM-20: but joins, which the next owner answers."""
    waiting.expect(1, 10, edit())
    waiting.expect(2, 11, join())
    waiting.expect(3, None, edit())
    answers, instead = settle(waiting, left())
    assert not instead
    assert codes(answers) == {10: "room_unavailable"}
    assert len(waiting) == 1


def test_what_nothing_answers_is_accepted(waiting: Acknowledgements) -> None:
    """SIO-4: unless it was refused."""
    for ref in (1, 2):
        waiting.expect(ref, ref + 9, protocol.Typing(data=protocol.TypingData(room_id="r", is_typing=True)))
    settle(waiting, refused(2))
    assert waiting.accept(1) == [(10, b"{}")]
    assert waiting.accept(2) == []
