"""Sessions: who is here, what they point at, and who is typing."""

from __future__ import annotations

from actors.core.bridge import Bridge
from actors.core.log import Commit, Log
from actors.core.sessions import Session, Sessions, carry, participant
from rayrooms.protocol import Cursor, Operation, Range

from .rooms import NOW, user


def session(sid: int, user_id: str = "ada", client_id: str | None = None) -> Session:
    return Session(sid=sid, user=user(user_id), client_id=client_id or f"{user_id}-client", bridge=Bridge(0))


def log(*operations: Operation, client_id: str = "other", size: int = 100) -> Log:
    made = Log([], base=0, base_epoch=0, size=size)
    for version, op in enumerate(operations, start=1):
        made.append(Commit(version, op, client_id, client_id, version, 1, NOW))
    return made


def test_the_newest_holder_of_a_client_id_is_not_forgotten_with_the_older_one() -> None:
    """ROOM-5."""
    sessions, first, second = Sessions(), session(1), session(2)
    sessions.add(first)
    sessions.add(second)
    sessions.remove(1)
    assert sessions.holder("ada-client") is second
    assert sessions.remove(1) is None
    sessions.remove(2)
    assert sessions.holder("ada-client") is None
    assert len(sessions) == 0


def test_users_with_several_sessions_count_once() -> None:
    """ROOM-15."""
    sessions = Sessions()
    for sid, name in enumerate(("ada", "ada", "bob"), start=1):
        sessions.add(session(sid, name, f"client-{sid}"))
    assert sessions.user_ids() == {"ada", "bob"}


def test_typing_ends_by_itself_unless_renewed() -> None:
    """ROOM-12."""
    sessions, ada, bob = Sessions(), session(1), session(2, "bob")
    for one in (ada, bob):
        sessions.add(one)
    ada.typing_until, bob.typing_until = NOW + 1, NOW + 5
    assert sessions.expire_typing(NOW) == []
    assert sessions.expire_typing(NOW + 1) == [ada]
    assert sessions.expire_typing(NOW + 2) == []  # told once
    assert sessions.expire_typing(NOW + 9) == [bob]


def test_selections_follow_the_text() -> None:
    """ROOM-11: seen at any time, a cursor is right for the newest version."""
    one = session(1)
    one.ranges = [Range(4, 6), Range(0, 0)]
    carry(one, log(["ab"], [5, {"d": "x"}]))
    assert one.ranges == [Range(5, 7), Range(0, 0)]
    assert one.ranges_version == 2


def test_an_own_insert_pushes_the_own_caret_along() -> None:
    """ROOM-11: somebody else's insert at the caret leaves it where it is."""
    mine, theirs = session(1), session(2, "bob")
    mine.ranges, theirs.ranges = [Range(3, 3)], [Range(3, 3)]
    history = log([3, "xy"], client_id="ada-client")
    carry(mine, history)
    carry(theirs, history)
    assert mine.ranges == [Range(5, 5)]
    assert theirs.ranges == [Range(3, 3)]


def test_a_participant_is_shown_as_of_now() -> None:
    """ROOM-11."""
    one = session(0xAB)
    one.ranges = [Range(1, 2)]
    one.typing_until = NOW + 1
    shown = participant(one, log(["z"]), NOW)
    assert (shown.session_id, shown.user_id, shown.role) == ("ab", "ada", "member")
    assert shown.typing
    assert shown.cursor == Cursor(version=1, ranges=[Range(2, 3)])
    assert not participant(one, log(["z"]), NOW + 2).typing
    one.ranges = []
    assert participant(one, log(["z"]), NOW).cursor is None
