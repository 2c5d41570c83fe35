"""Who enters a room, on a real Postgres: as what they stand in it, and how newcomers become members."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from persistence.database import Database
from persistence.repositories import (
    AuditRepository,
    RoomMemberRepository,
    RoomRepository,
    UserRepository,
    enrol,
    roles_in,
    standing_in,
)
from persistence.tables import Room, RoomMember
from rayrooms.errors import UnavailableError


async def test_as_what_somebody_stands_in_a_room(database: Database, room_id: str) -> None:
    """DB-13: at once after every change; None for strangers and for rooms that are not there."""
    assert await standing_in(database, room_id, "eve") is None
    assert await standing_in(database, "nowhere", "ada") is None
    async with database.session() as session:
        room = await RoomRepository(session).get(room_id)
        member = RoomMember(room_id=room_id, user_id="eve", name="Eve", colour="#123456", role="viewer")
        await RoomMemberRepository(session).add(member)
        assert await standing_in(database, room_id, "eve") is None, "it is not committed yet"
    standing = await standing_in(database, room_id, "eve")
    assert standing == (room.name, room.language, room.max_users, "viewer", "#123456")
    async with database.session() as session:
        await RoomMemberRepository(session).set_role(room_id, "eve", "admin")
    standing = await standing_in(database, room_id, "eve")
    assert standing is not None
    assert standing.role == "admin"
    async with database.session() as session:
        assert await RoomMemberRepository(session).remove(room_id, "eve")
    assert await standing_in(database, room_id, "eve") is None


async def test_as_what_several_stand_in_a_room(database: Database, room_id: str) -> None:
    """ROOM-20, ROOM-23: those asked for who are members; None where there is no room, not where nobody is one."""
    async with database.session() as session:
        for user_id, role in (("eve", "viewer"), ("mallory", "admin"), ("trent", "member")):
            await RoomMemberRepository(session).add(
                RoomMember(room_id=room_id, user_id=user_id, name=user_id, colour="#123456", role=role)
            )
    asked = ["eve", "mallory", "nobody"]
    assert await roles_in(database, room_id, asked) == {"eve": "viewer", "mallory": "admin"}
    assert await roles_in(database, room_id, ["nobody"]) == {}
    assert await roles_in(database, "nowhere", asked) is None


async def test_a_newcomer_becomes_a_member(database: Database, room_id: str) -> None:
    """DB-13, DB-14: once, however many ask at once, with one event; not beyond the room's places, nor unknown."""
    newcomers = [f"new-{uuid.uuid4()}" for _ in range(3)]
    async with database.session() as session:
        room = await RoomRepository(session).get(room_id)
        before = await RoomMemberRepository(session).count(room_id)
        for user_id in newcomers:
            await UserRepository(session).upsert(user_id, f"Name of {user_id}", "n@example.org", "#00ff00")
    most = before + 2
    assert await enrol(database, room_id, "without a profile", most) is None
    assert await enrol(database, "nowhere", newcomers[0], most) is None
    found = await asyncio.gather(*(enrol(database, room_id, newcomers[0], most) for _ in range(8)))
    expected = (room.name, room.language, room.max_users, "member", "#00ff00")
    assert [one for one in found if one is not None] == [expected]
    assert await enrol(database, room_id, newcomers[1], most) == expected
    assert await enrol(database, room_id, newcomers[2], most) is None, "it is full"
    async with database.session() as session:
        member = await RoomMemberRepository(session).find(room_id, newcomers[0])
        events = await AuditRepository(session).page(room_id, limit=10)
        assert await RoomMemberRepository(session).count(room_id) == most
    assert member is not None
    assert (member.name, member.email, member.active) == (f"Name of {newcomers[0]}", "n@example.org", False)
    assert datetime.now(UTC) - member.joined_at < timedelta(minutes=1)
    joined = [(one.user_id, one.actor_id, one.role) for one in events if one.action == "member_joined"]
    assert sorted(joined) == sorted((user_id, user_id, "member") for user_id in newcomers[:2])


async def test_nobody_enrols_in_a_private_room(database: Database) -> None:
    """DB-14."""
    async with database.session() as session:
        await UserRepository(session).upsert("stranger", "Stranger", None, "#000000")
        await RoomRepository(session).create(
            Room(id=(secret := uuid.uuid4().hex), name="Secret", owner_id="ada", private=True)
        )
    assert await enrol(database, secret, "stranger", 100) is None
    async with database.session() as session:
        assert await RoomMemberRepository(session).count(secret) == 0


async def test_a_lone_query_without_a_database(unused_tcp_port: int) -> None:
    """DB-8, DB-13."""
    nobody = Database(f"postgresql://nobody@127.0.0.1:{unused_tcp_port}/nothing", timeout=2.0)
    with pytest.raises(UnavailableError) as caught:
        await standing_in(nobody, "room", "ada")
    assert caught.value.code == "database_unavailable"
    await nobody.close()
