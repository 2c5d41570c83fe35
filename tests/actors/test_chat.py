"""The chat of a room: what is posted, replied to, reacted to, edited and deleted, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from actors.core.chat import MAX_EMOJI, MAX_REACTIONS, Chat
from rayrooms.errors import ForbiddenError, InvalidError, NotFoundError, RayroomsError, TooLargeError
from rayrooms.protocol import ChatMessage

from .rooms import NOW, user

if TYPE_CHECKING:
    from actors.core.sessions import User
    from rayrooms.protocol import Role


def old_message(message_id: str, *, deleted: bool = False) -> ChatMessage:
    at = datetime.fromtimestamp(NOW - 9, UTC)
    return ChatMessage(
        id=message_id, user_id="eve", name="Eve", content="old", created_at=at, reactions={}, deleted=deleted
    )


@pytest.fixture
def chat() -> Chat:
    return Chat([old_message("m0")], size=3, max_length=10)


def post(chat: Chat, message_id: str, content: str = "hello", reply_to: str | None = None) -> ChatMessage:
    return chat.post(user("ada"), content, reply_to, message_id, NOW)


def test_a_message_says_who_wrote_it_and_when(chat: Chat) -> None:
    """CHAT-1."""
    message = post(chat, "m1", reply_to="m0")
    assert (message.user_id, message.name, message.content) == ("ada", "Ada", "hello")
    assert message.reply_to == "m0"
    assert message.created_at == datetime.fromtimestamp(NOW, UTC)
    assert [one.id for one in chat.tail()] == ["m0", "m1"]


def test_only_the_newest_messages_stay_in_memory(chat: Chat) -> None:
    """G10."""
    for number in range(1, 6):
        post(chat, f"m{number}")
    assert [one.id for one in chat.tail()] == ["m3", "m4", "m5"]
    assert not chat.knows("m0")


def test_a_tail_of_none_shows_none() -> None:
    chat = Chat([], size=0, max_length=10)
    post(chat, "m1")
    assert chat.tail() == []
    assert chat.react("eve", "m1", "👍").reactions == {"👍": ["eve"]}


@pytest.mark.parametrize(
    ("content", "reply_to", "error", "code"),
    [
        ("", None, InvalidError, "malformed"),
        (" \n\t", None, InvalidError, "malformed"),
        ("x" * 11, None, TooLargeError, "message_too_large"),
        ("a\0b", None, InvalidError, "invalid_text"),
        ("a\ud800", None, InvalidError, "invalid_text"),
        ("hello", "nothing", NotFoundError, "message_not_found"),
    ],
)
def test_a_refused_message_changes_nothing(
    chat: Chat, content: str, reply_to: str | None, error: type[RayroomsError], code: str
) -> None:
    """G8, CHAT-1."""
    with pytest.raises(error) as refusal:
        post(chat, "m1", content, reply_to)
    assert refusal.value.code == code
    assert [one.id for one in chat.tail()] == ["m0"]


def test_a_reaction_is_added_and_taken_back(chat: Chat) -> None:
    """ROOM-13: choosing the same reaction again takes it away."""
    assert chat.react("ada", "m0", "👍").reactions == {"👍": ["ada"]}
    assert chat.react("bob", "m0", "👍").reactions == {"👍": ["ada", "bob"]}
    assert chat.react("ada", "m0", "👍").reactions == {"👍": ["bob"]}
    assert chat.react("bob", "m0", "👍").reactions == {}


@pytest.mark.parametrize("emoji", ["", "  ", "x" * (MAX_EMOJI + 1), "\0", "\udc00"])
def test_what_is_no_reaction_is_refused(chat: Chat, emoji: str) -> None:
    """G8, ROOM-13."""
    with pytest.raises(InvalidError):
        chat.react("ada", "m0", emoji)
    assert chat.tail()[0].reactions == {}


def test_a_message_takes_a_bounded_number_of_reactions(chat: Chat) -> None:
    """G10: further people may still join in the reactions that are there."""
    for number in range(MAX_REACTIONS):
        chat.react("ada", "m0", f"r{number}")
    with pytest.raises(InvalidError):
        chat.react("ada", "m0", "one more")
    assert chat.react("bob", "m0", "r0").reactions["r0"] == ["ada", "bob"]


def test_reactions_to_unknown_or_deleted_messages_are_refused(chat: Chat) -> None:
    """ROOM-13."""
    chat.adopt(old_message("gone", deleted=True))
    for message_id in ("nothing", "gone"):
        with pytest.raises(NotFoundError) as refusal:
            chat.react("ada", message_id, "👍")
        assert refusal.value.code == "message_not_found"


class TestEditing:
    def test_an_author_gives_a_message_another_text(self, chat: Chat) -> None:
        """CHAT-2: nothing but the text and the mark of having been edited is new, and the place stays."""
        post(chat, "m1", reply_to="m0")
        post(chat, "m2")
        chat.react("bob", "m1", "👍")
        message, changed = chat.edit("ada", "m1", "better")
        assert changed
        assert (message.content, message.edited, message.deleted) == ("better", True, False)
        assert (message.user_id, message.reply_to, message.reactions) == ("ada", "m0", {"👍": ["bob"]})
        assert message.created_at == datetime.fromtimestamp(NOW, UTC)
        assert [one.id for one in chat.tail()] == ["m0", "m1", "m2"]

    def test_the_same_text_is_no_edit(self, chat: Chat) -> None:
        """CHAT-2."""
        post(chat, "m1")
        message, changed = chat.edit("ada", "m1", "hello")
        assert not changed
        assert not message.edited

    @pytest.mark.parametrize(
        ("user_id", "message_id", "content", "error", "code"),
        [
            ("bob", "m1", "better", ForbiddenError, "forbidden"),
            ("ada", "m0", "better", ForbiddenError, "forbidden"),
            ("ada", "m1", "", InvalidError, "malformed"),
            ("ada", "m1", " \n", InvalidError, "malformed"),
            ("ada", "m1", "x" * 11, TooLargeError, "message_too_large"),
            ("ada", "m1", "a\0b", InvalidError, "invalid_text"),
            ("ada", "nothing", "better", NotFoundError, "message_not_found"),
            ("eve", "gone", "better", NotFoundError, "message_not_found"),
        ],
    )
    def test_a_refused_edit_changes_nothing(
        self, chat: Chat, user_id: str, message_id: str, content: str, error: type[RayroomsError], code: str
    ) -> None:
        """G8, CHAT-1, CHAT-2, CHAT-3: also for a role that may delete it."""
        post(chat, "m1")
        chat.adopt(old_message("gone", deleted=True))
        with pytest.raises(error) as refusal:
            chat.edit(user_id, message_id, content)
        assert refusal.value.code == code
        assert [(one.content, one.edited) for one in chat.tail()] == [("old", False), ("hello", False)]


class TestDeleting:
    @pytest.mark.parametrize(
        "who", [user("ada"), user("ada", "viewer"), user("bob", "admin"), user("bob", "owner")], ids=repr
    )
    def test_a_deleted_message_keeps_its_place_alone(self, chat: Chat, who: User) -> None:
        """CHAT-3: its author deletes it, or who manages the room."""
        post(chat, "m1", reply_to="m0")
        chat.react("bob", "m1", "👍")
        post(chat, "m2", reply_to="m1")
        message, changed = chat.delete(who, "m1")
        assert changed
        assert (message.content, message.reactions, message.deleted) == ("", {}, True)
        assert (message.user_id, message.name, message.reply_to) == ("ada", "Ada", "m0")
        assert message.created_at == datetime.fromtimestamp(NOW, UTC)
        assert [one.id for one in chat.tail()] == ["m0", "m1", "m2"]

    @pytest.mark.parametrize("role", ["member", "viewer"])
    @pytest.mark.parametrize("deleted", [False, True])
    def test_others_delete_nothing(self, chat: Chat, role: Role, deleted: bool) -> None:  # noqa: FBT001
        """CHAT-3: nor learn by trying whether it is deleted."""
        chat.adopt(old_message("m1", deleted=deleted))
        with pytest.raises(ForbiddenError):
            chat.delete(user("bob", role), "m1")
        assert chat.held()[0].deleted == deleted

    def test_deleting_again_changes_nothing(self, chat: Chat) -> None:
        """CHAT-3."""
        post(chat, "m1")
        first = chat.delete(user("ada"), "m1").message
        assert chat.delete(user("ada"), "m1") == (first, False)

    def test_what_never_was_cannot_be_deleted(self, chat: Chat) -> None:
        with pytest.raises(NotFoundError) as refusal:
            chat.delete(user("bob", "owner"), "nothing")
        assert refusal.value.code == "message_not_found"


class TestOlderMessages:
    def test_an_adopted_message_can_be_acted_upon(self, chat: Chat) -> None:
        """ROOM-13, CHAT-4: replied to, edited, deleted; the next one takes its place (G10)."""
        chat.adopt(old_message("ancient"))
        assert post(chat, "m1", reply_to="ancient").reply_to == "ancient"
        assert chat.edit("eve", "ancient", "new").changed
        assert chat.delete(user("eve"), "ancient").changed
        assert [one.id for one in chat.tail()] == ["m0", "m1"]
        chat.adopt(old_message("older still"))
        assert not chat.knows("ancient")
        assert chat.knows("older still")

    def test_what_is_not_durable_is_known_whatever_its_age(self, chat: Chat) -> None:
        """CHAT-5: until the database knows of a change, memory has to."""
        for n, message_id in enumerate(("m1", "m2"), start=1):
            post(chat, message_id)
            chat.recorded(message_id, n)
        chat.adopt(old_message("ancient"))
        chat.delete(user("eve"), "ancient")
        chat.recorded("ancient", 3)
        chat.edit("ada", "m1", "better")
        chat.recorded("m1", 4)
        chat.adopt(old_message("passing by"))
        for number in range(3, 7):
            post(chat, f"m{number}")
        chat.durable(1)
        assert {one.id for one in chat.held()} == {"ancient", "passing by", "m1", "m2", "m4", "m5", "m6"}
        assert [one.id for one in chat.tail()] == ["m4", "m5", "m6"]
        chat.durable(3)
        assert [chat.knows(message_id) for message_id in ("ancient", "m1", "m2")] == [False, True, False]
        assert chat.edit("ada", "m1", "best").message.content == "best"
        chat.durable(4)
        chat.adopt(old_message("another"))
        assert {one.id for one in chat.held()} == {"another", "m4", "m5", "m6"}
