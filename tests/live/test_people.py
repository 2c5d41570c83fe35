"""Who may be in a room: privacy, roles, removal, deletion, limits, and who holds a client id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .people import together, until

if TYPE_CHECKING:
    from .people import Person


async def add(owner: Person, room_id: str, person: Person, role: str) -> None:
    await owner.api("POST", f"/api/rooms/{room_id}/members", {"user_id": person.user_id, "role": role})


async def test_private_rooms_admit_members_only(ada: Person, bob: Person, eve: Person) -> None:
    """WS-15."""
    room_id = await ada.make_room(private=True)
    await add(ada, room_id, bob, "member")
    async with eve.connected() as socket, bob.inside(room_id):
        await socket.send("join_room", ref=1, room_id=room_id)
        assert (await socket.error("room_not_found"))["ref"] == 1
        await socket.join(await ada.make_room())


async def test_viewers_read_and_chat_but_do_not_edit(ada: Person, bob: Person) -> None:
    """ROOM-16."""
    room_id = await ada.make_room()
    await add(ada, room_id, bob, "viewer")
    async with together(room_id, ada, bob) as (first, second):
        assert second.joined["role"] == "viewer"
        await second.send("code_change", ref=2, op=["x"], seq=1)
        assert (await second.error("read_only", seq=1))["ref"] == 2
        await second.send("chat_message", content="nice")
        await first.expect("chat_message")
        await first.edit(["y"])
        await second.expect("code_change")


async def test_a_new_role_counts_at_once(ada: Person, bob: Person) -> None:
    """ROOM-16: for open sessions too, both ways; everybody sees it."""
    room_id = await ada.make_room()
    async with together(room_id, ada, bob) as (first, second):
        for role, may in (("viewer", False), ("member", True)):
            await ada.api("PUT", f"/api/rooms/{room_id}/members/{bob.user_id}", {"role": role})
            for socket in (first, second):
                shown = await socket.expect("user_joined", user=lambda user: user["user_id"] == bob.user_id)
                assert shown["user"]["role"] == role
            await second.send("code_change", op=["x"])
            if may:
                await second.acknowledged()
            else:
                await second.error("read_only")


async def test_a_removed_member_is_out_at_once(ada: Person, bob: Person) -> None:
    """ROOM-16: of a private room, for good."""
    room_id = await ada.make_room(private=True)
    await add(ada, room_id, bob, "member")
    async with together(room_id, ada, bob) as (first, second):
        await ada.api("DELETE", f"/api/rooms/{room_id}/members/{bob.user_id}")
        assert (await second.expect("room_left"))["reason"] == "removed"
        assert (await first.expect("user_left"))["user_id"] == bob.user_id
        await second.send("code_change", op=["x"])
        await second.error("not_joined")
        await second.send("join_room")
        await second.error("room_not_found")
        assert await first.edit(["y"]) == 1


async def test_a_deleted_room_sends_everybody_out(ada: Person, bob: Person) -> None:
    """WS-16: with the reason; it cannot be joined again, and nobody is told of another owner meanwhile."""
    room_id = await ada.make_room()
    async with together(room_id, ada, bob) as (first, second):
        await first.edit(["x"])
        await ada.api("DELETE", f"/api/rooms/{room_id}")
        for socket in (first, second):
            assert (await socket.expect("room_left"))["reason"] == "deleted"
            assert [message["event"] for message in socket.received].count("room_joined") == 1
            await socket.send("join_room")
            await socket.error("room_not_found")
        await second.join(await bob.make_room())


async def test_a_full_room(ada: Person, bob: Person, eve: Person) -> None:
    """ROOM-15: people count, not their windows; whoever leaves makes room."""
    room_id = await ada.make_room(max_users=2)
    async with together(room_id, ada, ada, bob) as (_, _, third), eve.connected() as socket:
        await socket.send("join_room", ref=1, room_id=room_id)
        assert (await socket.error("room_full"))["ref"] == 1
        await third.send("leave_room")
        await third.expect("room_left")
        await socket.join(room_id)


async def test_a_second_connection_takes_the_client_id_over(ada: Person, bob: Person) -> None:
    """ROOM-5: the first is told, hears no more, and can commit nothing any more."""
    room_id = await ada.make_room()
    async with bob.inside(room_id) as witness, ada.inside(room_id, client_id="laptop") as first:
        await first.edit(["x"], client_id="laptop", seq=1)
        async with ada.inside(room_id, client_id="laptop") as second:
            assert (second.joined["last_seq"], second.joined["content"]) == (1, "x")
            assert (await first.expect("room_left"))["reason"] == "superseded"
            await first.send("code_change", op=["late"], client_id="laptop", seq=2)
            await first.error("not_joined")
            assert await second.edit(["y"], client_id="laptop", seq=2) == 2
            assert len(second.joined["users"]) == 2
            left = await witness.expect("user_left")
            assert left["session_id"] == first.joined["session_id"]


async def test_a_client_id_of_another_user_is_refused(ada: Person, bob: Person) -> None:
    """ROOM-6."""
    room_id = await ada.make_room()
    async with ada.inside(room_id, client_id="mine") as first, bob.connected() as second:
        await first.edit(["x"], client_id="mine", seq=1)
        await second.send("join_room", room_id=room_id, client_id="mine")
        await second.error("forbidden")
        await second.join(room_id)
        assert await first.edit(["y"], client_id="mine", seq=2) == 2


async def test_joining_again_on_the_same_connection(ada: Person) -> None:
    """WS-17: catches up from the version that is named, and leaves no second self behind."""
    room_id = await ada.make_room()
    async with ada.inside(room_id, client_id="c") as socket:
        version = await socket.edit(["x"], client_id="c", seq=1)
        await ada.insert(room_id, 0, "y")
        joined = await socket.join(room_id, client_id="c", version=version, version_epoch=socket.joined["epoch"])
        assert [change["op"] for change in joined["operations"]] == [["y"]]
        assert "content" not in joined
        assert len(joined["users"]) == 1


async def test_a_room_under_the_id_of_a_deleted_one_is_another(ada: Person) -> None:
    """ROOM-22, G1: who holds a copy of the old one gets the new one whole, though the version that it names exists."""
    room_id = await ada.make_room()
    await ada.api("DELETE", f"/api/rooms/{room_id}")
    assert await ada.make_room(room_id=room_id) == room_id
    async with ada.inside(room_id) as socket:
        old = socket.joined
        version = await socket.edit(["old"])
    await ada.api("DELETE", f"/api/rooms/{room_id}")
    await ada.make_room(room_id=room_id)
    async with ada.inside(room_id) as socket:
        assert await socket.edit(["new"]) == version
        assert await socket.edit([3, "er"]) == version + 1
    async with ada.inside(room_id, client_id="c", version=version, version_epoch=old["epoch"]) as socket:
        assert (socket.joined["reset"], socket.joined["content"]) == (True, "newer")
        assert socket.joined["epoch"] > old["epoch"]


async def test_a_newcomer_to_a_public_room_becomes_a_member(ada: Person, bob: Person) -> None:
    """WS-15: and is shown as active while there."""
    room_id = await ada.make_room()

    async def bob_is_active() -> bool:
        page = await ada.api("GET", f"/api/rooms/{room_id}/members")
        return any(member["user_id"] == bob.user_id and member["active"] for member in page["items"])

    async def bob_is_gone() -> bool:
        return not await bob_is_active()

    async with bob.inside(room_id):
        await until(bob_is_active)
    await until(bob_is_gone)


async def test_status_follows_the_connections(ada: Person, eve: Person) -> None:
    """WS-18: online while connected, offline after."""

    async def is_now(status: str) -> bool:
        return bool((await eve.api("GET", f"/api/users/{eve.user_id}/status"))["status"] == status)

    async with eve.connected():
        await until(lambda: is_now("online"))
    await until(lambda: is_now("offline"))
