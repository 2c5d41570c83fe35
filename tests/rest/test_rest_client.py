"""The Python client's REST calls, against the app."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from persistence.tables import ConflictResolution, Message
from rayrooms.client import rest
from rayrooms.client.rest import RestClient
from rayrooms.errors import ForbiddenError, UnauthenticatedError

if TYPE_CHECKING:
    from persistence.database import Database
    from serve.context import AppContext

    from .conftest import Guest

START = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


@pytest.fixture
async def mine(
    client: httpx.AsyncClient, transport: httpx.AsyncBaseTransport, ada: Guest, monkeypatch: pytest.MonkeyPatch
) -> RestClient:
    """Ada's calls, over everybody's transport; a page holds three."""
    monkeypatch.setattr(rest, "_PAGE", 3)
    url = str(client.base_url)
    mine = RestClient(url, ada.token)
    await mine._http.aclose()
    mine._http = httpx.AsyncClient(transport=transport, base_url=url)
    return mine


async def test_rooms_are_listed_to_the_end(mine: RestClient, ada: Guest, bob: Guest) -> None:
    """CL-56, REST-13: all of them over the pages, each once, newest first; of a scope, or by words."""
    word = secrets.token_hex(6)
    owned = [await ada.make_room(name=f"Notes {word} {number}", language="python") for number in range(7)]
    public = await bob.make_room(name=f"Bob's {word}")
    await bob.make_room(name=f"Secret {word}", private=True)
    found = await mine.rooms(search=word)
    assert [room.room_id for room in found] == [public, *reversed(owned)]
    assert [room.room_id for room in await mine.rooms("mine", word)] == owned[::-1]
    assert public in {room.room_id for room in await mine.rooms("public")}
    assert not {*owned} - {room.room_id for room in await mine.rooms()}
    (first,) = [room for room in found if room.room_id == owned[0]]
    assert (first.name, first.role, first.owner_name, first.language) == (f"Notes {word} 0", "owner", "Ada", "python")
    assert (first.private, first.edited_at) == (False, None)
    assert datetime.now(UTC) - first.created_at < timedelta(minutes=1)
    assert await mine.rooms("mine", "no-such-word") == []


async def test_a_room_in_full(mine: RestClient, ada: Guest) -> None:
    """CL-56: what lists show of a room, and its present state."""
    room_id = await ada.make_room(name="Notes")
    await ada.insert(room_id, 0, "x")
    room = await mine.room(room_id)
    assert (room.name, room.role, room.member_count, room.version) == ("Notes", "owner", 1, 1)
    assert room.edited_at is not None


async def test_a_guest_is_renewed(mine: RestClient, ada: Guest, context: AppContext) -> None:
    """CL-56, AUTH-5, AUTH-6: it goes on with the fresh token, as the same user; others are refused as by the server."""
    renewed = await mine.renew()
    assert (renewed.user_id, renewed.name, mine.token) == (ada.user_id, "Ada", renewed.token)
    assert renewed.expires_at > datetime.now(UTC)
    assert await mine.rooms("mine", "no-such-word") == []
    mine.token = context.tokens.issue("staff-1", "Staff")
    with pytest.raises(ForbiddenError):
        await mine.renew()
    mine.token = "nonsense"
    with pytest.raises(UnauthenticatedError):
        await mine.renew()
    assert mine.token == "nonsense", "a refusal takes nothing"


async def test_the_whole_chat(mine: RestClient, ada: Guest, database: Database) -> None:
    """CL-56, LIVE-4: over the pages, oldest first."""
    room_id = await ada.make_room()
    assert await mine.messages(room_id) == []
    async with database.session() as session:
        for number in range(8):
            session.add(
                Message(
                    id=f"{room_id}-{number}",
                    room_id=room_id,
                    user_id=ada.user_id,
                    name="Ada",
                    content=f"message {number}",
                    reactions={"👍": ["bob"]} if number == 5 else {},
                    created_at=START + timedelta(microseconds=number),
                )
            )
    messages = await mine.messages(room_id)
    assert [message.content for message in messages] == [f"message {number}" for number in range(8)]
    assert (messages[5].reactions, messages[4].reactions) == ({"👍": ["bob"]}, {})
    assert messages[0].created_at == START


async def test_all_conflicts(mine: RestClient, ada: Guest, database: Database) -> None:
    """CL-56, REST-14: over the pages, oldest first."""
    room_id = await ada.make_room()
    async with database.session() as session:
        for version in range(2, 10):
            session.add(
                ConflictResolution(
                    room_id=room_id,
                    version=version,
                    other_version=version - 1,
                    user_id="a",
                    other_user_id="b",
                    kind="insert-delete",
                    strategy="transform",
                )
            )
    conflicts = await mine.conflicts(room_id)
    assert [(one.version, one.other_version) for one in conflicts] == [(n, n - 1) for n in range(2, 10)]
    assert {(one.user_id, one.other_user_id, one.kind) for one in conflicts} == {("a", "b", "insert-delete")}


async def test_a_list_that_grows_while_it_is_read(
    mine: RestClient, ada: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CL-56: what newer items push on to the next page still comes once."""
    word = secrets.token_hex(6)
    owned = [await ada.make_room(name=f"{word} {number}") for number in range(5)]
    request = mine._http.request

    async def growing(*args: object, **kwargs: object) -> httpx.Response:
        answer = await request(*args, **kwargs)  # type: ignore[arg-type]
        await ada.make_room(name=f"{word} newer")
        return answer

    monkeypatch.setattr(mine._http, "request", growing)
    assert [room.room_id for room in await mine.rooms("mine", word)] == owned[::-1]
