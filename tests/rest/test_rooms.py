"""Rooms: making, listing, describing, deleting."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .conftest import Guest


async def test_make_room_with_defaults(ada: Guest) -> None:
    """REST-10: a room needs a name only; it is public, its maker owns it, its id is 12 characters of [a-z0-9]."""
    made = await ada.post("/api/rooms", {"name": "Pairing"})
    assert made.status_code == 201
    room = made.json()
    assert re.fullmatch(r"[a-z0-9]{12}", room["room_id"])
    assert made.headers["location"] == f"/api/rooms/{room['room_id']}"
    assert (room["owner_id"], room["role"], room["private"]) == (ada.user_id, "owner", False)
    assert (room["version"], room["member_count"], room["language"]) == (0, 1, "text")
    assert (await ada.get(made.headers["location"])).json() == room


async def test_make_room_with_everything(ada: Guest) -> None:
    """REST-10: every field that was asked for is kept."""
    asked = {
        "name": "Größe 😀",
        "description": "two\nlines",
        "private": True,
        "max_users": 4,
        "language": "c++",
        "room_id": f"My.room_{uuid4().hex[:8]}~x",
    }
    made = await ada.post("/api/rooms", asked)
    assert made.status_code == 201
    assert asked.items() <= made.json().items()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": " "},
        {"name": "x" * 101},
        {"name": "ok", "description": "x" * 2001},
        {"name": "ok", "private": "yes"},
        {"name": "ok", "max_users": 0},
        {"name": "ok", "max_users": True},
        {"name": "ok", "language": "a b"},
        {"name": "ok", "room_id": ""},
        {"name": "ok", "room_id": "-starts-badly"},
        {"name": "ok", "room_id": "x" * 65},
        {"name": "ok", "room_id": "sp ace"},
        {"name": "ok", "room_id": "line\n"},
        {"name": "ok", "colour": "red"},
        "name",
        None,
    ],
    ids=lambda body: repr(body)[:40],
)
async def test_malformed_room(ada: Guest, body: Any) -> None:
    """REST-5: a room of the wrong shape is refused, and unknown fields are not ignored."""
    refused = await ada.post("/api/rooms", body)
    assert (refused.status_code, refused.json()["code"]) == (422, "malformed")


async def test_room_id_is_taken_once(ada: Guest, bob: Guest) -> None:
    """REST-10: a taken room_id is refused with 409 already_exists, and the room stays its owner's."""
    room_id = await ada.make_room(room_id=f"taken-{uuid4().hex[:8]}")
    refused = await bob.post("/api/rooms", {"name": "Mine now", "room_id": room_id})
    assert (refused.status_code, refused.json()["code"]) == (409, "already_exists")
    assert (await bob.get(f"/api/rooms/{room_id}")).json()["owner_id"] == ada.user_id


async def test_unknown_room_is_404_on_every_route(ada: Guest) -> None:
    """REST-3: an unknown room is 404 room_not_found on every route that names one."""
    room, sync = "/api/rooms/no-such-room", "/api/sync/no-such-room"
    user = f"/api/users/{ada.user_id}/rooms/no-such-room"
    answers = [
        *[await ada.get(room + rest) for rest in ("", "/members", "/operations", "/messages", "/conflicts")],
        *[await ada.get(sync + rest) for rest in ("/operations", "/version", "/snapshot")],
        await ada.delete(room),
        await ada.post(f"{room}/members", {"user_id": "x"}),
        await ada.put(f"{room}/members/x", {"role": "member"}),
        await ada.delete(f"{room}/members/x"),
        await ada.post(f"{sync}/operations", {"op": ["x"]}),
        await ada.post(f"{sync}/snapshot"),
        await ada.post("/api/sync/sync", {"room_id": "no-such-room", "client_version": 0}),
        await ada.post(f"{user}/join"),
        await ada.post(f"{user}/leave"),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "room_not_found")}


async def test_private_room_shuts_strangers_out_of_every_route(ada: Guest, eve: Guest) -> None:
    """REST-4: to a stranger a private room is, on every route and in every word, one that does not exist."""
    room_id = await ada.make_room(private=True)
    await ada.insert(room_id, 0, "secret")
    room, sync = f"/api/rooms/{room_id}", f"/api/sync/{room_id}"
    user = f"/api/users/{eve.user_id}/rooms/{room_id}"
    answers = [
        *[await eve.get(room + rest) for rest in ("", "/members", "/operations", "/messages", "/conflicts")],
        *[await eve.get(sync + rest) for rest in ("/operations", "/version", "/snapshot")],
        await eve.delete(room),
        await eve.post(f"{room}/members", {"user_id": eve.user_id}),
        await eve.put(f"{room}/members/{eve.user_id}", {"role": "admin"}),
        await eve.delete(f"{room}/members/{ada.user_id}"),
        await eve.post(f"{sync}/operations", {"op": ["x"]}),
        await eve.post(f"{sync}/snapshot"),
        await eve.post("/api/sync/sync", {"room_id": room_id, "client_version": 0}),
        await eve.post(f"{user}/join"),
        await eve.post(f"{user}/leave"),
    ]
    refusals = [(answer.status_code, answer.json()["code"], answer.json()["detail"]) for answer in answers]
    assert set(refusals) == {(404, "room_not_found", f"There is no room {room_id}.")}
    absent = await eve.get("/api/rooms/no-such-room")
    assert absent.json()["detail"] == "There is no room no-such-room."
    assert set(absent.headers) == set(answers[0].headers)
    assert (await ada.get(f"{sync}/snapshot")).json()["content"] == "secret"
    assert [member["user_id"] for member in (await ada.get(f"{room}/members")).json()["items"]] == [ada.user_id]


async def test_visitor_of_public_room_reads_only(ada: Guest, eve: Guest) -> None:
    """REST-4: reading a public room needs no membership and makes none; writing its snapshot is not for visitors."""
    room_id = await ada.make_room()
    await ada.insert(room_id, 0, "open")
    assert (await eve.get(f"/api/sync/{room_id}/snapshot")).json()["content"] == "open"
    described = (await eve.get(f"/api/rooms/{room_id}")).json()
    assert (described["role"], described["member_count"]) == (None, 1)
    refused = await eve.post(f"/api/sync/{room_id}/snapshot")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_where_a_room_lives_is_for_its_admins(ada: Guest, eve: Guest) -> None:
    """REST-11: owner and admins see the live room's epoch, process and node; others only that it is awake."""
    room_id = await ada.make_room()
    assert (await ada.get(f"/api/rooms/{room_id}")).json()["live"] is None
    await ada.insert(room_id, 0, "x")
    for guest, sees in ((ada, True), (eve, False)):
        described = (await guest.get(f"/api/rooms/{room_id}")).json()
        assert (described["awake"], described["version"]) == (True, 1)
        assert (described["live"] is not None) == sees
    live = (await ada.get(f"/api/rooms/{room_id}")).json()["live"]
    assert live["epoch"] >= 1
    assert live["pid"] > 0


async def test_delete_room(ada: Guest, bob: Guest) -> None:
    """REST-12: only the owner deletes a room; after that it is not there, and its id can be taken anew, empty."""
    room_id = await ada.make_room()
    await ada.insert(room_id, 0, "gone soon")
    await ada.post(f"/api/rooms/{room_id}/members", {"user_id": bob.user_id, "role": "admin"})
    refused = await bob.delete(f"/api/rooms/{room_id}")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert (await ada.delete(f"/api/rooms/{room_id}")).status_code == 204
    assert (await ada.get(f"/api/rooms/{room_id}")).status_code == 404
    assert (await ada.delete(f"/api/rooms/{room_id}")).status_code == 404
    await bob.make_room(room_id=room_id)
    assert (await bob.get(f"/api/sync/{room_id}/snapshot")).json()["content"] == ""
    assert (await bob.get(f"/api/rooms/{room_id}/members")).json()["items"][0]["user_id"] == bob.user_id


async def test_list_rooms(sign_in: Callable[[str], Awaitable[Guest]]) -> None:
    """REST-13: rooms are listed newest first: one's own, the public ones, or both, each once, with one's role."""
    ann, ben = await sign_in("Ann"), await sign_in("Ben")
    word = f"w{uuid4().hex[:10]}"
    public = await ann.make_room(name=f"Public {word}")
    private = await ann.make_room(name="Private", description=f"about {word}x", private=True)
    foreign = await ben.make_room(name=f"{word} of Ben")
    hidden = await ben.make_room(name=f"{word} hidden", private=True)

    async def listed(guest: Guest, **params: Any) -> list[tuple[str, str | None]]:
        page = (await guest.get("/api/rooms", search=word, **params)).json()
        return [(room["room_id"], room["role"]) for room in page["items"]]

    assert await listed(ann) == [(foreign, None), (private, "owner"), (public, "owner")]
    assert await listed(ann, scope="public") == [(foreign, None), (public, "owner")]
    assert await listed(ann, scope="mine") == [(private, "owner"), (public, "owner")]
    assert await listed(ben) == [(hidden, "owner"), (foreign, "owner"), (public, None)]
    assert (await ann.get("/api/rooms", search="!!! &|:*'")).json()["items"] == []


async def test_room_list_pages(sign_in: Callable[[str], Awaitable[Guest]]) -> None:
    """REST-6: pages follow one another by `next` without loss or repeat, in every scope."""
    guest = await sign_in("Pager")
    made = [await guest.make_room(private=number % 2 == 0) for number in range(5)]
    for scope in ("mine", "all"):
        seen: list[str] = []
        offset: int | None = 0
        while offset is not None and len(seen) < len(made):
            page = (await guest.get("/api/rooms", scope=scope, limit=2, offset=offset)).json()
            assert len(page["items"]) <= page["limit"] == 2
            seen += [room["room_id"] for room in page["items"] if room["owner_id"] == guest.user_id]
            offset = page["next"]
        assert seen == made[::-1]


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 201}, {"limit": "x"}, {"offset": -1}, {"scope": "theirs"}])
async def test_bad_paging(ada: Guest, params: dict[str, Any]) -> None:
    """REST-6: a limit outside 1 to 200 and other bad parameters are 422 and name the parameter."""
    refused = await ada.get("/api/rooms", **params)
    assert (refused.status_code, refused.json()["code"]) == (422, "malformed")
    assert refused.json()["errors"][0] | {"detail": ""} == {"where": "query", "field": next(iter(params)), "detail": ""}
