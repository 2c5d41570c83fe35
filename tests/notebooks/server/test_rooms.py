"""Through the proxy into the rooms of a real server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Origin, Subprotocol

from tests.live.people import Person
from tests.live.sockets import PATIENCE, Socket
from tests.notebooks.server.conftest import page_socket
from tests.notebooks.server.jupyter import Jupyter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.live.server import Server

LARGE = 5 * 1024 * 1024 - 16
"""Characters: as good as the greatest document that a room holds."""


@pytest.fixture
async def owner(rooms: Server) -> AsyncIterator[Person]:
    """A guest who makes rooms, without Jupyter."""
    async with httpx.AsyncClient(base_url=rooms.url, timeout=60) as http:
        signed_in = (await http.post("/api/auth/guest", json={"name": "Olga"})).json()
        yield Person(signed_in["user_id"], "Olga", signed_in["token"], rooms.url, http)


def person_of(joined: dict[str, Any], user_id: str) -> dict[str, Any]:
    """Somebody among those who are in a room."""
    found: dict[str, Any]
    [found] = [person for person in joined["users"] if person["user_id"] == user_id]
    return found


async def test_the_room_sees_jupyters_user(in_front: Jupyter, owner: Person) -> None:
    """PROXY-20: the room sees the user whom Jupyter knows, verified, whatever token the page offers."""
    room_id = await owner.make_room()
    async with owner.connected() as watching:
        await watching.join(room_id)
        async with page_socket(in_front, "ada", "rayrooms.json", f"bearer.{owner.token}") as raw:
            ada = Socket(raw, "json")
            joined = await ada.join(room_id)
            seen = await watching.expect("user_joined", room_id=room_id)
            assert seen["user"] | {"colour": "", "session_id": ""} == person_of(joined, "jupyter-ada") | {
                "colour": "",
                "session_id": "",
            }
            assert (seen["user"]["name"], seen["user"]["verified"]) == ("Ada", True)
            assert person_of(joined, owner.user_id).get("verified", False) is False
            assert await ada.edit(["hello"]) == 1
            assert (await watching.expect("code_change"))["changes"][0]["user_id"] == "jupyter-ada"
        await watching.expect("user_left", room_id=room_id)


async def test_two_users_of_one_jupyter(in_front: Jupyter, owner: Person) -> None:
    """PROXY-20: each browser is its own user, also one whose name fits in no id."""
    room_id = await owner.make_room()
    async with page_socket(in_front, "bob") as one, page_socket(in_front, "zoë@example.org") as other:
        bob, zoe = Socket(one, "json"), Socket(other, "json")
        await bob.join(room_id)
        joined = await zoe.join(room_id)
        names = {user["name"]: user["user_id"] for user in joined["users"]}
        assert names["Bob"] == "jupyter-bob"
        async with in_front.page("zoë@example.org") as page:
            assert (await page.get("session")).json()["user_id"] == names["Zoë"]
        await bob.edit(["b"])
        assert (await zoe.expect("code_change"))["changes"][0]["user_id"] == "jupyter-bob"


async def test_the_sessions_token_holds_directly(in_front: Jupyter, rooms: Server, owner: Person) -> None:
    """PROXY-5: with the session's token a page connects directly, from Jupyter's origin, as the same user."""
    room_id = await owner.make_room()
    async with in_front.page("ada") as page:
        session = (await page.get("session")).json()
    assert session["public_url"] == rooms.url
    async with connect(
        f"{session['public_url'].replace('http', 'ws', 1)}/ws",
        subprotocols=[Subprotocol("rayrooms.json"), Subprotocol(f"bearer.{session['token']}")],
        origin=Origin(in_front.origin),
        open_timeout=PATIENCE,
    ) as raw:
        joined = await Socket(raw, "json").join(room_id)
    assert person_of(joined, session["user_id"])["verified"] is True


async def test_rooms_are_read_as_that_user(in_front: Jupyter, owner: Person) -> None:
    """PROXY-9: REST reads are those of the vouched user, as a private room shows."""
    room_id = await owner.make_room(private=True)
    async with in_front.page("ada") as page:
        assert (await page.get(f"api/rooms/{room_id}")).json()["code"] == "room_not_found"
        members = f"/api/rooms/{room_id}/members"
        await owner.api("POST", members, {"user_id": "jupyter-ada", "role": "member"})
        assert (await page.get(f"api/rooms/{room_id}")).json()["role"] == "member"
        ids = [member["user_id"] for member in (await page.get(f"api/rooms/{room_id}/members")).json()["items"]]
        assert sorted(ids) == sorted([owner.user_id, "jupyter-ada"])
        assert (await page.get(f"api/rooms/{room_id}/messages", params={"limit": 5})).json()["items"] == []
        assert (await page.get("api/rooms/none-such")).json()["code"] == "room_not_found"


async def test_guests_through_the_proxy(rooms: Server, owner: Person, tmp_path_factory: pytest.TempPathFactory) -> None:
    """PROXY-10: without a secret a page signs in as a guest, renews and edits, all through the proxy."""
    room_id = await owner.make_room()
    with Jupyter(tmp_path_factory.mktemp("guests"), {"RayroomsProxy": {"url": rooms.url}}) as jupyter:
        async with jupyter.page("ada") as page:
            guest = (await page.post("api/auth/guest", json={"name": "Ada?"})).json()
            bearer = {"Authorization": f"Bearer {guest['token']}"}
            renewed = (await page.post("api/auth/renew", headers=bearer)).json()
            assert renewed["user_id"] == guest["user_id"]
            assert (await page.get(f"api/rooms/{room_id}", headers=bearer)).json()["room_id"] == room_id
            assert (await page.get(f"api/rooms/{room_id}")).json()["code"] == "bad_token"
        async with page_socket(jupyter, "ada", "rayrooms.msgpack", f"bearer.{renewed['token']}") as raw:
            joined = await Socket(raw, "msgpack").join(room_id)
            assert person_of(joined, guest["user_id"]).get("verified", False) is False
        async with page_socket(jupyter, "ada", "rayrooms.json", "bearer.nonsense") as raw:
            socket = Socket(raw, "json")
            await socket.error("bad_token")
            await raw.wait_closed()
            assert (raw.close_code, raw.close_reason) == (4401, "bad_token")


async def test_the_greatest_document(in_front: Jupyter, owner: Person) -> None:
    """PROXY-14: a document of 5 MiB comes whole through the proxy."""
    room_id = await owner.make_room()
    version = 0
    piece = "x" * (200 * 1024)
    while version * len(piece) + len(piece) <= LARGE:
        version = await owner.insert(room_id, 0, piece, version=version)
    async with page_socket(in_front, "ada") as raw:
        joined = await Socket(raw, "json").join(room_id)
    assert joined["content"] == piece * version


async def test_a_message_that_is_too_large(in_front: Jupyter, owner: Person) -> None:
    """PROXY-14: what is over the room server's limits is refused by it in its own words, and the socket goes on."""
    room_id = await owner.make_room()
    async with page_socket(in_front, "ada") as raw:
        socket = Socket(raw, "json")
        await socket.join(room_id)
        await socket.send_frame(json.dumps({"event": "chat_message", "data": {"content": "x" * 2**20}}))
        await socket.error("message_too_large")
        assert await socket.edit(["still here"]) == 1
