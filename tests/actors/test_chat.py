"""The chat tail: what is posted, replied to and reacted to, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from actors.core.chat import MAX_EMOJI, MAX_REACTIONS, Chat
from rayrooms.errors import InvalidError, NotFoundError, RayroomsError, TooLargeError
from rayrooms.protocol import ChatMessage

from .rooms import NOW, user


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


def test_an_adopted_message_is_the_oldest(chat: Chat) -> None:
    """ROOM-13: an older message can be brought in again to be replied to."""
    post(chat, "m1")
    chat.adopt(old_message("ancient"))
    assert post(chat, "m2", reply_to="ancient").reply_to == "ancient"
    assert not chat.knows("ancient")  # the tail was full: the oldest went
