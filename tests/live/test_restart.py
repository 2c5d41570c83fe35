"""The whole server stops, in order or not, and starts again on the same data directory."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from .party import party_of
from .people import until

if TYPE_CHECKING:
    from .people import Person
    from .server import Server


async def lived_in(ada: Person, bob: Person) -> str:
    """A room with members, text, chat and a reaction, all of it stored."""
    room_id = await ada.make_room(name="Kept", private=True, language="python")
    await ada.api("POST", f"/api/rooms/{room_id}/members", {"user_id": bob.user_id, "role": "viewer"})
    async with ada.inside(room_id, client_id="kept") as socket:
        await socket.edit(["print('👋')"], client_id="kept", seq=1)
        version = await socket.edit([5, {"d": 1}, "["], client_id="kept", seq=2)
        await socket.send("chat_message", content="hi")
        message_id = (await socket.expect("chat_message"))["message"]["id"]
        await socket.send("add_reaction", message_id=message_id, emoji="🎉")
        await socket.expect("reaction_added")
        await socket.expect("durable", version=version)
        # Chat has no watermark of its own, but shares the feed with the edits.
        version = await socket.edit(["#"], client_id="kept", seq=3)
        await socket.expect("durable", version=version)
    return room_id


async def contents(person: Person, room_id: str) -> dict[str, Any]:
    """All that the server knows of a room, but for what changes by looking."""
    room = await person.room(room_id)
    members = (await person.api("GET", f"/api/rooms/{room_id}/members"))["items"]
    return {
        "room": {name: room[name] for name in ("name", "private", "language", "owner_id", "version")},
        "text": await person.text(room_id),
        "members": [(member["user_id"], member["role"]) for member in members],
        "messages": (await person.api("GET", f"/api/rooms/{room_id}/messages"))["items"],
        "operations": (await person.api("GET", f"/api/rooms/{room_id}/operations"))["items"],
    }


async def test_stop_and_start(own_server: Server, ada: Person, bob: Person) -> None:
    """G3, G9: every room is as it was, tokens still hold, and clients that stayed go on writing."""
    room_id = await lived_in(ada, bob)
    before = await contents(bob, room_id)
    async with party_of(ada, bob) as party:
        status = await asyncio.to_thread(own_server.stop)
        assert status == 0, own_server.log()
        assert own_server.processes() == []
        await asyncio.to_thread(own_server.start)
        assert await contents(bob, room_id) == before
        await party.write_more()
        await party.settle()
    await knows_the_client(ada, room_id)


async def test_power_cut_and_start(own_server: Server, ada: Person, bob: Person) -> None:
    """G3, G4, G9: all processes die at once; what was durable is there, and living clients bring the rest again."""
    room_id = await lived_in(ada, bob)
    before = await contents(bob, room_id)
    async with party_of(ada, bob) as party:
        await asyncio.to_thread(own_server.kill)
        assert own_server.processes() == []
        await asyncio.to_thread(own_server.start)
        assert await contents(bob, room_id) == before
        await party.write_more()
        await party.settle_letters()
    await knows_the_client(ada, room_id)


async def knows_the_client(ada: Person, room_id: str) -> None:
    """G2: an edit that was committed before the server stopped is answered with its first version."""
    async with ada.inside(room_id, client_id="kept") as socket:
        assert socket.joined["last_seq"] == 3
        await socket.send("code_change", op=["again"], client_id="kept", seq=2)
        assert await socket.acknowledged() == 2

    async def nobody_is_left_active() -> bool:
        page = await ada.api("GET", f"/api/rooms/{room_id}/members")
        return not any(member["active"] for member in page["items"])

    await until(nobody_is_left_active)
