"""What else a client keeps: cursors, presence, chat."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rayrooms import protocol
from rayrooms.client.events import (
    ChatChanged,
    Confirmed,
    CursorMoved,
    PresenceChanged,
)
from rayrooms.errors import UnavailableError
from rayrooms.protocol import (
    Change,
    ChatMessage,
    ChatMessageData,
    ChatPosted,
    CodeChange,
    Cursor,
    CursorMovedData,
    CursorUpdate,
    DeleteMessage,
    EditMessage,
    MessageChanged,
    MessageChangedData,
    Participant,
    PresenceUpdate,
    Range,
    ReactionAdded,
    ReactionAddedData,
    SyncResponse,
    SyncResponseData,
    UserJoined,
    UserJoinedData,
    UserLeft,
    UserLeftData,
)
from tests.client.talk import Talk


def bob(cursor: Cursor | None = None) -> Participant:
    return Participant(session_id="b", user_id="bob", name="Bob", colour="#000000", role="member", cursor=cursor)


def moved(version: int, *ends: int) -> protocol.CursorMoved:
    cursor = Cursor(version=version, ranges=[Range(*ends)])
    return protocol.CursorMoved(data=CursorMovedData(room_id="r", session_id="b", user_id="bob", cursor=cursor))


def test_cursors_of_others() -> None:
    """CL-31: another's cursor is right in the local text at every moment: over own edits, and over commits."""
    talk = Talk("abcdef")
    talk.joined(asked=False, users=[bob()])
    talk.state.edit(["12"])
    talk.receive(moved(10, 2, 4))
    assert talk.state.cursors == {"b": [Range(4, 6)]}
    talk.ack((11, 1))
    assert talk.state.cursors == {"b": [Range(4, 6)]}
    talk.commits(Change(version=12, client_id="other", seq=1, op=["!"], user_id="eve"))
    assert talk.state.cursors == {"b": [Range(5, 7)]}
    [event] = talk.events(CursorMoved)
    assert event == CursorMoved("b", "bob", [Range(4, 6)])


def test_cursors_at_other_versions() -> None:
    """CL-31: a cursor taken before a commit that is here already, or after one that is not yet, still gets right."""
    talk = Talk("abcdef")
    talk.joined(asked=False, users=[bob()])
    talk.commits(Change(version=11, client_id="other", seq=1, op=["!"], user_id="eve"))
    talk.receive(moved(10, 2, 2))
    assert talk.state.cursors == {"b": [Range(3, 3)]}
    talk.receive(moved(12, 1, 1))
    talk.commits(Change(version=12, client_id="other", seq=2, op=["??"], user_id="eve"))
    assert talk.state.cursors == {"b": [Range(1, 1)]}
    talk.commits(Change(version=13, client_id="other", seq=3, op=["..."], user_id="eve"))
    assert talk.state.cursors == {"b": [Range(4, 4)]}
    talk.receive(moved(3, 1, 1))
    assert talk.state.cursors == {}


def test_own_cursor_waits_for_edits() -> None:
    """CL-37: the own cursor is sent behind the edits that it stands upon, moved along till then; also on rejoining."""
    talk = Talk("abc", window=1)
    talk.state.edit(["x"])
    talk.state.edit(["y"])
    talk.state.set_cursor([Range(2, 3)])
    assert not [message for message in talk.sent() if isinstance(message, CursorUpdate)]
    talk.theirs(11, ["!!"])
    talk.ack((12, 1))
    edit, cursor = talk.sent()
    assert isinstance(edit, CodeChange)
    assert isinstance(cursor, CursorUpdate)
    assert (cursor.data.version, cursor.data.ranges) == (12, [Range(2, 5)])
    assert talk.state.text == "yx!!abc"
    talk.state.disconnected()
    talk.connect()
    talk.sent()
    talk.joined(version=12, last_seq=1)
    assert [type(message) for message in talk.sent()] == [CodeChange, CursorUpdate]


def test_presence_is_told_again() -> None:
    """CL-38: who is away stays so over a rejoin."""
    talk = Talk()
    talk.state.set_presence("away")
    talk.state.disconnected()
    talk.connect()
    talk.sent()
    talk.joined()
    assert [type(message) for message in talk.sent()] == [PresenceUpdate]


def test_company() -> None:
    """CL-39: comings and goings, chat and reactions are kept and told."""
    talk = Talk()
    talk.events(object)
    talk.receive(UserJoined(data=UserJoinedData(room_id="r", user=bob())))
    talk.receive(UserLeft(data=UserLeftData(room_id="r", session_id="b", user_id="bob")))
    talk.receive(UserLeft(data=UserLeftData(room_id="r", session_id="nobody", user_id="nobody")))
    assert talk.events(PresenceChanged) == [PresenceChanged("b", bob()), PresenceChanged("b", None)]
    chat = ChatMessage(id="1", user_id="bob", name="Bob", content="hi", created_at=datetime.now(UTC))
    talk.receive(ChatPosted(data=ChatMessageData(room_id="r", message=chat)))
    talk.receive(ChatPosted(data=ChatMessageData(room_id="r", message=chat)))
    for message_id in ("1", "2"):
        reacted = ReactionAddedData(
            room_id="r", message_id=message_id, emoji="👍", user_id="ada", reactions={"👍": ["ada"]}
        )
        talk.receive(ReactionAdded(data=reacted))
    assert len(talk.events(ChatChanged)) == 3
    assert [(one.id, one.reactions) for one in talk.state.company.messages] == [("1", {"👍": ["ada"]})]


def test_edited_and_deleted_messages() -> None:
    """CL-42: what is asked for is sent; what comes of it replaces the message in its place and is told.

    A message that is older than all that is kept is told, but not taken for a new one.
    """
    talk = Talk()
    at = datetime.now(UTC)
    messages = [ChatMessage(id=one, user_id="ada", name="Ada", content=one, created_at=at) for one in ("1", "2")]
    talk.joined(asked=False, messages=messages)
    talk.state.edit_message("1", "better")
    talk.state.delete_message("2")
    edit, delete = talk.sent()
    assert isinstance(edit, EditMessage)
    assert (edit.data.room_id, edit.data.message_id, edit.data.content) == ("r", "1", "better")
    assert isinstance(delete, DeleteMessage)
    assert (delete.data.room_id, delete.data.message_id) == ("r", "2")
    assert edit.ref is not None
    assert delete.ref == edit.ref + 1
    changed = [
        ChatMessage(id="1", user_id="ada", name="Ada", content="better", created_at=at, edited=True),
        ChatMessage(id="2", user_id="ada", name="Ada", content="", created_at=at, deleted=True),
        ChatMessage(id="0", user_id="ada", name="Ada", content="", created_at=at, deleted=True),
    ]
    talk.events(object)
    for message in changed:
        talk.receive(MessageChanged(data=MessageChangedData(room_id="r", message=message)))
    assert talk.events(ChatChanged) == [ChatChanged(message) for message in changed]
    assert talk.state.company.messages == changed[:2]


def test_requests_need_the_room() -> None:
    """CL-32: what is not queued is refused while there is no connection; `sync_response` confirms a question."""
    talk = Talk()
    ref = talk.state.ask_version()
    talk.receive(SyncResponse(ref=ref, data=SyncResponseData(room_id="r", version=12)))
    assert talk.events(Confirmed) == [Confirmed(ref, 12)]
    talk.state.disconnected()
    for ask in (
        talk.state.ask_version,
        lambda: talk.state.send_chat("x"),
        lambda: talk.state.edit_message("1", "x"),
        lambda: talk.state.delete_message("1"),
        lambda: talk.state.react("1", "👍"),
    ):
        with pytest.raises(UnavailableError):
            ask()
