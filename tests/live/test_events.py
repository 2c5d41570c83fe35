"""Every socket event between two people in a room, in JSON and in msgpack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .people import together

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .people import Codec, Person
    from .sockets import Socket

Pair = tuple["Socket", "Socket"]


@pytest.fixture(scope="module", params=["json", "msgpack"])
def codec(request: pytest.FixtureRequest) -> Codec:
    chosen: Codec = request.param
    return chosen


@pytest.fixture(scope="module")
async def pair(ada: Person, bob: Person, codec: Codec) -> AsyncIterator[Pair]:
    """Ada and Bob in one room."""
    async with together(await ada.make_room(), ada, bob, codec=codec) as (first, second):
        yield first, second


async def content(socket: Socket) -> str:
    """The document as this socket is told it now."""
    await socket.send("get_sync")
    text: str = (await socket.expect("sync_response"))["content"]
    return text


async def write(pair: Pair, text: str) -> int:
    """Make the document this very text; returns its version."""
    ada, bob = pair
    await ada.send("code_change", type="replace", position=0, length=len(await content(ada)), content=text)
    version = await ada.acknowledged()
    await bob.expect("code_change", changes=lambda changes: changes[-1]["version"] == version)
    return version


async def test_joining(ada: Person, bob: Person, codec: Codec) -> None:
    """WS-1: `room_joined` carries the text, the people and the role; those who are there get `user_joined`."""
    room_id = await ada.make_room(name="Parser", language="python")
    async with ada.inside(room_id, codec) as first:
        version = await first.edit(["print()"])
        async with bob.inside(room_id, codec) as second:
            joined = second.joined
            assert (joined["content"], joined["version"], joined["epoch"]) == ("print()", version, 1)
            assert (joined["role"], joined["name"], joined["language"]) == ("member", "Parser", "python")
            assert [user["user_id"] for user in joined["users"]] == [ada.user_id, bob.user_id]
            newcomer = (await first.expect("user_joined"))["user"]
            assert (newcomer["user_id"], newcomer["name"], newcomer["role"]) == (bob.user_id, "Bob", "member")
            assert newcomer["session_id"] == joined["session_id"]


async def test_edit_by_operation(pair: Pair) -> None:
    """WS-2: the author gets `ack` with the version, the others `code_change`, its deletes spelled out."""
    ada, bob = pair
    version = await write(pair, "hello")
    await ada.send("code_change", ref=5, op=[1, {"d": 3}, "i"], version=version)
    assert await ada.acknowledged() == version + 1
    change = (await bob.expect("code_change"))["changes"][0]
    assert (change["version"], change["op"]) == (version + 1, [1, {"d": "ell"}, "i"])
    assert (change["client_id"], change["seq"]) == (ada.joined["client_id"], version + 1)
    assert await content(bob) == "hio"


@pytest.mark.parametrize(
    ("edit", "op", "text"),
    [
        ({"type": "insert", "position": 5, "content": " 👋"}, [5, " 👋"], "hello 👋"),
        ({"type": "delete", "position": 1, "length": 3}, [1, {"d": "ell"}], "ho"),
        ({"type": "replace", "position": 0, "length": 1, "content": "J"}, ["J", {"d": "h"}], "Jello"),
    ],
)
async def test_edit_by_position(pair: Pair, edit: dict[str, Any], op: list[object], text: str) -> None:
    """WS-3: an edit by position becomes an operation like any other."""
    ada, bob = pair
    version = await write(pair, "hello")
    await ada.send("code_change", version=version, **edit)
    assert await ada.acknowledged() == version + 1
    change = (await bob.expect("code_change"))["changes"][0]
    assert (change["version"], change["op"]) == (version + 1, op)
    assert await content(ada) == await content(bob) == text


async def test_concurrent_edits_converge(pair: Pair) -> None:
    """G1: both were made at the same version; both keep their intention."""
    ada, bob = pair
    version = await write(pair, "hello")
    await ada.send("code_change", op=[5, "!"], version=version)
    await bob.send("code_change", op=["> "], version=version)
    await ada.expect("code_change")
    await bob.expect("code_change")
    assert await content(ada) == await content(bob) == "> hello!"


async def test_typing_ahead_of_acknowledgements(pair: Pair) -> None:
    """ROOM-2, G6: edits sent without waiting commit in their order, each after the own ones before it."""
    ada, bob = pair
    version = await write(pair, "")
    await bob.send("code_change", op=["> "], version=version)
    await ada.expect("code_change")
    for index, letter in enumerate("abcdef"):
        await ada.send("code_change", op=[index, letter] if index else [letter], version=version)
    await ada.expect("ack", acks=lambda acks: acks[-1]["version"] == version + 7)
    await bob.expect("code_change", changes=lambda changes: changes[-1]["version"] == version + 7)
    assert await content(bob) == "abcdef> "


async def test_durable_watermark(pair: Pair) -> None:
    """ROOM-18, G3: everybody is told when a version is in the database."""
    ada, bob = pair
    version = await ada.edit(["x"])
    for socket in (ada, bob):
        await socket.expect("durable", version=lambda at: at >= version)


async def test_cursor_update(pair: Pair) -> None:
    """WS-4, ROOM-11: cursors arrive right for the version they come with, from ranges or a bare position."""
    ada, bob = pair
    version = await write(pair, "hello")
    await bob.edit(["> "], version=version)
    await ada.send("cursor_update", ranges=[[0, 5], [2, 2]], version=version)
    moved = await bob.expect("cursor_update")
    assert moved["cursor"] == {"version": version + 1, "ranges": [[0, 7], [4, 4]]}
    assert moved["session_id"] == ada.joined["session_id"]
    await bob.send("cursor_update", position=3)
    assert (await ada.expect("cursor_update"))["cursor"]["ranges"] == [[3, 3]]


async def test_presence_update(pair: Pair) -> None:
    """WS-5."""
    ada, bob = pair
    for status in ("away", "online"):
        await ada.send("presence_update", status=status)
        told = await bob.expect("presence_update")
        assert (told["status"], told["session_id"]) == (status, ada.joined["session_id"])


async def test_typing(pair: Pair) -> None:
    """WS-6, ROOM-12: on, off, and off by itself."""
    ada, bob = pair
    for is_typing in (True, False, True):
        await ada.send("typing", is_typing=is_typing)
        told = await bob.expect("typing")
        assert (told["is_typing"], told["session_id"]) == (is_typing, ada.joined["session_id"])
    assert not (await bob.expect("typing"))["is_typing"]


async def test_chat_reply_and_reaction(pair: Pair, ada: Person, bob: Person) -> None:
    """WS-7, WS-8, ROOM-13: both see the message, the author with its ref; a reaction is toggled."""
    first, second = pair
    await first.send("chat_message", ref=7, content="hi 👋")
    posted = await first.expect_message("chat_message")
    assert posted["ref"] == 7
    message = posted["data"]["message"]
    assert (message["user_id"], message["name"], message["content"]) == (ada.user_id, "Ada", "hi 👋")
    assert (await second.expect("chat_message"))["message"] == message

    await second.send("chat_message", content="yes", reply_to=message["id"])
    assert (await first.expect("chat_message"))["message"]["reply_to"] == message["id"]

    for reactions in ({"👍": [bob.user_id]}, {}):
        await second.send("add_reaction", ref=8, message_id=message["id"], emoji="👍")
        told = await first.expect("reaction_added")
        assert (told["message_id"], told["user_id"], told["reactions"]) == (message["id"], bob.user_id, reactions)
        assert (await second.expect_message("reaction_added"))["ref"] == 8


async def test_get_sync(pair: Pair) -> None:
    """WS-9: operations from a version on, or the text."""
    ada, bob = pair
    version = await write(pair, "hello")
    await ada.edit([5, "!"])
    await bob.send("get_sync", ref=9, version=version)
    answer = await bob.expect_message("sync_response")
    assert answer["ref"] == 9
    assert answer["data"]["version"] == version + 1
    assert [change["op"] for change in answer["data"]["operations"]] == [[5, "!"]]
    assert "content" not in answer["data"]
    await bob.send("get_sync")
    answer_data = await bob.expect("sync_response")
    assert (answer_data["content"], answer_data["version"]) == ("hello!", version + 1)


async def test_ping(pair: Pair) -> None:
    """WS-10."""
    await pair[0].send("ping", ref=11)
    assert (await pair[0].expect_message("pong"))["ref"] == 11


async def test_leave_and_come_back(ada: Person, bob: Person, codec: Codec) -> None:
    """WS-11: who leaves is told so and hears no more; a quick return is a join like any other."""
    async with together(await ada.make_room(), ada, bob, codec=codec) as (first, second):
        client_id = second.joined["client_id"]
        await second.edit(["x"], seq=1)
        for _ in range(5):
            await second.send("leave_room", ref=12)
            left = await second.expect_message("room_left")
            assert (left["ref"], left["data"]["reason"]) == (12, "left")
            joined = await second.join(first.room_id, client_id=client_id)
            assert (joined["content"], joined["last_seq"], len(joined["users"])) == ("x", 1, 2)
        await second.send("leave_room")
        await second.expect("room_left")
        await first.edit(["y"])
        assert await second.quiet() == []


async def test_disconnect(ada: Person, bob: Person, codec: Codec) -> None:
    """WS-12: the others get `user_left`."""
    room_id = await ada.make_room()
    async with ada.inside(room_id, codec) as first:
        async with bob.inside(room_id, codec) as second:
            session_id = second.joined["session_id"]
        left = await first.expect("user_left")
        assert (left["session_id"], left["user_id"]) == (session_id, bob.user_id)


async def test_rooms_of_one_connection_are_apart(ada: Person, bob: Person, codec: Codec) -> None:
    """WS-13: a connection may be in several rooms; each message says for which it is."""
    rooms = [await ada.make_room() for _ in range(2)]
    async with ada.connected(codec) as socket:
        for room_id in rooms:
            await socket.join(room_id)
        async with bob.inside(rooms[0], codec) as other:
            await other.edit(["x"])
            assert (await socket.expect("code_change"))["room_id"] == rooms[0]
        await socket.edit(["y"], room_id=rooms[1])
    assert [await ada.text(room_id) for room_id in rooms] == ["x", "y"]


async def test_json_and_msgpack_meet(ada: Person, bob: Person) -> None:
    """PR-1: both speak of the same room."""
    room_id = await ada.make_room()
    async with ada.inside(room_id, "json") as first, bob.inside(room_id, "msgpack") as second:
        await first.edit(["a👋"])
        assert (await second.expect("code_change"))["changes"][0]["op"] == ["a👋"]
        await second.edit([2, "b"])
        assert (await first.expect("code_change"))["changes"][0]["op"] == [2, "b"]
        await first.send("chat_message", content="hi")
        assert (await second.expect("chat_message"))["message"]["content"] == "hi"


async def test_rest_edit_is_a_live_edit(ada: Person, bob: Person) -> None:
    """WS-14: connected editors see it at once."""
    room_id = await ada.make_room()
    async with ada.inside(room_id) as socket:
        version = await bob.insert(room_id, 0, "REST")
        change = (await socket.expect("code_change"))["changes"][0]
        assert (change["version"], change["op"], change["user_id"]) == (version, ["REST"], bob.user_id)
