"""What goes into one transaction, without any database."""

from __future__ import annotations

import pytest

from persistence.feed import Conflict, Hello, MemberSeen, Message, Op, Record, Snapshot
from persistence.writer.batch import Batch, FeedBuffer, Owner, RoomRecords, collect

from .senders import insertion, insertions

NO_LIMITS = {"max_records": 10**9, "max_bytes": 10**9}


def _feed(room_id: str = "room", epoch: int = 1, sender: str = "s") -> FeedBuffer:
    return FeedBuffer(Hello(room_id, epoch, sender))


def _message(n: int, content: str) -> Message:
    return Message(n, "m", "ada", "Ada", content, None, {}, False, False, 1.0)


def test_records_stay_until_they_are_committed() -> None:
    """WR-1: collecting takes nothing away, so a failed batch is collected again together with what has come since."""
    feed = _feed()
    feed.add(insertions(1, 3), 30, 1.0)
    first = collect([feed], [], **NO_LIMITS)
    feed.add(insertions(4, 5), 20, 2.0)
    second = collect([feed], [], **NO_LIMITS)
    assert list(first.rooms[feed.owner].ops) == [1, 2, 3]
    assert list(second.rooms[feed.owner].ops) == [1, 2, 3, 4, 5]
    assert (first.reach[feed], second.reach[feed], feed.records, feed.size) == (3, 5, 5, 50)
    assert [chunk.size for chunk in feed.committed(3)] == [30]
    assert (feed.records, feed.size, feed.waiting) == (2, 20, True)
    assert [chunk.size for chunk in feed.committed(5)] == [20]
    assert (feed.records, feed.size, feed.waiting) == (0, 0, False)


def test_each_thing_is_in_a_batch_once() -> None:
    """G2, WR-2: resends within a batch are merged; of a message the last word counts."""
    one, again = _feed(), _feed()
    one.add([*insertions(1, 2), _message(3, "first")], 10, 1.0)
    again.add([*insertions(1, 2), _message(3, "first"), _message(4, "second")], 10, 2.0)
    batch = collect([again, one], [], **NO_LIMITS)
    room = batch.rooms[Owner("room", 1)]
    assert list(room.ops) == [1, 2]
    assert room.messages["m"].content == "second"
    assert room.poison is None
    assert batch.reach == {one: 3, again: 4}


def test_two_operations_of_one_version_are_a_fork() -> None:
    """G5, WR-3: what claims the same version as another operation is not taken."""
    one, other = _feed(), _feed()
    one.add([insertion(1)], 10, 1.0)
    other.add([insertion(1, client_id="another")], 10, 2.0)
    room = collect([one, other], [], **NO_LIMITS).rooms[Owner("room", 1)]
    assert room.poison is not None
    assert "version 1 came twice" in room.poison
    assert room.ops[1][0].client_id == "client"


def test_epochs_of_one_room_are_kept_apart() -> None:
    """G5, WR-3: a stale owner's records never mix with the present one's."""
    old, new = _feed(epoch=1), _feed(epoch=2)
    old.add([insertion(1)], 10, 1.0)
    new.add([insertion(1, client_id="another")], 10, 1.0)
    batch = collect([old, new], [], **NO_LIMITS)
    assert set(batch.rooms) == {Owner("room", 1), Owner("room", 2)}
    assert all(room.poison is None for room in batch.rooms.values())


def test_limits_are_kept_by_whole_frames_and_the_longest_waiting_goes_first() -> None:
    """G10, WR-4: a transaction is bounded, nobody starves, and a frame over the limit goes alone."""
    early, late = _feed("early"), _feed("late")
    late.add(insertions(1, 4), 10, 2.0)
    early.add(insertions(1, 4), 10, 1.0)
    early.add(insertions(5, 8), 10, 3.0)
    batch = collect([late, early], [], max_records=8, max_bytes=10**9)
    assert batch.reach == {early: 8}
    batch = collect([late, early], [], max_records=10**9, max_bytes=15)
    assert batch.reach == {early: 4}
    batch = collect([late, early], [], max_records=1, max_bytes=1)
    assert batch.reach == {early: 4}
    early.committed(8)
    assert collect([late, early], [], max_records=1, max_bytes=1).reach == {late: 4}


def test_owners_to_be_verified_take_part_without_records() -> None:
    """G5, WR-5: a feed that has sent nothing is checked as well; a gateway has nothing to be checked."""
    batch = collect([], [Owner("room", 1), Owner("", 0, "gateway")], **NO_LIMITS)
    assert {owner: room.records for owner, room in batch.rooms.items()} == {Owner("room", 1): []}


def test_a_resend_may_reach_further_back_than_what_waits_already() -> None:
    """G2, WR-2: the older connection still holds what follows on from what the newer one repeats."""
    older, newer = _feed(), _feed()
    older.add([insertion(n) for n in (3, 4)], 10, 1.0)
    newer.add([insertion(n) for n in (1, 2, 3, 4, 5)], 10, 2.0)
    room = collect([older, newer], [], **NO_LIMITS).rooms[Owner("room", 1)]
    assert room.poison is None
    assert sorted(room.ops) == [1, 2, 3, 4, 5]
    assert room.gap_after(0) is None
    assert room.gap_after(7) is None


_BAD: dict[str, Record] = {
    "a skipped version": insertion(3, version=4),
    "a snapshot ahead of the log": Snapshot(3, 3, 1, "text", {}, 1.0),
    "no UTF-8": Op(3, 3, b'["\xff"]', "ada", "c", 3, 1.0),
    "no JSON": Op(3, 3, b"[", "ada", "c", 3, 1.0),
    "no operation": Op(3, 3, b'[{"x": 1}]', "ada", "c", 3, 1.0),
    "a skipped n": insertion(4, version=3),
    "a repeated n": insertion(2, version=3),
    "no time": Op(3, 3, b'["x"]', "ada", "c", 3, float("nan")),
}


@pytest.mark.parametrize("bad", _BAD)
def test_what_came_before_a_poisoned_record_is_kept(bad: str) -> None:
    """G8, WR-6: a record that cannot be taken costs what follows it, not what came before, nor anybody else."""
    feed, other = _feed(), _feed("other")
    feed.add(insertions(1, 2), 20, 1.0)
    feed.add([_BAD[bad]], 10, 2.0)
    feed.add([insertion(4, version=4)], 10, 3.0)
    other.add(insertions(1, 9), 10, 2.5)
    batch = collect([feed, other], [], **NO_LIMITS)
    room = batch.rooms[feed.owner]
    assert room.poison is not None
    assert list(room.ops) == [1, 2]
    assert batch.rooms[other.owner].poison is None
    assert len(batch.rooms[other.owner].ops) == 9


def test_a_gateway_may_only_tell_who_was_seen() -> None:
    """WR-7: a gateway's feed has no room, so nothing of a room's history may come from it."""
    gateway = _feed("", 0, "gateway-1")
    gateway.add([MemberSeen(1, "room", "ada", True, 1.0)], 10, 1.0)
    assert gateway.poison is None
    gateway.add([insertion(2)], 10, 2.0)
    assert gateway.poison is not None
    assert gateway.owner != _feed("", 0, "gateway-2").owner


@pytest.mark.parametrize(
    ("versions", "head", "wrong"),
    [
        ([1, 2], 0, None),
        ([3, 4], 2, None),
        ([2, 3], 2, None),
        ([1, 2], 9, None),
        ([], 5, None),
        ([2], 0, "version 1 is missing"),
        ([5, 6], 3, "version 4 is missing"),
    ],
)
def test_the_stored_log_never_gets_a_gap(versions: list[int], head: int, wrong: str | None) -> None:
    """G1, WR-8: operations continue the log or repeat it."""
    room = RoomRecords(Owner("room", 1))
    room.add_all([insertion(n, version=version) for n, version in enumerate(versions, 1)])
    gap = room.gap_after(head)
    assert (gap is None) == (wrong is None)
    assert wrong is None or wrong in str(gap)


def test_a_snapshot_never_runs_ahead_of_the_log() -> None:
    """G9, WR-8: else the room could not be loaded."""
    room = RoomRecords(Owner("room", 1))
    room.add_all([Snapshot(1, 2, 1, "1 2 ", {}, 1.0)])
    assert room.gap_after(1) is not None
    assert room.gap_after(2) is None
    room.add_all([insertion(2, version=3), Snapshot(3, 3, 1, "1 2 3 ", {}, 1.0)])
    assert room.poison is None
    assert room.gap_after(2) is None


def test_halves_lose_and_double_nothing() -> None:
    """G8, WR-6: splitting by room, then by order, keeps every record, and the poison at the end."""
    rooms = {}
    for name in ("a", "b", "c"):
        room = RoomRecords(Owner(name, 1))
        room.add_all([*insertions(1, 5), Conflict(6, 5, 4, "a", "b", "insert-insert", "left", 1.0)])
        rooms[room.owner] = room
    rooms[Owner("b", 1)].poison = "bad"
    pieces, batches = [], [Batch(rooms, {})]
    while batches:
        batch = batches.pop(0)
        if batch.indivisible:
            pieces.append(batch)
        else:
            batches[:0] = batch.halves()
    by_room: dict[str, list[int]] = {}
    poisoned = []
    for piece in pieces:
        [(owner, room)] = piece.rooms.items()
        by_room.setdefault(owner.room_id, []).extend(record.n for record in room.records)
        if room.poison:
            poisoned.append((owner.room_id, by_room[owner.room_id][-1]))
    assert by_room == {name: [1, 2, 3, 4, 5, 6] for name in ("a", "b", "c")}
    assert poisoned == [("b", 6)]
