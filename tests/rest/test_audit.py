"""The audit log of memberships, roles and invitations."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import select

from persistence.repositories import AuditRepository, RoomMemberRepository, RoomRepository
from persistence.tables import AuditEvent

from .test_invitations import accept, invite
from .test_members import add, refusal

if TYPE_CHECKING:
    from persistence.database import Database

    from .conftest import Guest


async def log(guest: Guest, room_id: str, **query: Any) -> list[dict[str, Any]]:
    """The room's events, oldest first, without what is null."""
    page = await guest.get(f"/api/rooms/{room_id}/audit", **query)
    assert page.status_code == 200, page.text
    entries: list[dict[str, Any]] = page.json()["items"]
    return [{key: value for key, value in one.items() if value is not None} for one in reversed(entries)]


def told(entries: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    names = ("action", "actor_id", "user_id", "previous_role", "role")
    return [tuple(entry.get(name) for name in names) for entry in entries]


async def test_changes_are_recorded(ada: Guest, bob: Guest, eve: Guest) -> None:
    """AUDIT-1: each change of a membership, with who made it, whom it concerns, and the roles before and after."""
    room_id = await ada.make_room()
    members = f"/api/rooms/{room_id}/members"
    await add(ada, room_id, bob, "viewer")
    await ada.put(f"{members}/{bob.user_id}", {"role": "admin"})
    await eve.post(f"/api/users/{eve.user_id}/rooms/{room_id}/join")
    await bob.delete(f"{members}/{eve.user_id}")
    await bob.post(f"/api/users/{bob.user_id}/rooms/{room_id}/leave")
    await bob.insert(room_id, 0, "in again, by an edit")
    assert told(await log(ada, room_id)) == [
        ("room_created", ada.user_id, ada.user_id, None, "owner"),
        ("member_added", ada.user_id, bob.user_id, None, "viewer"),
        ("role_changed", ada.user_id, bob.user_id, "viewer", "admin"),
        ("member_joined", eve.user_id, eve.user_id, None, "member"),
        ("member_removed", bob.user_id, eve.user_id, "member", None),
        ("member_left", bob.user_id, bob.user_id, "admin", None),
        ("member_joined", bob.user_id, bob.user_id, None, "member"),
    ]


async def test_what_changes_nothing_is_not_recorded(ada: Guest, bob: Guest) -> None:
    """AUDIT-1: repeats, a role that stays, and what was refused leave no trace."""
    room_id = await ada.make_room(private=True)
    await add(ada, room_id, bob, "member")
    before = await log(ada, room_id)
    assert before[0]["private"] is True
    for change in (
        ada.put(f"/api/rooms/{room_id}/members/{bob.user_id}", {"role": "member"}),
        ada.post(f"/api/rooms/{room_id}/members", {"user_id": bob.user_id}),
        ada.post(f"/api/users/{bob.user_id}/rooms/{room_id}/join"),
        bob.post(f"/api/users/{bob.user_id}/rooms/{room_id}/join"),
        bob.delete(f"/api/rooms/{room_id}/members/{ada.user_id}"),
        ada.delete(f"/api/rooms/{room_id}/members/{ada.user_id}"),
    ):
        await change
    assert await log(ada, room_id) == before


async def test_invitations_are_recorded(ada: Guest, bob: Guest) -> None:
    """AUDIT-2: made, used and revoked, by the invitation's id, never with its token."""
    room_id = await ada.make_room(private=True)
    links = {role: await invite(ada, room_id, role=role) for role in ("viewer", "member")}
    for role in ("viewer", "viewer", "member", "viewer"):
        await accept(bob, links[role]["token"])
    for _ in range(2):
        await ada.delete(f"/api/rooms/{room_id}/invitations/{links['member']['invitation_id']}")
    ids = {role: link["invitation_id"] for role, link in links.items()}
    entries = (await log(ada, room_id))[1:]
    assert [(*row, entry["invitation_id"]) for row, entry in zip(told(entries), entries, strict=True)] == [
        ("invitation_created", ada.user_id, None, None, "viewer", ids["viewer"]),
        ("invitation_created", ada.user_id, None, None, "member", ids["member"]),
        ("invitation_accepted", bob.user_id, bob.user_id, None, "viewer", ids["viewer"]),
        ("invitation_accepted", bob.user_id, bob.user_id, "viewer", "member", ids["member"]),
        ("invitation_revoked", ada.user_id, None, None, "member", ids["member"]),
    ]
    answer = await ada.get(f"/api/rooms/{room_id}/audit")
    assert not [link["token"] for link in links.values() if link["token"] in answer.text]


async def test_the_log_pages(ada: Guest, bob: Guest) -> None:
    """AUDIT-3, REST-6: newest first, by `before`, without loss or repeat."""
    room_id = await ada.make_room()
    path = f"/api/users/{bob.user_id}/rooms/{room_id}"
    for _ in range(3):
        await bob.post(f"{path}/join")
        await bob.post(f"{path}/leave")
    seen: list[int] = []
    before: int | None = None
    while True:
        query = {"limit": 3} if before is None else {"limit": 3, "before": before}
        page = (await ada.get(f"/api/rooms/{room_id}/audit", **query)).json()
        seen += [entry["event_id"] for entry in page["items"]]
        before = page["next"]
        if before is None:
            break
    assert len(seen) == 7
    assert seen == sorted(set(seen), reverse=True)


async def test_who_reads_the_log(ada: Guest, bob: Guest, eve: Guest) -> None:
    """AUDIT-3: owner and admins."""
    room_id = await ada.make_room(private=True)
    path = f"/api/rooms/{room_id}/audit"
    for role in ("viewer", "member"):
        await ada.delete(f"/api/rooms/{room_id}/members/{bob.user_id}")
        await add(ada, room_id, bob, role)
        assert refusal(await bob.get(path)) == (403, "forbidden")
    await ada.put(f"/api/rooms/{room_id}/members/{bob.user_id}", {"role": "admin"})
    assert (await bob.get(path)).status_code == 200
    assert refusal(await eve.get(path)) == (404, "room_not_found")


async def test_a_deleted_room_keeps_its_log_from_the_next_of_its_name(
    database: Database, ada: Guest, bob: Guest
) -> None:
    """AUDIT-4: the events outlive the room, for the operator; a new room of that id shows only its own."""
    room_id = await ada.make_room(private=True)
    await add(ada, room_id, bob, "viewer")
    assert (await ada.delete(f"/api/rooms/{room_id}")).status_code == 204
    assert await bob.make_room(room_id=room_id) == room_id
    assert told(await log(bob, room_id)) == [("room_created", bob.user_id, bob.user_id, None, "owner")]
    async with database.session() as session:
        rows = await session.exec(select(AuditEvent).where(AuditEvent.room_id == room_id).order_by("id"))
        kept = list(rows.all())
    assert [event.action for event in kept] == ["room_created", "member_added", "room_deleted", "room_created"]
    assert kept[2].actor_id == ada.user_id


async def test_neither_is_there_without_the_other(
    database: Database, ada: Guest, bob: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AUDIT-5: a change whose record fails is undone."""
    room_id = await ada.make_room()
    await add(ada, room_id, bob, "viewer")

    async def fails(*_: object, **__: object) -> None:
        raise RuntimeError("the log cannot be written")

    monkeypatch.setattr(AuditRepository, "record", fails)
    for change in (
        ada.delete(f"/api/rooms/{room_id}/members/{bob.user_id}"),
        ada.put(f"/api/rooms/{room_id}/members/{bob.user_id}", {"role": "admin"}),
        ada.delete(f"/api/rooms/{room_id}"),
    ):
        with pytest.raises(RuntimeError):
            await change
    async with database.session() as session:
        member = await RoomMemberRepository(session).find(room_id, bob.user_id)
        assert await RoomRepository(session).find(room_id) is not None
    assert member is not None
    assert member.role == "viewer"


async def test_changes_at_the_same_time(ada: Guest, bob: Guest) -> None:
    """AUDIT-5: of several changes of one membership at once, the log tells one after the other."""
    room_id = await ada.make_room()
    await add(ada, room_id, bob, "viewer")
    path = f"/api/rooms/{room_id}/members/{bob.user_id}"
    given = ("member", "admin", "viewer") * 3
    await asyncio.gather(*(ada.put(path, {"role": role}) for role in given))
    changes = [entry for entry in await log(ada, room_id) if entry["action"] == "role_changed"]
    before = "viewer"
    for change in changes:
        assert change["previous_role"] == before
        before = change["role"]
    page = (await ada.get(f"/api/rooms/{room_id}/members")).json()
    assert before == page["items"][1]["role"]
