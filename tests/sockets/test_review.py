"""Whoever came into a room while their membership changed is looked at once more."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from actors.link import messages as link
from serve.sockets import review

from .fakes import FakeAccess, until
from .guests import Guest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

    from serve.sockets.hub import RoomHub

    from .town import Town


@asynccontextmanager
async def coming_in(town: Town, guest: Guest) -> AsyncIterator[None]:
    """The database let the guest in, who waits for the room to wake; afterwards the guest is in."""
    town.slow.clear()
    asked = town.located
    joining = asyncio.create_task(guest.join())
    await until(lambda: town.located > asked)
    yield
    town.slow.set()
    await joining


async def test_who_was_removed_on_the_way_in(hub: RoomHub, town: Town, access: FakeAccess) -> None:
    """ROOM-23: they are sent out, and the others see them go."""
    bob = Guest(hub, "bob")
    async with coming_in(town, bob):
        access.ranks = {"bob": None}
    ada = Guest(hub, "ada")
    await ada.join()
    await until(lambda: bool(bob.wire.of("room_left")))
    assert bob.wire.of("room_left") == [{"room_id": "room", "reason": "removed"}]
    await until(lambda: bool(ada.wire.of("user_left")))
    assert set(hub.sessions) == {ada.session.sid}


async def test_who_got_another_role_on_the_way_in(hub: RoomHub, town: Town, access: FakeAccess) -> None:
    """ROOM-23: it counts, at the gateway and in the room, and everybody is told."""
    bob = Guest(hub, "bob")
    async with coming_in(town, bob):
        access.ranks = {"bob": "viewer"}
    await until(lambda: bob.session.role == "viewer")
    await until(lambda: [told["user"]["role"] for told in bob.wire.of("user_joined")] == ["viewer"])


async def test_the_last_of_two_changes_counts(
    hub: RoomHub, town: Town, access: FakeAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ROOM-23: one that is told while the database is asked about the one before."""
    monkeypatch.setattr(review, "_TOGETHER", 0.01)
    bob = Guest(hub, "bob")
    corrected: list[str] = []

    async def overtaken(user_id: str, role: Any) -> None:
        """The later change reaches the room before what the earlier look found."""
        access.ranks = {"bob": "admin"}
        if not corrected:
            await hub.call(link.MemberChanged, user_id, "admin")
        corrected.append(role)
        await hub.call(link.MemberChanged, user_id, role)

    hub._review._correct = overtaken
    async with coming_in(town, bob):
        access.ranks = {"bob": "viewer"}
    await until(lambda: corrected == ["viewer", "admin"])
    await until(lambda: bob.session.role == "admin")


async def test_a_database_that_is_away_is_asked_again(
    hub: RoomHub, town: Town, access: FakeAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ROOM-23."""
    monkeypatch.setattr(review, "_RETRY", 0.01)
    access.away = True
    bob = Guest(hub, "bob")
    await bob.join()
    await until(lambda: access.asked > 1)
    access.away, access.ranks = False, {"bob": None}
    await until(lambda: bool(bob.wire.of("room_left")))


async def test_those_who_come_together_are_asked_about_together(hub: RoomHub, access: FakeAccess) -> None:
    """ROOM-23: a class is one question, and the answer that nothing changed is the last."""
    await asyncio.gather(*(Guest(hub, f"student{number}").join() for number in range(30)))
    await until(lambda: hub._review._looking is None)
    assert 1 <= access.asked < 10
    assert len(hub.sessions) == 30
