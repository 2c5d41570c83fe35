"""Users: profile, rooms and status."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .conftest import Guest


async def test_profile_and_changing_it(sign_in: Callable[[str], Awaitable[Guest]]) -> None:
    """REST-30: a profile shows what is known; a change touches what it names only, and null takes an address away."""
    guest = await sign_in("Hedy")
    path = f"/api/users/{guest.user_id}/profile"
    profile = (await guest.get(path)).json()
    assert (profile["name"], profile["email"], profile["status"]) == ("Hedy", None, "offline")
    colour = profile["colour"]
    changed = (await guest.put(path, {"email": "hedy@example.org"})).json()
    assert (changed["name"], changed["email"], changed["colour"]) == ("Hedy", "hedy@example.org", colour)
    changed = (await guest.put(path, {"name": "Hedy L.", "colour": "#123abc", "email": None})).json()
    assert (changed["name"], changed["email"], changed["colour"]) == ("Hedy L.", None, "#123abc")
    assert (await guest.get(path)).json() == changed
    room_id = await guest.make_room()
    assert (await guest.get(f"/api/rooms/{room_id}/members")).json()["items"][0]["name"] == "Hedy L."


@pytest.mark.parametrize(
    "body", [{"name": ""}, {"name": None}, {"email": "nowhere"}, {"colour": "red"}, {"status": "online"}, None]
)
async def test_malformed_profile(ada: Guest, body: Any) -> None:
    """REST-5: a profile of the wrong shape is refused and changes nothing."""
    path = f"/api/users/{ada.user_id}/profile"
    before = (await ada.get(path)).json()
    refused = await ada.put(path, body)
    assert (refused.status_code, refused.json()["code"]) == (422, "malformed")
    assert (await ada.get(path)).json() == before


async def test_others_are_out_of_reach(ada: Guest, eve: Guest) -> None:
    """REST-24: profile, rooms and status of a user are for themselves only; unknown users look the same."""
    for user_id in (ada.user_id, "nobody"):
        path = f"/api/users/{user_id}"
        answers = [
            *[await eve.get(path + rest) for rest in ("/profile", "/rooms", "/status")],
            await eve.put(f"{path}/profile", {"name": "Mallory"}),
            await eve.put(f"{path}/status", {"status": "away"}),
        ]
        assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(403, "forbidden")}
    assert (await ada.get(f"/api/users/{ada.user_id}/profile")).json()["name"] == "Ada"


async def test_own_rooms(sign_in: Callable[[str], Awaitable[Guest]], ada: Guest) -> None:
    """REST-31: one's rooms are those one is a member of, with one's role, paged."""
    guest = await sign_in("Lynn")
    own = await guest.make_room(private=True)
    joined = await ada.make_room()
    await guest.post(f"/api/users/{guest.user_id}/rooms/{joined}/join")
    path = f"/api/users/{guest.user_id}/rooms"
    rooms = (await guest.get(path)).json()
    assert [(room["room_id"], room["role"]) for room in rooms["items"]] == [(joined, "member"), (own, "owner")]
    page = (await guest.get(path, limit=1)).json()
    assert ([room["room_id"] for room in page["items"]], page["next"]) == ([joined], 1)


async def test_status_is_what_was_said_last(sign_in: Callable[[str], Awaitable[Guest]]) -> None:
    """REST-32: nobody is online unasked; a status that was set shows at once, and when it was set is `last_seen`."""
    guest = await sign_in("Mary")
    path = f"/api/users/{guest.user_id}/status"
    assert (await guest.get(path)).json() == {"user_id": guest.user_id, "status": "offline", "last_seen": None}
    for status in ("online", "away", "offline"):
        set_to = (await guest.put(path, {"status": status})).json()
        assert set_to["status"] == status
        assert abs(datetime.fromisoformat(set_to["last_seen"]) - datetime.now(UTC)).total_seconds() < 60
        assert (await guest.get(path)).json() == set_to
    assert (await guest.get(f"/api/users/{guest.user_id}/profile")).json()["status"] == "offline"


@pytest.mark.parametrize("body", [{}, {"status": "busy"}, {"status": 1}, []])
async def test_malformed_status(ada: Guest, body: Any) -> None:
    """REST-5: a status other than online, away or offline is refused."""
    refused = await ada.put(f"/api/users/{ada.user_id}/status", body)
    assert (refused.status_code, refused.json()["code"]) == (422, "malformed")
