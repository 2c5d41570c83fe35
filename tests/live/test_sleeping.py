"""Rooms that sleep: who wakes them, who does not, and what they still know."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from .people import until

if TYPE_CHECKING:
    from .people import Person
    from .server import Server


async def asleep(person: Person, room_id: str) -> None:
    """Wait until the room sleeps."""

    async def sleeps() -> bool:
        return not (await person.room(room_id))["awake"]

    await until(sleeps)


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


async def test_a_room_does_not_sleep_under_its_people(own_server: Server, ada: Person, bob: Person) -> None:
    """DIR-5: the room next to it falls asleep meanwhile, so there was time."""
    busy, quiet = await ada.make_room(), await ada.make_room()
    async with ada.inside(busy) as socket:
        await bob.insert(quiet, 0, "x")
        await asleep(ada, quiet)
        assert (await ada.room(busy))["awake"]
        assert await socket.edit(["x"]) == 1
