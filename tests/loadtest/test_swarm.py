"""Who shares a room with whom among Locust's users."""

from __future__ import annotations

from loadtest.swarm.rooms import SharedRooms


def test_teams_are_filled_one_after_the_other() -> None:
    """LOAD-16: and one of each makes the room."""
    rooms = SharedRooms()
    placed = [rooms.place(3) for _ in range(7)]
    assert [placed.index(room) for room in placed] == [0, 0, 0, 3, 3, 3, 6]
    assert [room.found() for room in placed] == [True, False, False] * 2 + [True]
    assert len({room.room_id for room in placed}) == 3


def test_a_class_has_one_teacher() -> None:
    """LOAD-16: whoever comes first."""
    rooms = SharedRooms(taught=True)
    students = [rooms.place(4) for _ in range(4)]
    first, second = students[0], students[3]
    assert students == [first, first, first, second]
    assert [rooms.teach(4) for _ in range(3)][:2] == [first, second]
    late = rooms.teach(4)
    assert late not in {first, second}
    assert [rooms.place(4) for _ in range(2)] == [second, second]
