"""Reads of sleeping and of live rooms: nothing is woken, nothing that is in memory only is missed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from persistence.tables import ConflictResolution, Message, RoomMember
from rayrooms.protocol import ChatMessage, Participant
from serve.services.live import LiveOp

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from persistence.database import Database
    from rayrooms.protocol import Role

    from .conftest import Guest
    from .fake_live import FakeLive

START = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


async def type_letters(guest: Guest, room_id: str, letters: str) -> None:
    for letter in letters:
        await guest.insert(room_id, 0, letter)


async def reads(guest: Guest, room_id: str) -> list[Any]:
    """Everything that can be read of a room's document."""
    paths = ("version", "operations", "snapshot", "snapshot?version=2", "snapshot?version=4")
    answers = [await guest.get(f"/api/sync/{room_id}/{path}") for path in paths]
    answers.append(await guest.get(f"/api/rooms/{room_id}/operations"))
    answers.append(await guest.post("/api/sync/sync", {"room_id": room_id, "client_version": 1}))
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    return [answer.json() for answer in answers]


async def test_sleeping_rooms_read_the_same_and_stay_asleep(ada: Guest, live: FakeLive) -> None:
    """LIVE-1: all reads of a room that fell asleep answer as they did when it was awake, and do not wake it."""
    room_id = await ada.make_room()
    await type_letters(ada, room_id, "abcde")
    awake = await reads(ada, room_id)
    await live.sleep(room_id)
    assert await reads(ada, room_id) == awake
    described = (await ada.get(f"/api/rooms/{room_id}")).json()
    assert (described["awake"], described["live"], described["version"]) == (False, None, 5)
    for path in ("members", "messages", "conflicts"):
        assert (await ada.get(f"/api/rooms/{room_id}/{path}")).status_code == 200
    assert room_id not in live.rooms


async def test_rooms_tell_their_owner_and_their_last_edit(
    sign_in: Callable[[str], Awaitable[Guest]], eve: Guest, live: FakeLive
) -> None:
    """REST-15: a room tells its owner's present name and the time of its last edit, in lists once that is stored."""
    ann = await sign_in("Ann")
    room_id = await ann.make_room(name="Told")
    path = f"/api/rooms/{room_id}"

    async def told(guest: Guest) -> list[tuple[str, str | None]]:
        listed = (await guest.get("/api/rooms")).json()["items"]
        rooms = [(await guest.get(path)).json(), *[room for room in listed if room["room_id"] == room_id]]
        return [(room["owner_name"], room["edited_at"]) for room in rooms]

    assert await told(eve) == [("Ann", None)] * 2
    await ann.insert(room_id, 0, "a")
    last_update = (await ann.get(f"/api/sync/{room_id}/version")).json()["last_update"]
    assert (await told(eve))[0] == ("Ann", last_update)
    await live.sleep(room_id)
    await ann.put(f"/api/users/{ann.user_id}/profile", {"name": "Ann B."})
    assert await told(eve) == [("Ann B.", last_update)] * 2


async def test_sleeping_room_with_a_snapshot_in_its_middle(ada: Guest, live: FakeLive) -> None:
    """LIVE-1: texts before, at and after the stored snapshot are all right."""
    room_id = await ada.make_room()
    await type_letters(ada, room_id, "abc")
    await ada.post(f"/api/sync/{room_id}/snapshot")
    await type_letters(ada, room_id, "de")
    await live.sleep(room_id)
    path = f"/api/sync/{room_id}/snapshot"
    texts = [(await ada.get(path, version=version)).json()["content"] for version in range(6)]
    assert texts == ["", "a", "ba", "cba", "dcba", "edcba"]
    assert room_id not in live.rooms


@pytest.mark.parametrize("forgotten", [0, 1, 3, 5], ids="window-without-{}".format)
async def test_memory_and_postgres_join_without_a_gap(ada: Guest, live: FakeLive, forgotten: int) -> None:
    """LIVE-2: whatever part of the log is in memory only, and whatever in Postgres only, reads see all of it once."""
    room_id = await ada.make_room()
    await type_letters(ada, room_id, "abc")
    await live.flush(room_id)
    await type_letters(ada, room_id, "de")
    everything = await reads(ada, room_id)
    if forgotten > 3:
        await live.flush(room_id)
    live.forget_log(room_id, forgotten)
    now = await reads(ada, room_id)
    assert now[1:] == everything[1:]
    versions = [operation["version"] for operation in now[1]["operations"]]
    assert versions == [1, 2, 3, 4, 5]


async def test_a_gap_is_never_served(ada: Guest, live: FakeLive) -> None:
    """LIVE-3: a log with a hole is an error to the caller, not a shorter list: 409 at its start, 503 within."""
    room_id = await ada.make_room()
    await type_letters(ada, room_id, "abcde")
    room = live.rooms[room_id]
    whole = list(room.log)
    path = f"/api/sync/{room_id}/operations"
    room.log = whole[2:]
    refused = await ada.get(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "version_too_old")
    room.log = whole[:2] + whole[3:]
    refused = await ada.get(path)
    assert (refused.status_code, refused.json()["code"]) == (503, "room_load_failed")
    assert refused.headers["retry-after"]
    room.log = whole
    assert (await ada.get(path)).status_code == 200


@pytest.mark.parametrize("asleep", [False, True])
async def test_far_behind_gets_a_snapshot(ada: Guest, live: FakeLive, asleep: bool) -> None:  # noqa: FBT001
    """SYNC-10: up to 1000 operations behind a client gets operations, beyond that the text, live or asleep."""
    room_id = await ada.make_room()
    room = await live.wake(room_id)
    for version in range(1, 1002):
        room.log.append(LiveOp(version, [version - 1, "x"] if version > 1 else ["x"], ada.user_id, "c", version, 1e9))
    room.content, room.version = "x" * 1001, 1001
    if asleep:
        await live.sleep(room_id)
    behind = (await ada.post("/api/sync/sync", {"room_id": room_id, "client_version": 1})).json()
    assert (len(behind["operations"]), behind["snapshot"]) == (1000, None)
    far = (await ada.post("/api/sync/sync", {"room_id": room_id, "client_version": 0})).json()
    assert (far["operations"], far["server_version"]) == ([], 1001)
    assert far["snapshot"]["content"] == "x" * 1001
    assert (await ada.get(f"/api/sync/{room_id}/snapshot", version=1000)).json()["content"] == "x" * 1000


async def test_messages_of_memory_and_postgres(ada: Guest, live: FakeLive, database: Database) -> None:
    """LIVE-4: chat pages backwards over both; memory knows newer reactions, and each message appears once."""
    room_id = await ada.make_room()
    async with database.session() as session:
        for number in range(6):
            at = START + timedelta(seconds=number)
            session.add(
                Message(room_id=room_id, id=f"m{number}", user_id="u", name="U", content=f"{number}", created_at=at)
            )
    room = await live.wake(room_id)
    room.chat = [
        ChatMessage(
            id=f"m{number}",
            user_id="u",
            name="U",
            content=f"{number}",
            created_at=START + timedelta(seconds=number),
            reactions={"👍": ["u"]} if number == 4 else {},
        )
        for number in range(4, 9)
    ]
    path = f"/api/rooms/{room_id}/messages"
    seen: list[str] = []
    params: dict[str, str] = {}
    while True:
        page = (await ada.get(path, limit=2, **params)).json()
        seen += [message["message_id"] for message in page["items"]]
        if page["next"] is None:
            break
        params = {"before": page["next"]}
    assert seen == [f"m{number}" for number in range(8, -1, -1)]
    everything = (await ada.get(path)).json()["items"]
    assert [message["reactions"] for message in everything if message["message_id"] == "m4"] == [{"👍": ["u"]}]
    refused = await ada.get(path, before="2026-01-05T09:30:00")
    assert (refused.status_code, refused.json()["code"]) == (422, "malformed")


@pytest.mark.parametrize("asleep", [False, True])
async def test_a_deleted_message_tells_nothing(ada: Guest, live: FakeLive, database: Database, asleep: bool) -> None:  # noqa: FBT001
    """CHAT-5, CHAT-6: not what memory has deleted but Postgres not yet, nor what a row marked deleted still holds."""
    room_id = await ada.make_room()
    async with database.session() as session:
        for number, deleted in enumerate((True, False)):
            at = START + timedelta(seconds=number)
            session.add(
                Message(
                    room_id=room_id,
                    id=f"m{number}",
                    user_id="u",
                    name="U",
                    content="secret" if deleted or not asleep else "plain",
                    created_at=at,
                    reactions={"👍": ["u"]},
                    deleted=deleted,
                )
            )
    if not asleep:
        room = await live.wake(room_id)
        at = START + timedelta(seconds=1)
        room.chat = [ChatMessage(id="m1", user_id="u", name="U", content="", created_at=at, deleted=True)]
    items = (await ada.get(f"/api/rooms/{room_id}/messages")).json()["items"]
    assert [(one["content"], one["reactions"], one["deleted"]) for one in items] == [
        ("plain", {"👍": ["u"]}, False) if asleep else ("", {}, True),
        ("", {}, True),
    ]


async def test_conflicts(ada: Guest, database: Database) -> None:
    """REST-14: conflicts page newest first, with counts by kind over the whole room."""
    room_id = await ada.make_room()
    async with database.session() as session:
        for version in range(2, 7):
            session.add(
                ConflictResolution(
                    room_id=room_id,
                    version=version,
                    other_version=version - 1,
                    user_id="a",
                    other_user_id="b",
                    kind="insert-insert" if version % 2 else "delete-delete",
                    strategy="transform",
                )
            )
    first = (await ada.get(f"/api/rooms/{room_id}/conflicts", limit=3)).json()
    assert [conflict["version"] for conflict in first["items"]] == [6, 5, 4]
    assert (first["next"], first["counts"]) == (3, {"insert-insert": 2, "delete-delete": 3})
    last = (await ada.get(f"/api/rooms/{room_id}/conflicts", limit=3, offset=3)).json()
    assert ([conflict["version"] for conflict in last["items"]], last["next"]) == ([3, 2], None)


async def test_live_rooms_are_told_of_members(ada: Guest, bob: Guest, live: FakeLive) -> None:
    """LIVE-5: additions, role changes and removals reach the live room; a removal is repeated when asked again."""
    room_id = await ada.make_room()
    members = f"/api/rooms/{room_id}/members"
    await ada.post(members, {"user_id": bob.user_id, "role": "viewer"})
    await ada.put(f"{members}/{bob.user_id}", {"role": "admin"})
    await ada.delete(f"{members}/{bob.user_id}")
    assert (await ada.delete(f"{members}/{bob.user_id}")).status_code == 404
    told = [role for room, user, role in live.told if (room, user) == (room_id, bob.user_id)]
    assert told == ["viewer", "admin", None, None]


@pytest.mark.parametrize("second", ["viewer", None])
async def test_the_change_that_the_database_keeps_is_told_last(
    ada: Guest, bob: Guest, live: FakeLive, second: Role | None
) -> None:
    """ROOM-24: when the word of the later change comes first, the room hears of it again in the end."""
    room_id = await ada.make_room()
    member = f"/api/rooms/{room_id}/members/{bob.user_id}"
    await ada.post(f"/api/rooms/{room_id}/members", {"user_id": bob.user_id})
    late = live.late = asyncio.Barrier(2)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        first = group.create_task(ada.put(member, {"role": "admin"}))
        await late.wait()  # it is committed, and not told yet
        done = await (ada.delete(member) if second is None else ada.put(member, {"role": second}))
        await late.wait()
    told = [role for room, user, role in live.told if (room, user) == (room_id, bob.user_id)]
    assert told == ["member", second, "admin", second]
    assert done.is_success
    assert first.result().status_code == (404 if second is None else 200)


async def test_live_room_ends_before_it_is_deleted(ada: Guest, live: FakeLive) -> None:
    """REST-12: deleting a room ends it in memory first."""
    room_id = await ada.make_room()
    await ada.insert(room_id, 0, "x")
    await ada.delete(f"/api/rooms/{room_id}")
    assert live.deleted[-1] == room_id
    assert room_id not in live.rooms


def participant(guest: Guest, **fields: Any) -> Participant:
    return Participant(
        session_id=f"s-{guest.user_id}", user_id=guest.user_id, name=guest.name, colour="", role="member", **fields
    )


async def test_full_room_refuses_newcomers(ada: Guest, bob: Guest, eve: Guest, live: FakeLive) -> None:
    """REST-23: while max_users people are in a room, newcomers are refused with 409 room_full; members are not."""
    room_id = await ada.make_room(max_users=1)
    await ada.post(f"/api/rooms/{room_id}/members", {"user_id": bob.user_id})
    room = await live.wake(room_id)
    room.participants = [participant(ada), participant(ada)]
    refused = await eve.post(f"/api/users/{eve.user_id}/rooms/{room_id}/join")
    assert (refused.status_code, refused.json()["code"]) == (409, "room_full")
    assert (await bob.post(f"/api/users/{bob.user_id}/rooms/{room_id}/join")).status_code == 200
    room.participants = []
    assert (await eve.post(f"/api/users/{eve.user_id}/rooms/{room_id}/join")).status_code == 200


async def test_status_shows_connections(
    sign_in: Callable[[str], Awaitable[Guest]], live: FakeLive, database: Database
) -> None:
    """REST-32: unless they said otherwise just now, people are what their sessions show; away in a sleeping room."""
    guest = await sign_in("Noor")
    room_id = await guest.make_room()
    path = f"/api/users/{guest.user_id}/status"
    async with database.session() as session:
        member = await session.get_one(RoomMember, (room_id, guest.user_id))
        member.active, member.last_seen = True, START
    room = await live.wake(room_id)
    for sessions, status in (([], "offline"), (["away"], "away"), (["away", "online"], "online")):
        room.participants = [participant(guest, status=shown) for shown in sessions]
        assert (await guest.get(path)).json()["status"] == status
    room.participants = []
    assert datetime.fromisoformat((await guest.get(path)).json()["last_seen"]) == START
    await live.sleep(room_id)
    assert (await guest.get(path)).json()["status"] == "away"
    await guest.put(path, {"status": "online"})
    assert (await guest.get(path)).json()["status"] == "online"
