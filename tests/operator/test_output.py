"""What the operator's commands write: nothing that a terminal would obey, tables that line up, one line a happening."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from rayrooms.client.bodies import LoggedOperation
from rayrooms.protocol import ChatMessage, Participant
from serve.operator import output
from serve.operator.happenings import Connection, Follower

if TYPE_CHECKING:
    from rayrooms.protocol import Operation, Role

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOSTILE = "\x1b]0;owned\x07\r\n\u202e\u2028"


def logged(version: int, op: Operation, user_id: str = "ada") -> LoggedOperation:
    return LoggedOperation(version, op, user_id, "client", version, NOON)


def person(session_id: str, user_id: str, role: Role = "member", name: str = "") -> Participant:
    return Participant(session_id=session_id, user_id=user_id, name=name or user_id.title(), colour="", role=role)


def message(content: str = "hi", **fields: object) -> ChatMessage:
    return ChatMessage(
        **{"id": "m", "user_id": "ada", "name": "Ada", "content": content, "created_at": NOON} | fields  # type: ignore[arg-type]
    )


@given(st.text())
def test_nothing_reaches_the_terminal_as_control(text: str) -> None:
    """OPS-15: names and texts are made of what can be printed, on one line."""
    for line in (output.plain(text), *output.table(["A", "B"], [[text, "x"]])):
        assert line.isprintable()
    if text.isprintable():
        assert output.plain(text) == text


def test_no_happening_is_more_than_a_line() -> None:
    """OPS-15: whatever people call themselves, write and say."""
    follower = Follower(0)
    told = [
        Connection.now("offline", 1, HOSTILE),
        *follower.people([person("s", "u", name=HOSTILE)], None),
        *follower.edits([logged(1, [HOSTILE * 99], "u")]),
        *follower.chat(message(HOSTILE, name=HOSTILE)),
        *follower.chat(message(HOSTILE, name=HOSTILE, reactions={HOSTILE: ["u"]})),
    ]
    assert len(told) == 5
    for happening in told:
        assert happening.as_line().isprintable()
        assert len(happening.as_line()) < 600
        assert json.loads(happening.as_json())["at"].endswith("Z")


def test_tables_line_up() -> None:
    """OPS-10: columns side by side, numbers to the right."""
    assert output.table(["ROOM", "USERS"], [["a", "10"], ["long", "2"]], numbers=["USERS"]) == [
        "ROOM  USERS",
        "a        10",
        "long      2",
    ]
    assert output.table(["ROOM", "NAME"], []) == ["ROOM  NAME"]
    assert [output.size(count) for count in (0, 999, 1_500, 123_456, 48_000_000)] == [
        "0 B",
        "999 B",
        "1.5 kB",
        "123 kB",
        "48.0 MB",
    ]
    assert [output.some(count, "member") for count in (0, 1, 2)] == ["0 members", "1 member", "2 members"]


def test_each_edit_is_told_once() -> None:
    """OPS-14: with its author by name where that is known, also when a page brings it again."""
    follower = Follower(2)
    list(follower.people([person("s", "ada")], None))
    told = list(follower.edits([logged(2, ["old"]), logged(3, [4, "new"]), logged(4, [{"d": "gone"}], "bob")]))
    assert [line.as_line().split("  ", 1)[1] for line in told] == [
        'edit    3  Ada  insert at 4: "new"',
        'edit    4  bob  delete at 0: "gone"',
    ]
    assert list(follower.edits([logged(3, ["x"]), logged(4, ["x"])])) == []
    assert follower.version == 4


def test_people_come_and_go_with_their_last_session() -> None:
    """OPS-14: a person is one, however many sessions they have; this command's own is nobody."""
    follower = Follower(0)

    def told(*sessions: Participant) -> list[tuple[str, str]]:
        return [(one.change, one.user_id) for one in follower.people(sessions, "own")]

    assert told(person("own", "me"), person("1", "ada")) == [("here", "ada")]
    assert told(person("own", "me"), person("1", "ada"), person("2", "ada"), person("3", "bob")) == [("came", "bob")]
    assert told(person("2", "ada"), person("3", "bob", "viewer")) == [("role", "bob")]
    assert told(person("2", "ada")) == [("left", "bob")]
    assert told() == [("left", "ada")]
    assert told(person("4", "ada")) == [("came", "ada")]


def test_what_became_of_a_message() -> None:
    """OPS-14: posted, edited, reacted to, taken back; what was there before, or is told again, is nothing new."""
    follower = Follower(0)
    follower.heard([message("old", id="old")])
    kept = message()
    steps = [
        (message("old", id="old"), []),
        (kept, ["posted"]),
        (kept, []),
        (message("hi there", edited=True), ["edited"]),
        (message("hi there", edited=True, reactions={"👍": ["bob"]}), ["reacted"]),
        (message("", deleted=True), ["deleted"]),
    ]
    for now, changes in steps:
        assert [one.change for one in follower.chat(now)] == changes


def test_a_reaction_to_a_message_that_the_client_keeps() -> None:
    """OPS-14: the client changes the very message that was told before."""
    follower = Follower(0)
    kept = message()
    list(follower.chat(kept))
    kept.reactions = {"👍": ["bob"]}
    [told] = follower.chat(kept)
    assert told.as_line().endswith('Ada  "hi" has 👍 1')
    kept.reactions = {}
    [told] = follower.chat(kept)
    assert told.as_line().endswith("no reactions")
