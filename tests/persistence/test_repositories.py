"""Every repository method, on a real Postgres."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from persistence.database import Database
from persistence.repositories import (
    ConflictRepository,
    DocumentSnapshotRepository,
    InvitationRepository,
    MessageRepository,
    OperationRepository,
    PersonalRepository,
    RoomMemberRepository,
    RoomRepository,
    UserRepository,
)
from persistence.tables import (
    ConflictResolution,
    DocumentSnapshot,
    Invitation,
    Message,
    Operation,
    Room,
    RoomMember,
    Table,
)
from rayrooms.errors import ConflictError, NotFoundError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _operation(room_id: str, version: int, client_id: str = "client", seq: int | None = None) -> Operation:
    return Operation(
        room_id=room_id,
        version=version,
        op_type="insert",
        position=0,
        content="x",
        op=["x", 3, {"d": "gone 😀"}],
        user_id="ada",
        client_id=client_id,
        seq=version if seq is None else seq,
        epoch=1,
        at=NOON + timedelta(seconds=version),
    )


def _invitation(room_id: str, number: int, **fields: Any) -> Invitation:
    made: dict[str, Any] = {
        "id": f"{room_id}-{number}",
        "room_id": room_id,
        "role": "member",
        "created_by": "ada",
        "created_at": NOON + timedelta(minutes=number),
        "expires_at": datetime.now(UTC) + timedelta(hours=1),
    }
    return Invitation(**made | fields)


async def _store(database: Database, *rows: Table) -> None:
    async with database.session() as session:
        session.add_all(rows)


async def test_rooms_are_made_found_and_never_made_twice(database: Database) -> None:
    """DB-3: an id is given once; what is not there is NotFoundError, not None mistaken for empty."""
    room_id = uuid.uuid4().hex
    async with database.session() as session:
        rooms = RoomRepository(session)
        assert await rooms.find(room_id) is None
        for missing in (rooms.get, rooms.delete, rooms.claim, rooms.epoch):
            with pytest.raises(NotFoundError) as caught:
                await missing(room_id)
            assert caught.value.code == "room_not_found"
        made = await rooms.create(Room(id=room_id, name="Algol", owner_id="ada", language="python", max_users=7))
        assert made.owner_epoch == 0
        with pytest.raises(ConflictError) as taken:
            await rooms.create(Room(id=room_id, name="Another", owner_id="bob"))
        assert taken.value.code == "already_exists"
    async with database.session() as session:
        found = await RoomRepository(session).get(room_id)
        assert (found.name, found.language, found.max_users, found.private) == ("Algol", "python", 7, False)
        assert found.created_at.tzinfo is not None


async def test_claims_that_race_each_get_an_epoch_of_their_own(database: Database, room_id: str) -> None:
    """G5, DB-4: each claim raises the epoch by one, in one statement."""

    async def claim() -> int:
        async with database.session() as session:
            return await RoomRepository(session).claim(room_id)

    assert sorted(await asyncio.gather(*(claim() for _ in range(10)))) == list(range(2, 12))
    async with database.session() as session:
        assert await RoomRepository(session).epoch(room_id) == 11


async def test_deleting_a_room_deletes_all_that_is_in_it(
    database: Database, new_room: Callable[..., str], sql: psycopg.Connection
) -> None:
    """DB-5: nothing of a deleted room stays, nothing of another goes."""
    gone, kept = new_room(), new_room()
    for room_id in (gone, kept):
        await _store(
            database,
            _operation(room_id, 1),
            RoomMember(room_id=room_id, user_id="ada", name="Ada"),
            Message(room_id=room_id, id="m", user_id="ada", name="Ada", content="hi"),
            _invitation(room_id, 1),
            DocumentSnapshot(room_id=room_id, version=1, version_epoch=1, content="x", size_bytes=1),
            ConflictResolution(
                room_id=room_id,
                version=2,
                other_version=1,
                user_id="a",
                other_user_id="b",
                kind="insert-insert",
                strategy="left",
            ),
        )
    async with database.session() as session:
        await RoomRepository(session).delete(gone)
    tables = ("operations", "room_members", "messages", "document_snapshots", "conflict_resolutions", "invitations")
    for table in tables:
        held = sql.execute(f"SELECT room_id FROM {table} WHERE room_id = ANY(%s)", ([gone, kept],)).fetchall()
        assert held == [(kept,)], table
    async with database.session() as session:
        assert await RoomRepository(session).find(gone) is None


async def test_rooms_are_listed_by_scope_and_by_words(database: Database) -> None:
    """DB-6: lists page in a fixed order; others' private rooms are in none; search is by beginnings of words."""
    tag, user = uuid.uuid4().hex[:10], uuid.uuid4().hex
    async with database.session() as session:
        rooms, members = RoomRepository(session), RoomMemberRepository(session)
        await UserRepository(session).upsert(user, "Pierre", None, "#000000")
        for number in range(6):
            room = Room(
                id=f"{tag}-{number}",
                name=f"Fermat {tag}",
                description="a margin too narrow" if number < 2 else "",
                owner_id=user,
                private=number in {4, 5},
                created_at=NOON + timedelta(minutes=number),
            )
            await rooms.create(room)
            if number != 5:
                await members.add(RoomMember(room_id=room.id, user_id=user, name="P", role="owner"))
        session.add(_operation(f"{tag}-0", 1))
    ids = [f"{tag}-{number}" for number in range(5)]

    async def listed(user_id: str = user, **query: Any) -> list[str]:
        async with database.session() as session:
            return [one.room.id for one in await PersonalRepository(session).rooms(user_id, **query)]

    assert await listed(scope="mine", limit=9) == ids[::-1]
    assert await listed(scope="mine", limit=2, offset=1) == [ids[3], ids[2]]
    assert await listed(scope="public", search=tag, limit=9) == ids[3::-1]
    assert await listed(scope="all", search=tag, limit=9) == ids[::-1]
    assert await listed("eve", scope="all", search=tag, limit=9) == ids[3::-1]
    assert await listed("eve", scope="mine", limit=9) == []
    assert await listed(scope="public", search=f"{tag[:6]} NARR", limit=9) == ids[1::-1]
    assert await listed(scope="public", search=tag, limit=1, offset=1) == [ids[2]]
    assert await listed(scope="public", search=f"{tag} elsewhere", limit=9) == []
    assert await listed(scope="public", search="!?", limit=9) == []
    assert len(await listed(scope="public", search=" ", limit=3)) == 3
    assert await listed(scope="public", search="' | ) & !:*<-> " + "x" * 5000, limit=3) == []
    async with database.session() as session:
        *_, oldest = await PersonalRepository(session).rooms(user, scope="mine", limit=9)
        assert (oldest.role, oldest.owner_name, oldest.edited_at) == ("owner", "Pierre", NOON + timedelta(seconds=1))
        [strange] = await PersonalRepository(session).rooms("eve", scope="public", search=tag, limit=1)
        assert (strange.role, strange.owner_name, strange.edited_at) == (None, "Pierre", None)


async def test_where_somebody_is_and_was(database: Database, new_room: Callable[..., str]) -> None:
    """DB-3: the rooms they are connected to, last joined first, and when they were last seen in any."""
    user = uuid.uuid4().hex
    joined = [new_room() for _ in range(4)]
    async with database.session() as session:
        personal = PersonalRepository(session)
        assert (await personal.active(user, limit=9), await personal.last_seen(user)) == ([], None)
        for number, room_id in enumerate(joined):
            await RoomMemberRepository(session).add(
                RoomMember(
                    room_id=room_id,
                    user_id=user,
                    name="P",
                    joined_at=NOON + timedelta(minutes=number),
                    last_seen=NOON - timedelta(minutes=number) if number else None,
                    active=number != 2,
                )
            )
        active = [member.room_id for member in await personal.active(user, limit=9)]
        assert active == [joined[3], joined[1], joined[0]]
        assert [member.room_id for member in await personal.active(user, limit=1)] == [joined[3]]
        assert await personal.last_seen(user) == NOON - timedelta(minutes=1)


async def test_members(database: Database, room_id: str) -> None:
    """DB-3: membership is added once, changed, counted and ended."""
    async with database.session() as session:
        members = RoomMemberRepository(session)
        for number, user_id in enumerate(["ada", "bob", "cyd"]):
            joined = NOON + timedelta(minutes=number)
            await members.add(RoomMember(room_id=room_id, user_id=user_id, name=user_id.title(), joined_at=joined))
        with pytest.raises(ConflictError):
            await members.add(RoomMember(room_id=room_id, user_id="ada", name="Ada again"))
        with pytest.raises(NotFoundError) as caught:
            await members.add(RoomMember(room_id="no-such-room", user_id="ada", name="Ada"))
        assert caught.value.code == "room_not_found"
        await members.set_role(room_id, "bob", "viewer")
        with pytest.raises(NotFoundError):
            await members.set_role(room_id, "eve", "owner")
        assert await members.count(room_id) == 3
        assert await members.remove(room_id, "cyd")
        assert not await members.remove(room_id, "cyd")
    async with database.session() as session:
        members = RoomMemberRepository(session)
        assert await members.find(room_id, "cyd") is None
        bob = await members.find(room_id, "bob")
        assert bob is not None
        assert (bob.role, bob.active, bob.last_seen) == ("viewer", False, None)
        assert [member.user_id for member in await members.page(room_id, limit=5)] == ["ada", "bob"]
        assert [member.user_id for member in await members.page(room_id, limit=5, offset=1)] == ["bob"]


async def test_a_member_is_added_or_raised_once(database: Database, room_id: str) -> None:
    """INV-5: of many transactions that would add or raise the same member, one does; nobody is lowered."""
    for role, lower, changes in (
        ("viewer", [], 1),
        ("member", ["viewer"], 1),
        ("viewer", [], 0),
        ("member", ["viewer"], 0),
    ):

        async def change(role: str = role, lower: list[Any] = lower) -> bool:
            async with database.session() as session:
                await RoomRepository(session).hold(room_id)
                member = RoomMember(room_id=room_id, user_id="bob", name="Bob", role=role)
                return await RoomMemberRepository(session).add_or_raise(member, lower)

        assert sum(await asyncio.gather(*(change() for _ in range(4)))) == changes, role
    async with database.session() as session:
        bob = await RoomMemberRepository(session).find(room_id, "bob")
        assert bob is not None
        assert bob.role == "member"
        with pytest.raises(NotFoundError) as caught:
            await RoomRepository(session).hold("no-such-room")
        assert caught.value.code == "room_not_found"


async def test_invitations(database: Database, new_room: Callable[..., str]) -> None:
    """DB-3, INV-3, INV-6, INV-7: invitations are listed with their maker's role, counted, and revoked for good."""
    room_id, elsewhere = new_room(), new_room()
    past = datetime.now(UTC) - timedelta(seconds=1)
    async with database.session() as session:
        invitations, members = InvitationRepository(session), RoomMemberRepository(session)
        for user_id, role in (("ada", "owner"), ("bob", "admin"), ("cyd", "member")):
            await members.add(RoomMember(room_id=room_id, user_id=user_id, name=user_id, role=role))
        plain = await invitations.add(_invitation(room_id, 1))
        await invitations.add(_invitation(room_id, 2, created_by="bob"))
        await invitations.add(_invitation(room_id, 3, expires_at=past))
        await invitations.add(_invitation(room_id, 4, created_by="bob", role="admin"))
        await invitations.add(_invitation(room_id, 5, created_by="cyd"))
        await invitations.add(_invitation(room_id, 6, created_by="gone"))
        await invitations.add(_invitation(elsewhere, 7))
        with pytest.raises(ConflictError):
            await invitations.add(_invitation(room_id, 1))
        with pytest.raises(NotFoundError) as caught:
            await invitations.add(_invitation("no-such-room", 1))
        assert caught.value.code == "room_not_found"

        every = await invitations.page(room_id, limit=9)
        assert [(row.id[-1], role) for row, role in every] == [
            ("6", None),
            ("5", "member"),
            ("4", "admin"),
            ("3", "owner"),
            ("2", "admin"),
            ("1", "owner"),
        ]
        assert [row.id[-1] for row, _ in await invitations.page(room_id, limit=2, offset=3)] == ["3", "2"]
        granting: dict[Any, Any] = {"member": ["owner", "admin"], "admin": ["owner"]}
        assert [row.id[-1] for row, _ in await invitations.page(room_id, limit=9, granting=granting)] == ["2", "1"]

        assert await invitations.find(room_id, plain.id) == (plain, "owner")
        assert await invitations.find(elsewhere, plain.id) is None
        assert await invitations.count_use(plain.id)
        assert not await invitations.revoke(elsewhere, plain.id)
        assert await invitations.revoke(room_id, plain.id)
        first = await invitations.find(room_id, plain.id)
    async with database.session() as session:
        invitations = InvitationRepository(session)
        assert not await invitations.revoke(room_id, plain.id)
        assert not await invitations.count_use(plain.id)
        again = await invitations.find(room_id, plain.id)
    assert first is not None
    assert again is not None
    assert first[0].revoked_at is not None
    assert again[0].revoked_at == first[0].revoked_at
    assert again[0].uses == 1


async def test_operations(database: Database, room_id: str) -> None:
    """DB-3: the log is read by version, forwards and backwards, and by edit."""
    await _store(database, *(_operation(room_id, v, client_id=f"client-{v % 2}", seq=v * 10) for v in range(1, 8)))
    async with database.session() as session:
        operations = OperationRepository(session)
        assert [op.version for op in await operations.range(room_id, 2, 5, limit=9)] == [3, 4, 5]
        assert [op.version for op in await operations.range(room_id, 2, None, limit=3)] == [3, 4, 5]
        assert [op.version for op in await operations.page(room_id, limit=3)] == [7, 6, 5]
        assert [op.version for op in await operations.page(room_id, limit=3, before=3)] == [2, 1]
        assert (await operations.range(room_id, 0, 1, limit=1))[0].op == ["x", 3, {"d": "gone 😀"}]
        assert await operations.head(room_id) == (7, NOON + timedelta(seconds=7))
        assert await operations.head("no-such-room") is None
        assert await operations.result_of(room_id, "client-0", 40) == 4
        assert await operations.result_of(room_id, "client-1", 40) is None
        assert await operations.last_seq(room_id, "client-1") == (70, 7)
        assert await operations.last_seq(room_id, "client-9") is None


async def test_messages(database: Database, room_id: str) -> None:
    """DB-3: chat pages backwards in time."""
    await _store(
        database,
        *(
            Message(
                room_id=room_id,
                id=f"m{number}",
                user_id="ada",
                name="Ada",
                content="hi",
                reactions={"👍": ["bob"]},
                created_at=NOON + timedelta(seconds=number),
            )
            for number in range(4)
        ),
    )
    async with database.session() as session:
        messages = MessageRepository(session)
        assert [message.id for message in await messages.page(room_id, limit=2)] == ["m3", "m2"]
        older = await messages.page(room_id, limit=9, before=NOON + timedelta(seconds=2))
        assert [message.id for message in older] == ["m1", "m0"]
        found = await messages.find(room_id, "m1")
        assert found is not None
        assert found.reactions == {"👍": ["bob"]}
        assert await messages.find(room_id, "m9") is None
        assert await messages.find("no-such-room", "m1") is None


async def test_snapshots(database: Database, room_id: str) -> None:
    """DB-3: the newest snapshot, also as of a version."""
    await _store(
        database,
        *(
            DocumentSnapshot(
                room_id=room_id,
                version=version,
                version_epoch=1,
                content="x" * version,
                size_bytes=version,
                clients={"c": (version, version, "ada")},
            )
            for version in (10, 20, 30)
        ),
    )
    async with database.session() as session:
        snapshots = DocumentSnapshotRepository(session)
        newest = await snapshots.newest(room_id)
        assert newest is not None
        assert (newest.version, list(newest.clients["c"])) == (30, [30, 30, "ada"])
        for upto, expected in ((30, 30), (29, 20), (10, 10)):
            found = await snapshots.newest(room_id, upto=upto)
            assert found is not None
            assert found.version == expected
        assert await snapshots.newest(room_id, upto=9) is None


async def test_conflicts(database: Database, room_id: str) -> None:
    """DB-3: conflicts page newest first and are counted by kind."""
    kinds = ["insert-insert", "insert-delete", "insert-insert"]
    await _store(
        database,
        *(
            ConflictResolution(
                room_id=room_id,
                version=number + 2,
                other_version=number + 1,
                user_id="a",
                other_user_id="b",
                kind=kind,
                strategy="left",
            )
            for number, kind in enumerate(kinds)
        ),
    )
    async with database.session() as session:
        conflicts = ConflictRepository(session)
        assert [row.version for row in await conflicts.page(room_id, limit=2)] == [4, 3]
        assert [row.version for row in await conflicts.page(room_id, limit=2, offset=2)] == [2]
        assert await conflicts.summary(room_id) == {"insert-insert": 2, "insert-delete": 1}
        assert await conflicts.summary("no-such-room") == {}


async def test_users(database: Database) -> None:
    """DB-7: a profile is brought up to date by a later sign-in; status and last seen are what really happened."""
    user_id = uuid.uuid4().hex
    async with database.session() as session:
        users = UserRepository(session)
        for missing in (users.get(user_id), users.set_status(user_id, "online")):
            with pytest.raises(NotFoundError) as caught:
                await missing
            assert caught.value.code == "user_not_found"
        await users.upsert(user_id, "Ada", None, "#aa0000")
        made = await users.get(user_id)
        assert (made.name, made.status, made.last_seen) == ("Ada", "offline", None)
        await users.set_status(user_id, "away")
    async with database.session() as session:
        users = UserRepository(session)
        await users.upsert(user_id, "Ada L.", "ada@example.org", "#00aa00")
        found = await users.get(user_id)
        assert (found.name, found.email, found.colour, found.status) == ("Ada L.", "ada@example.org", "#00aa00", "away")
        assert found.last_seen is not None
        assert datetime.now(UTC) - found.last_seen < timedelta(minutes=1)


async def test_a_session_is_a_transaction(database: Database, room_id: str) -> None:
    """DB-8: what is raised inside undoes everything."""

    class BoomError(Exception):
        pass

    async def claim_and_fail() -> None:
        async with database.session() as session:
            await RoomRepository(session).claim(room_id)
            raise BoomError

    with pytest.raises(BoomError):
        await claim_and_fail()
    async with database.session() as session:
        assert await RoomRepository(session).epoch(room_id) == 1


async def test_a_database_that_is_away_is_unavailable() -> None:
    """G7, DB-8: connection trouble is one error with a stable code."""
    away = Database("postgresql://postgres@/postgres?host=/nowhere", timeout=1)
    with pytest.raises(UnavailableError) as caught:
        await away.ping()
    assert caught.value.code == "database_unavailable"
    await away.close()


async def test_a_pool_that_is_used_up_is_unavailable(url: str) -> None:
    """G7, DB-8: waiting for a connection ends."""
    tiny = Database(url, pool_size=1, pool_overflow=0, timeout=0.1)
    async with tiny.session() as session:
        await session.connection()
        with pytest.raises(UnavailableError):
            await tiny.ping()
    await tiny.ping()
    await tiny.close()


async def test_statuses_of_many(database: Database) -> None:
    """DB-7: in one statement, with their time; those who are not there are nobody's error, and nobody else changes."""
    ids = [f"many-{uuid.uuid4()}" for _ in range(4)]
    async with database.session() as session:
        for user_id in ids:
            await UserRepository(session).upsert(user_id, "Somebody", None, "#000000")
    statuses: dict[str, Any] = {ids[0]: "online", ids[1]: "offline", ids[2]: "away", "nobody": "online"}
    async with database.session() as session:
        await UserRepository(session).set_statuses(statuses)
    async with database.session() as session:
        found = [await UserRepository(session).get(user_id) for user_id in ids]
    assert [user.status for user in found] == ["online", "offline", "away", "offline"]
    assert [user.last_seen is not None for user in found] == [True, True, True, False]
    crossing = [dict.fromkeys(order, "online") for order in (ids, list(reversed(ids))) * 10]

    async def write(said: dict[str, Any]) -> None:
        async with database.session() as session:
            await UserRepository(session).set_statuses(said)

    await asyncio.gather(*(write(said) for said in crossing))
