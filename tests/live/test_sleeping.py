"""Rooms that sleep: who wakes them, who does not, and what they still know."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from .conftest import AWAKE_BUDGET, WARM_POOL
from .people import asleep, until

if TYPE_CHECKING:
    from .people import Person
    from .server import Server


async def test_a_crowd_wakes_a_room_once(ada: Person, bob: Person) -> None:
    """DIR-1: however many join, read and edit at the same time, through whichever gateway."""
    room_id = await ada.make_room()
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(person.connected()) for person in (ada, bob) * 5]
        edits = [bob.insert(room_id, 0, "x") for _ in range(3)]
        joins = [socket.join(room_id) for socket in sockets]
        results = await asyncio.gather(*joins, *edits)
        assert {joined["epoch"] for joined in results[: len(joins)]} == {1}
        assert sorted(results[len(joins) :]) == [1, 2, 3]


async def test_reading_does_not_wake_a_room(ada: Person) -> None:
    """WS-19: description, text, version, log and chat of a sleeping room come from the database."""
    room_id = await ada.make_room()
    assert await ada.text(room_id) == ""
    for path in ("sync/{}/version", "sync/{}/operations", "rooms/{}/messages", "rooms/{}/operations"):
        await ada.api("GET", "/api/" + path.format(room_id), **({"from_version": 0} if "sync" in path else {}))
    assert not (await ada.room(room_id))["awake"]


async def test_a_rest_edit_wakes_a_room(ada: Person) -> None:
    """WS-19."""
    room_id = await ada.make_room()
    assert await ada.insert(room_id, 0, "x") == 1
    assert (await ada.room(room_id))["awake"]
    assert await ada.text(room_id) == "x"


async def test_a_room_sleeps_when_nobody_is_there_and_forgets_nothing(own_server: Server, ada: Person) -> None:
    """DIR-5, G9, G2: text, chat and what each client has committed are there again under the next epoch."""
    room_id = await ada.make_room()
    async with ada.inside(room_id, client_id="c") as socket:
        epoch = socket.joined["epoch"]
        for seq in (1, 2):
            await socket.edit(["x"], client_id="c", seq=seq)
        await socket.send("chat_message", content="hi")
        message_id = (await socket.expect("chat_message"))["message"]["id"]
        await socket.send("add_reaction", message_id=message_id, emoji="👍")
        await socket.expect("reaction_added")
    await asleep(ada, room_id)
    assert await ada.text(room_id) == "xx"
    async with ada.inside(room_id, client_id="c", version=2, version_epoch=epoch) as socket:
        joined = socket.joined
        assert joined["epoch"] > epoch
        assert (joined["version"], joined["version_epoch"], joined["durable"]) == (2, epoch, 2)
        assert (joined["last_seq"], joined.get("operations", []), "content" in joined) == (2, [], False)
        assert [(message["id"], list(message["reactions"])) for message in joined["messages"]] == [(message_id, ["👍"])]
        await socket.send("code_change", op=["again"], client_id="c", seq=1)
        assert await socket.acknowledged() == 1
        assert await socket.edit(["y"], client_id="c", seq=3) == 3


async def test_a_room_sleeps_under_its_people(own_server: Server, ada: Person, bob: Person) -> None:
    """SLEEP-1, SLEEP-2, SLEEP-4: at both gateways; they are told nothing, and the next message wakes it for all."""
    room_id = await ada.make_room()
    async with AsyncExitStack() as stack:
        people = (ada, bob) * 3  # with two gateways, some are at each
        sockets = [await stack.enter_async_context(person.inside(room_id)) for person in people]
        epoch = sockets[0].joined["epoch"]
        assert await sockets[0].edit(["x"]) == 1
        for socket in sockets:
            await socket.expect("durable")
            await socket.quiet()
        await asleep(ada, room_id)
        assert [await socket.quiet() for socket in sockets] == [[]] * len(sockets)
        assert await ada.text(room_id) == "x"
        assert not (await ada.room(room_id))["awake"]

        await sockets[1].send("code_change", op=[1, "y"], version=1)
        for socket in sockets:
            joined = await socket.expect("room_joined")
            assert (joined["epoch"] > epoch, "content" in joined) == (True, False)
            if socket is sockets[1]:
                assert await socket.acknowledged() == 2
            elif not joined.get("operations"):
                await socket.expect("code_change")
        assert await sockets[2].edit([2, "z"], version=2) == 3
        assert await bob.text(room_id) == "xyz"


@pytest.mark.parametrize(
    ("event", "data", "answer"),
    [
        ("chat_message", {"content": "hi"}, "chat_message"),
        ("get_sync", {"version": 0}, "sync_response"),
        ("add_reaction", {"message_id": "nowhere", "emoji": "👍"}, "error"),
    ],
)
async def test_whatever_is_said_wakes_a_room(
    own_server: Server, ada: Person, event: str, data: dict[str, object], answer: str
) -> None:
    """SLEEP-2: and is answered as if it had been awake."""
    room_id = await ada.make_room()
    async with ada.inside(room_id) as socket:
        await asleep(ada, room_id)
        await socket.send(event, ref=5, **data)
        assert (await socket.expect_message(answer))["ref"] == 5


async def test_what_is_sent_to_a_room_that_wakes_keeps_its_order(own_server: Server, ada: Person) -> None:
    """SLEEP-2, G2, G6: a hundred edits at once, each committed once."""
    room_id = await ada.make_room()
    async with ada.inside(room_id, client_id="c") as socket:
        await asleep(ada, room_id)
        for seq in range(1, 101):
            await socket.send("code_change", op=[f"{seq}."], client_id="c", seq=seq, version=0)
        acked: list[tuple[int, int]] = []
        while len(acked) < 100:
            acked += [(ack["seq"], ack["version"]) for ack in (await socket.expect("ack"))["acks"]]
        assert acked == [(seq, seq) for seq in range(1, 101)]
        assert await ada.text(room_id) == "".join(f"{seq}." for seq in range(100, 0, -1))


async def test_members_change_while_a_room_sleeps(own_server: Server, ada: Person, bob: Person) -> None:
    """SLEEP-6, ROOM-16: it wakes to tell of a new role; who is removed is sent out at once, and the others are told."""
    room_id = await ada.make_room()
    async with ada.inside(room_id) as owner, bob.inside(room_id) as member:
        await asleep(ada, room_id)
        await ada.api("PUT", f"/api/rooms/{room_id}/members/{bob.user_id}", {"role": "viewer"})
        joined = await member.expect("room_joined")
        assert {user["user_id"]: user["role"] for user in joined["users"]}[bob.user_id] == "viewer"
        await owner.expect("room_joined")  # perhaps before the member is in again
        await asleep(ada, room_id)
        await ada.api("DELETE", f"/api/rooms/{room_id}/members/{bob.user_id}")
        assert (await member.expect("room_left"))["reason"] == "removed"
        joined = await owner.expect("room_joined")
        assert [user["user_id"] for user in joined["users"]] == [ada.user_id]


async def test_a_sleeping_room_is_deleted(own_server: Server, ada: Person) -> None:
    """SLEEP-6: everybody is sent out."""
    room_id = await ada.make_room()
    async with ada.inside(room_id) as owner:
        await asleep(ada, room_id)
        await ada.api("DELETE", f"/api/rooms/{room_id}")
        assert (await owner.expect("room_left"))["reason"] == "deleted"


async def test_who_leaves_a_sleeping_room_is_missed(own_server: Server, ada: Person, bob: Person) -> None:
    """SLEEP-5: the others are told who is there; nobody is active in a room that all have left."""
    room_id = await ada.make_room()
    async with ada.inside(room_id) as staying:
        async with bob.inside(room_id):
            await asleep(ada, room_id)
        joined = await staying.expect("room_joined")
        assert [user["user_id"] for user in joined["users"]] == [ada.user_id]
        await asleep(ada, room_id)

    async def nobody_is_active() -> bool:
        members = (await ada.api("GET", f"/api/rooms/{room_id}/members"))["items"]
        assert len(members) == 2
        return not any(member["active"] for member in members)

    await until(nobody_is_active)
    assert not (await ada.room(room_id))["awake"]


async def test_no_more_rooms_are_awake_than_may_be(own_server: Server, ada: Person) -> None:
    """SLEEP-7, G10: with people in all of them who go on editing in turn."""
    async with AsyncExitStack() as stack:
        rooms = [await ada.make_room() for _ in range(AWAKE_BUDGET + 4)]
        sockets = [await stack.enter_async_context(ada.inside(room_id)) for room_id in rooms]
        for version in (1, 2):
            for socket in sockets:
                assert await socket.edit(["x"]) == version

        async def few_are_awake() -> bool:
            awake = [room_id for room_id in rooms if (await ada.room(room_id))["awake"]]
            assert len(own_server.titled("ray::RoomActor")) <= AWAKE_BUDGET + WARM_POOL + 1  # one may be on its way out
            return len(awake) <= AWAKE_BUDGET

        await until(few_are_awake)
        for room_id in rooms:
            assert await ada.text(room_id) == "xx"
