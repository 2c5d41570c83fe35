"""Clients that follow a trace, against a real room core."""

from __future__ import annotations

import random

import pytest

from loadtest.author import Author, ReplayError
from loadtest.trace import Trace, TraceEdit
from loadtest.verdict import check_log
from rayrooms.protocol import RoomJoined, RoomJoinedData
from tests.loadtest.sessions import Stage, session


def _play(trace: Trace, seed: int, *, crashes: bool) -> Stage:
    stage = Stage(trace)
    rng = random.Random(seed)
    while stage.left:
        number = rng.randrange(3)
        step = rng.choices(("write", "commit", "tell", "deliver", "crash"), (8, 6, 4, 4, 0.4 if crashes else 0))[0]
        if step == "crash":
            stage.crash()
        elif step != "write":
            getattr(stage, step)(number)
        elif number < 2:
            stage.write(number)
    stage.finish()
    return stage


@pytest.mark.parametrize("crashes", [False, True])
def test_a_session_comes_out_as_it_was_recorded(crashes: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """LOAD-1, LOAD-2: as concurrent as recorded, each edit once and in order, also when the room dies on the way."""
    recovered = 0
    for seed in range(150):
        trace = session(seed, edits=25)
        stage = _play(trace, seed, crashes=crashes)
        recovered += stage.crashes
        texts = {one.state.text for one in stage.everybody}
        assert texts == {stage.content}, seed
        edits = {one.client_id: one.last_seq for one in stage.authors}
        assert check_log(stage.log, edits, stage.content) == [], seed
        assert stage.content == trace.end, seed
    assert recovered > 150 if crashes else recovered == 0


def test_an_author_sees_no_more_than_its_recording_did() -> None:
    """LOAD-1: an edit made without having seen the other's is sent with the version before it."""
    concurrent = [TraceEdit(0, (0, 0), ["base"]), TraceEdit(1, (1, 0), [4, "!"]), TraceEdit(0, (1, 0), ["A "])]
    stage = Stage(Trace("t", 2, concurrent, "A base!"))
    assert stage.write(0)
    assert not stage.write(1), "it must not write before it has seen the first edit"
    stage.commit(0)
    stage.tell(1)
    stage.deliver(1)
    assert stage.write(1)
    stage.commit(1)
    stage.tell(0)
    stage.deliver(0)
    author = stage.authors[0]
    assert (author.state.text, author.state.version) == ("base", 1)
    assert stage.write(0)
    assert author.state.text == "A base", "what it received must wait until it has made its own edit"
    stage.finish()
    assert stage.content == "A base!"


def test_a_room_that_forgot_something_is_reported() -> None:
    """LOAD-2: a room that comes back with another history than it told ends the replay."""
    author = Author("room", "author-0")
    author.state.connected()
    author.state.phase = "joining"
    data = RoomJoinedData(
        room_id="room",
        session_id="s",
        client_id="author-0",
        version=3,
        epoch=1,
        version_epoch=1,
        durable=3,
        last_seq=0,
        role="member",
        content="abc",
    )
    author.state.join()
    author.receive(RoomJoined(data=data, ref=author.take_outbox()[-1].ref))
    assert author.state.text == "abc"
    data.content, data.version, data.reset = "ab", 2, True
    with pytest.raises(ReplayError, match="without all that it had told"):
        author.receive(RoomJoined(data=data))
