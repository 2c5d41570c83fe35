"""Chat messages that are edited and deleted, in memory and in the database."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from .people import asleep, together, until
from .server import kill

if TYPE_CHECKING:
    from .people import Codec, Person
    from .server import Server
    from .sockets import Socket

SECRET = "the old words"
Standing = tuple[str, bool, bool, dict[str, list[str]]]
TAIL = 100
"""Messages that a room keeps in memory."""


async def say(socket: Socket, content: str) -> dict[str, Any]:
    """Post a message; returns it as its author is told it."""
    await socket.send("chat_message", content=content)
    posted = await socket.expect("chat_message", message=lambda message: message["content"] == content)
    message: dict[str, Any] = posted["message"]
    return message


async def change(socket: Socket, event: str, message_id: str, **fields: Any) -> dict[str, Any]:
    """Edit or delete a message; returns how it then stands."""
    await socket.send(event, ref=31, message_id=message_id, **fields)
    answer = await socket.expect_message("message_changed", message=lambda message: message["id"] == message_id)
    assert answer["ref"] == 31
    message: dict[str, Any] = answer["data"]["message"]
    return message


async def messages(person: Person, room_id: str, **params: Any) -> dict[str, dict[str, Any]]:
    """A page of the chat as REST tells it, by message id."""
    page = await person.api("GET", f"/api/rooms/{room_id}/messages", **params)
    assert SECRET not in json.dumps(page)
    return {message["message_id"]: message for message in page["items"]}


async def edited_and_deleted(socket: Socket) -> tuple[str, str]:
    """Post two messages, then edit one and delete the other; returns their ids."""
    first, second = await say(socket, SECRET), await say(socket, SECRET)
    await socket.send("add_reaction", message_id=second["id"], emoji="👍")
    await change(socket, "edit_message", first["id"], content="new words")
    await change(socket, "delete_message", second["id"])
    return first["id"], second["id"]


def stand(found: list[dict[str, Any]]) -> list[Standing]:
    """What a change may change, in the messages of a `room_joined`."""
    return [
        (one["content"], one.get("edited", False), one.get("deleted", False), one.get("reactions", {})) for one in found
    ]


CHANGED: list[Standing] = [("new words", True, False, {}), ("", False, True, {})]


@pytest.mark.parametrize("codec", ["json", "msgpack"])
async def test_edit_and_delete(ada: Person, bob: Person, codec: Codec) -> None:
    """WS-22, CHAT-2, CHAT-3: both see the message as it now stands; REST and newcomers too."""
    room_id = await ada.make_room()
    async with together(room_id, ada, bob, codec=codec) as (first, second):
        posted = await say(first, SECRET)
        edited = await change(first, "edit_message", posted["id"], content="new words")
        assert edited == {**posted, "content": "new words", "edited": True}
        told = await second.expect_message("message_changed")
        assert told["data"]["message"] == edited
        assert "ref" not in told
        assert (await messages(bob, room_id))[posted["id"]]["edited"]

        await second.send("add_reaction", message_id=posted["id"], emoji="👍")
        await first.expect("reaction_added")
        deleted = await change(first, "delete_message", posted["id"])
        assert deleted["deleted"]
        assert deleted["content"] == ""
        assert deleted.get("reactions", {}) == {}
        assert (deleted["user_id"], deleted["created_at"]) == (posted["user_id"], posted["created_at"])
        assert (await second.expect("message_changed"))["message"] == deleted
        shown = (await messages(bob, room_id))[posted["id"]]
        assert (shown["content"], shown["deleted"], shown["reactions"]) == ("", True, {})

        for event, fields in (("edit_message", {"content": "x"}), ("add_reaction", {"emoji": "👍"})):
            await first.send(event, ref=32, message_id=posted["id"], **fields)
            assert (await first.error("message_not_found"))["ref"] == 32
        assert await change(first, "delete_message", posted["id"]) == deleted
        assert "message_changed" not in await second.quiet()


async def test_who_may_change_what(ada: Person, bob: Person, eve: Person) -> None:
    """CHAT-2, CHAT-3: only authors edit, viewers among them; authors delete, and who manages the room."""
    room_id = await ada.make_room()
    await ada.api("POST", f"/api/rooms/{room_id}/members", {"user_id": bob.user_id, "role": "viewer"})
    async with together(room_id, ada, bob, eve) as (owner, viewer, member):
        by_owner, by_viewer = await say(owner, "mine"), await say(viewer, "his")
        for socket in (viewer, member):
            for event, fields in (("edit_message", {"content": "x"}), ("delete_message", {})):
                await socket.send(event, ref=33, message_id=by_owner["id"], **fields)
                assert (await socket.error("forbidden"))["ref"] == 33
        assert (await change(viewer, "edit_message", by_viewer["id"], content="own"))["content"] == "own"
        await owner.send("edit_message", message_id=by_viewer["id"], content="x")
        await owner.error("forbidden")
        assert (await change(owner, "delete_message", by_viewer["id"]))["deleted"]
        again = await say(viewer, "again")
        assert (await change(viewer, "delete_message", again["id"]))["deleted"]


async def test_messages_that_left_memory(ada: Person, bob: Person) -> None:
    """CHAT-4, CHAT-5: they are changed too, and neither memory nor the database tells what they said."""
    room_id = await ada.make_room()
    async with together(room_id, ada, bob) as (first, second):
        edited, deleted = await say(first, SECRET), await say(first, SECRET)
        for number in range(TAIL):
            await say(first, f"{number}")
        assert (await change(first, "edit_message", edited["id"], content="new words"))["edited"]
        assert (await change(first, "delete_message", deleted["id"]))["deleted"]
        for message_id in (edited["id"], deleted["id"]):
            await second.expect("message_changed", message=lambda one, wanted=message_id: one["id"] == wanted)
        shown = await messages(bob, room_id, limit=TAIL + 2)
        assert shown[edited["id"]]["content"] == "new words"
        assert (shown[deleted["id"]]["content"], shown[deleted["id"]]["deleted"]) == ("", True)


async def test_changes_outlive_sleep(own_server: Server, ada: Person, bob: Person) -> None:
    """CHAT-6, DIR-5: asleep and awake again, in chat history and in what a newcomer is told."""
    room_id = await ada.make_room()
    async with ada.inside(room_id) as socket:
        await socket.edit(["x"])
        edited, deleted = await edited_and_deleted(socket)
    await asleep(ada, room_id)
    shown = await messages(bob, room_id)
    assert (shown[edited]["content"], shown[edited]["edited"]) == ("new words", True)
    assert (shown[deleted]["content"], shown[deleted]["deleted"], shown[deleted]["reactions"]) == ("", True, {})
    async with ada.inside(room_id) as socket:
        assert stand(socket.joined["messages"]) == CHANGED
        await socket.send("add_reaction", message_id=deleted, emoji="👍")
        await socket.error("message_not_found")


async def test_changes_outlive_their_owner(own_server: Server, ada: Person, bob: Person) -> None:
    """CHAT-6, G4: the room's actor is killed as soon as the changes are answered."""
    room_id = await ada.make_room()
    async with ada.inside(room_id) as socket:
        pid = (await ada.room(room_id))["live"]["pid"]
        _, deleted = await edited_and_deleted(socket)
        await kill(pid)
        assert stand((await socket.expect("room_joined"))["messages"]) == CHANGED
        await change(socket, "delete_message", deleted)

        async def is_read_so() -> bool:
            return (await messages(bob, room_id))[deleted]["deleted"] is True

        await until(is_read_so)
