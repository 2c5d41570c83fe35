"""Memberships: adding, changing, removing, joining and leaving."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from .conftest import Guest


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def add(owner: Guest, room_id: str, guest: Guest, role: str) -> None:
    added = await owner.post(f"/api/rooms/{room_id}/members", {"user_id": guest.user_id, "role": role})
    assert added.status_code == 201, added.text


async def roles(guest: Guest, room_id: str) -> dict[str, str]:
    page = (await guest.get(f"/api/rooms/{room_id}/members")).json()
    return {member["user_id"]: member["role"] for member in page["items"]}


async def test_add_and_list_members(ada: Guest, bob: Guest, eve: Guest) -> None:
    """REST-20: members are listed as they joined, with profile and role; a member of a private room may read it."""
    room_id = await ada.make_room(private=True)
    await add(ada, room_id, bob, "member")
    await add(ada, room_id, eve, "viewer")
    page = (await eve.get(f"/api/rooms/{room_id}/members")).json()
    assert [(member["user_id"], member["name"], member["role"]) for member in page["items"]] == [
        (ada.user_id, "Ada", "owner"),
        (bob.user_id, "Bob", "member"),
        (eve.user_id, "Eve", "viewer"),
    ]
    assert (await bob.get(f"/api/rooms/{room_id}")).json()["member_count"] == 3


async def test_member_list_pages(ada: Guest, bob: Guest, eve: Guest) -> None:
    """REST-6: members page by offset."""
    room_id = await ada.make_room()
    await add(ada, room_id, bob, "member")
    await add(ada, room_id, eve, "member")
    first = (await ada.get(f"/api/rooms/{room_id}/members", limit=2)).json()
    assert (len(first["items"]), first["next"]) == (2, 2)
    last = (await ada.get(f"/api/rooms/{room_id}/members", limit=2, offset=2)).json()
    assert ([member["user_id"] for member in last["items"]], last["next"]) == ([eve.user_id], None)


async def test_refused_additions(ada: Guest, bob: Guest, eve: Guest) -> None:
    """REST-20: adding an unknown user is 404, one who is there 409, the role owner 422; members add nobody."""
    room_id = await ada.make_room()
    members = f"/api/rooms/{room_id}/members"
    await add(ada, room_id, bob, "member")
    assert refusal(await ada.post(members, {"user_id": "nobody"})) == (404, "user_not_found")
    assert refusal(await ada.post(members, {"user_id": bob.user_id})) == (409, "already_exists")
    assert refusal(await ada.post(members, {"user_id": eve.user_id, "role": "owner"})) == (422, "malformed")
    assert refusal(await bob.post(members, {"user_id": eve.user_id})) == (403, "forbidden")
    assert refusal(await eve.post(members, {"user_id": eve.user_id})) == (403, "forbidden")
    assert set(await roles(ada, room_id)) == {ada.user_id, bob.user_id}


async def test_admins_manage_members_but_not_admins(
    ada: Guest, bob: Guest, eve: Guest, sign_in: Callable[[str], Awaitable[Guest]]
) -> None:
    """REST-21: admins add, change and remove members and viewers; only the owner makes, changes or removes admins."""
    cat = await sign_in("Cat")
    room_id = await ada.make_room(private=True)
    members = f"/api/rooms/{room_id}/members"
    await add(ada, room_id, bob, "admin")
    await add(ada, room_id, cat, "admin")
    await add(bob, room_id, eve, "viewer")
    assert refusal(await bob.post(members, {"user_id": "x", "role": "admin"})) == (403, "forbidden")
    assert refusal(await bob.put(f"{members}/{eve.user_id}", {"role": "admin"})) == (403, "forbidden")
    assert refusal(await bob.put(f"{members}/{cat.user_id}", {"role": "viewer"})) == (403, "forbidden")
    assert refusal(await bob.delete(f"{members}/{cat.user_id}")) == (403, "forbidden")
    assert refusal(await bob.delete(f"{members}/{ada.user_id}")) == (409, "conflict")
    assert (await bob.put(f"{members}/{eve.user_id}", {"role": "member"})).json()["role"] == "member"
    assert (await ada.put(f"{members}/{cat.user_id}", {"role": "viewer"})).json()["role"] == "viewer"
    assert await roles(eve, room_id) == {
        ada.user_id: "owner",
        bob.user_id: "admin",
        cat.user_id: "viewer",
        eve.user_id: "member",
    }
    assert (await bob.delete(f"{members}/{eve.user_id}")).status_code == 204
    assert refusal(await eve.get(members)) == (404, "room_not_found")


async def test_owner_stays(ada: Guest, bob: Guest) -> None:
    """REST-22: the owner can neither leave nor be given another role."""
    room_id = await ada.make_room()
    await add(ada, room_id, bob, "admin")
    assert refusal(await ada.delete(f"/api/rooms/{room_id}/members/{ada.user_id}")) == (409, "conflict")
    assert refusal(await ada.post(f"/api/users/{ada.user_id}/rooms/{room_id}/leave")) == (409, "conflict")
    for guest in (ada, bob):
        refused = await guest.put(f"/api/rooms/{room_id}/members/{ada.user_id}", {"role": "member"})
        assert refusal(refused) == (409, "conflict")


async def test_absent_member(ada: Guest, eve: Guest) -> None:
    """REST-20: changing or removing someone who is not a member is 404 user_not_found."""
    room_id = await ada.make_room()
    members = f"/api/rooms/{room_id}/members/{eve.user_id}"
    assert refusal(await ada.put(members, {"role": "viewer"})) == (404, "user_not_found")
    assert refusal(await ada.delete(members)) == (404, "user_not_found")
    assert refusal(await eve.post(f"/api/users/{eve.user_id}/rooms/{room_id}/leave")) == (404, "user_not_found")


async def test_join_and_leave_public_room(ada: Guest, bob: Guest) -> None:
    """REST-23: anyone joins a public room as a member, twice without harm, and leaves it again."""
    room_id = await ada.make_room()
    path = f"/api/users/{bob.user_id}/rooms/{room_id}"
    first = await bob.post(f"{path}/join")
    assert (first.status_code, first.json()["role"], first.json()["user_id"]) == (200, "member", bob.user_id)
    assert (await bob.post(f"{path}/join")).json() == first.json()
    assert (await bob.post(f"{path}/leave")).status_code == 204
    assert set(await roles(bob, room_id)) == {ada.user_id}


async def test_joins_at_the_same_time(ada: Guest, bob: Guest) -> None:
    """REST-23: the same join sent many times at once makes one membership and fails for none of them."""
    room_id = await ada.make_room()
    path = f"/api/users/{bob.user_id}/rooms/{room_id}/join"
    answers = await asyncio.gather(*(bob.post(path) for _ in range(10)))
    assert [answer.status_code for answer in answers] == [200] * 10
    assert len(await roles(ada, room_id)) == 2


async def test_joining_again_keeps_the_role(ada: Guest, bob: Guest) -> None:
    """REST-23: joining where one is a viewer already leaves one a viewer."""
    room_id = await ada.make_room()
    await add(ada, room_id, bob, "viewer")
    assert (await bob.post(f"/api/users/{bob.user_id}/rooms/{room_id}/join")).json()["role"] == "viewer"


async def test_admin_joins_and_removes_others(ada: Guest, bob: Guest, eve: Guest) -> None:
    """REST-24: a user id in a path is the token's own, or the caller is an admin of that room."""
    room_id = await ada.make_room(private=True)
    path = f"/api/users/{bob.user_id}/rooms/{room_id}"
    joined = await ada.post(f"{path}/join")
    assert (joined.status_code, joined.json()["role"]) == (200, "member")
    assert (await ada.post(f"{path}/join")).json() == joined.json()
    assert refusal(await ada.post(f"/api/users/nobody/rooms/{room_id}/join")) == (404, "user_not_found")
    assert refusal(await bob.post(f"/api/users/{eve.user_id}/rooms/{room_id}/join")) == (403, "forbidden")
    assert refusal(await bob.post(f"/api/users/{ada.user_id}/rooms/{room_id}/leave")) == (403, "forbidden")
    assert (await ada.post(f"{path}/leave")).status_code == 204
    assert set(await roles(ada, room_id)) == {ada.user_id}


@pytest.mark.parametrize("body", [{}, {"user_id": ""}, {"user_id": "x" * 65}, {"user_id": "x", "role": "king"}, 3])
async def test_malformed_member(ada: Guest, body: Any) -> None:
    """REST-5: a member of the wrong shape is refused."""
    room_id = await ada.make_room()
    assert refusal(await ada.post(f"/api/rooms/{room_id}/members", body)) == (422, "malformed")
