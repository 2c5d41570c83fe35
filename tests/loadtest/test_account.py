"""The reckoning after a benchmark run: right runs pass with right times, wrong ones are found."""

from __future__ import annotations

import copy

import msgspec
import pytest

from loadtest.account import Window, account
from loadtest.typist import Journal, Sent
from rayrooms.protocol import Ack, AckData, Acked, Change, Changes, ChangesData, Durable, DurableData

_EVER = Window(0.0, 100.0)


def _changes(*changes: Change) -> bytes:
    return msgspec.json.encode(Changes(data=ChangesData(room_id="r", changes=list(changes))))


def _ack(version: int, seq: int) -> bytes:
    return msgspec.json.encode(Acked(data=AckData(room_id="r", client_id="a", acks=[Ack(version=version, seq=seq)])))


def _durable(version: int) -> bytes:
    return msgspec.json.encode(Durable(data=DurableData(room_id="r", version=version)))


@pytest.fixture
def run() -> list[Journal]:
    """Two users. `a` writes the text, `b` joins; then both insert at 0 at once, `b`'s being committed first."""
    first = Journal(
        "a",
        frames=[
            _ack(1, 1),
            _durable(1),
            _changes(Change(version=2, client_id="b", seq=1, op=["B"]), Change(version=3, client_id="a", seq=2)),
            _durable(3),
        ],
        times=[1.5, 2.0, 4.0, 4.5],
        sent=[Sent(1.0, 0, ["text"]), Sent(3.0, 2, ["A"])],
    )
    second = Journal(
        "b",
        content="text",
        version=1,
        frames=[_ack(2, 1), _changes(Change(version=3, client_id="a", seq=2, op=["A"])), _durable(3)],
        times=[3.75, 4.25, 5.0],
        sent=[Sent(3.25, 0, ["B"])],
    )
    return [first, second]


def test_a_right_run_passes_and_is_timed(run: list[Journal]) -> None:
    """LOAD-5: acknowledgements, arrivals and durability are timed from both ends' journals."""
    found = account(run, "ABtext", _EVER)
    assert found.wrong == []
    assert sorted(found.acks) == [0.5, 0.5, 1.0]
    assert sorted(found.arrivals) == [0.75, 1.25]
    assert sorted(found.durable) == [0.5, 0.5, 1.25]


def test_only_the_window_counts(run: list[Journal]) -> None:
    """LOAD-5: what came in the warm-up or after the end is checked, but not timed."""
    found = account(run, "ABtext", Window(3.5, 4.1))
    assert (found.wrong, sorted(found.acks), found.arrivals) == ([], [0.5, 1.0], [0.75])


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("other text", "different texts"),
        ("lost edit", "were acknowledged"),
        ("gap", "version 3 came after 1"),
        ("twice", "version 2 came after 2"),
        ("not durable", "never became durable"),
        ("wrong seq", "acknowledged as"),
    ],
)
def test_a_wrong_run_is_found(run: list[Journal], fault: str, sentence: str) -> None:
    """LOAD-6: a benchmark whose clients disagree, or lost, repeated or skipped something, fails its check."""
    first, second = copy.deepcopy(run)
    newcomer = "ABtext"
    match fault:
        case "other text":
            newcomer = "BAtext"
        case "lost edit":
            second.sent.append(Sent(4.6, 2, ["lost"]))
        case "gap":
            del second.frames[0], second.times[0]
        case "twice":
            second.frames.insert(1, second.frames[0])
            second.times.insert(1, 4.0)
        case "not durable":
            second.frames[2] = _durable(1)
        case "wrong seq":
            first.frames[0] = _ack(1, 2)
    assert any(sentence in wrong for wrong in account([first, second], newcomer, _EVER).wrong)
