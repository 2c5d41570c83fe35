"""A room that sleeps under the sessions of a gateway: held back, woken, told of."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from actors.host import room_host
from actors.link import messages as link
from rayrooms.errors import RateLimitedError
from serve.sockets import slumber as slumber_module

from .fakes import FakeAccess, until
from .guests import Guest
from .town import Town, gateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from serve.sockets.hub import RoomHub
    from serve.sockets.hubs import RoomHubs
    from tests.actors.hosting import Stage


@pytest.fixture
async def there(town: Town, access: FakeAccess) -> AsyncIterator[RoomHub]:
    """The room at another gateway."""
    hubs = gateway(town, access)
    yield hubs.hub("room")
    await hubs.close()


async def stored(town: Town) -> Stage:
    """The owner, once all that it knows is stored."""
    owner = town.owner
    assert owner is not None
    await owner.stored()
    return owner


async def asleep(town: Town, *hubs: RoomHub) -> None:
    """The room falls asleep, at all these gateways."""
    await stored(town)
    assert await town.lull()
    await until(lambda: all(hub.is_asleep for hub in hubs))


class TestSleep:
    async def test_its_people_are_told_nothing(self, hub: RoomHub, town: Town) -> None:
        """SLEEP-1: and nobody looks for another owner."""
        ada, bob = Guest(hub, "ada"), Guest(hub, "bob")
        await ada.join()
        await bob.join()
        told = len(ada.wire.sent)
        await asleep(town, hub)
        assert hub.is_asleep
        assert len(ada.wire.sent) == told
        assert set(hub.sessions) == {ada.session.sid, bob.session.sid}
        assert (town.epoch, town.located) == (1, 1)

    async def test_an_edit_wakes_it(self, hub: RoomHub, town: Town) -> None:
        """SLEEP-2: its author gets the answer, the others see it; all are told where the room stands."""
        ada, bob = Guest(hub, "ada"), Guest(hub, "bob")
        await ada.join()
        await bob.join()
        ada.edit("x", seq=1)
        await until(lambda: bob.versions() == ada.versions() == [1])
        await asleep(town, hub)
        assert ada.edit("y", seq=2)
        assert ada.edit("z", seq=3)
        await until(lambda: bob.versions() == ada.versions() == [1, 2, 3])
        assert town.epoch == 2
        joined = await ada.joined(2)
        assert (joined["epoch"], joined["version"], joined["version_epoch"]) == (2, 1, 1)
        assert "content" not in joined
        assert await bob.joined(2)
        assert not hub.is_asleep

    async def test_what_is_said_while_it_falls_asleep_is_kept_in_order(self, hub: RoomHub, town: Town) -> None:
        """SLEEP-2, SLEEP-3, G6."""
        ada = Guest(hub, "ada")
        await ada.join()
        for seq in (1, 2):
            ada.edit("a", seq=seq)
        await until(lambda: ada.versions() == [1, 2])
        owner = await stored(town)
        owner.feed.storing = False
        falling = asyncio.create_task(town.lull())
        await until(lambda: owner.host.is_leaving)
        for seq in (3, 4, 5):
            assert ada.edit(str(seq), seq=seq)
        hub.post(ada.session, link.Post(ada.session.sid, "hi", None, 7))
        assert ada.versions() == [1, 2]
        owner.feed.store()
        assert await falling
        await until(lambda: ada.versions() == [1, 2, 3, 4, 5])
        await until(lambda: len(ada.wire.of("chat_message")) == 1)
        assert town.epoch == 2

    async def test_a_room_that_stays_is_handed_what_was_said(
        self, hub: RoomHub, town: Town, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """SLEEP-3: over the same link, and nobody notices."""
        ada = Guest(hub, "ada")
        await ada.join()
        owner = town.owner
        assert owner is not None
        monkeypatch.setattr(room_host, "_SETTLE_TIMEOUT", 0.2)
        owner.archive.answering.clear()
        asked = asyncio.create_task(hub.call(link.Submit, "eve", "Eve", "member", ["e"], None, None, None))
        await until(lambda: len(owner.host._tasks) > 1)
        await owner.stored()
        falling = asyncio.create_task(town.lull())
        await until(lambda: not hub.is_linked)
        assert ada.edit("a", seq=1)
        bob = Guest(hub, "bob")
        joining = asyncio.create_task(hub.join(bob.session))
        assert not await falling
        owner.archive.answering.set()
        await joining
        await bob.joined()
        await until(lambda: sorted(ada.versions()) == [1, 2])
        assert isinstance(await asked, link.SubmitAnswer)
        assert town.epoch == 1
        assert len(ada.wire.of("room_joined")) == 1

    async def test_an_owner_that_dies_while_it_falls_asleep(self, hub: RoomHub, town: Town) -> None:
        """SLEEP-2, ROOM-20: the next one gets what was held back."""
        ada = Guest(hub, "ada")
        await ada.join()
        for seq in (1, 2):
            ada.edit("a", seq=seq)
        await until(lambda: ada.versions() == [1, 2])
        owner = await stored(town)
        owner.feed.storing = False
        owner.host.spawn(owner.host.sleep())  # type: ignore[arg-type]
        await until(lambda: not hub.is_linked)
        assert ada.edit("c", seq=3)
        await town.bury()
        await until(lambda: ada.versions() == [1, 2, 3])

    async def test_too_much_is_refused(self, hub: RoomHub, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
        """SLEEP-8, G10."""
        monkeypatch.setattr(slumber_module, "_MOST_MESSAGES", 3)
        ada = Guest(hub, "ada")
        await ada.join()
        await asleep(town, hub)
        town.slow.clear()
        for seq in (1, 2, 3):
            ada.edit("x", seq=seq)
        with pytest.raises(RateLimitedError):
            ada.edit("x", seq=4)
        town.slow.set()
        await until(lambda: ada.versions() == [1, 2, 3])
        assert ada.edit("x", seq=4)

    async def test_when_it_cannot_be_woken_those_who_wait_are_told(self, hub: RoomHub, town: Town) -> None:
        """SLEEP-8: but for numbered edits, which their clients send again; later it works."""
        ada = Guest(hub, "ada")
        await ada.join()
        await asleep(town, hub)
        town.away = True
        assert hub.post(ada.session, link.Post(ada.session.sid, "hi", None, 7))
        assert ada.edit("x", seq=1)
        await until(lambda: bool(ada.wire.of("error")))
        assert [(error["code"], error.get("seq")) for error in ada.wire.of("error")] == [("database_unavailable", None)]
        town.away = False
        await ada.joined(2)
        assert ada.versions() == []
        assert ada.edit("x", seq=1)
        await until(lambda: ada.versions() == [1])


class TestOthers:
    async def test_all_gateways_come_along(self, hub: RoomHub, there: RoomHub, town: Town) -> None:
        """SLEEP-4: whichever woke it; who had nothing to say gets what was said meanwhile."""
        ada, bob = Guest(hub, "ada"), Guest(there, "bob")
        await ada.join()
        await bob.join()
        await asleep(town, hub, there)
        ada.edit("x", seq=1)
        await until(lambda: ada.versions() == [1])
        town.board.post("room", "awake")
        joined = await bob.joined(2)
        assert [change["version"] for change in joined.get("operations", [])] + bob.versions() == [1]

    async def test_edits_that_others_overtook_are_not_handed_over(
        self, hub: RoomHub, there: RoomHub, town: Town, access: FakeAccess
    ) -> None:
        """SLEEP-2: they were made before a text that has changed; what has no number is refused, chat goes on."""
        ada, bob = Guest(hub, "ada"), Guest(there, "bob")
        await ada.join()
        await bob.join()
        await asleep(town, hub, there)
        access.answering.clear()
        bob.edit("late", seq=1)  # it waits until it is known that Bob may still be there
        bob.edit("late", seq=None)
        there.post(bob.session, link.Post(bob.session.sid, "hi", None, 9))
        access.answering.set()
        town.meanwhile = [["y"]]
        await until(lambda: bool(bob.wire.of("error")) and bool(bob.wire.of("chat_message")))
        assert [error["code"] for error in bob.wire.of("error")] == ["room_unavailable"]
        assert bob.versions() == []
        joined = await bob.joined(2)
        assert joined["version"] == 1
        assert bob.edit("again", seq=1)
        await until(lambda: bob.versions() == [2])

    async def test_a_rest_call_wakes_it_for_all(self, hub: RoomHub, town: Town) -> None:
        """SLEEP-4, WS-14."""
        ada = Guest(hub, "ada")
        await ada.join()
        await asleep(town, hub)
        await hub.call(link.Submit, "eve", "Eve", "member", ["e"], None, None, None)
        joined = await ada.joined(2)
        assert [change["version"] for change in joined.get("operations", [])] + ada.versions() == [1]

    async def test_the_last_to_leave_lets_it_sleep(self, hub: RoomHub, town: Town) -> None:
        """SLEEP-5: it is noted that nobody is there."""
        ada = Guest(hub, "ada")
        await ada.join()
        await asleep(town, hub)
        hub.leave(ada.session)
        assert town.vacancies.noted == ["room"]
        assert town.epoch == 1
        assert hub.sessions == {}

    async def test_others_are_told_who_left(self, hub: RoomHub, town: Town) -> None:
        """SLEEP-5: also when they sit at another gateway."""
        ada, bob = Guest(hub, "ada"), Guest(hub, "bob")
        await ada.join()
        await bob.join()
        await asleep(town, hub)
        hub.leave(ada.session)
        joined = await bob.joined(2)
        assert [user["user_id"] for user in joined["users"]] == ["bob"]

    async def test_others_elsewhere_are_told_too(self, hub: RoomHub, there: RoomHub, town: Town) -> None:
        """SLEEP-5."""
        ada, bob = Guest(hub, "ada"), Guest(there, "bob")
        await ada.join()
        await bob.join()
        await asleep(town, hub, there)
        hub.leave(ada.session)
        await until(lambda: town.epoch == 2)
        assert town.vacancies.noted == []

    async def test_what_was_said_before_leaving_counts(self, hub: RoomHub, town: Town) -> None:
        """SLEEP-2: a tab is closed right after the last key."""
        ada, bob = Guest(hub, "ada"), Guest(hub, "bob")
        await ada.join()
        await bob.join()
        await asleep(town, hub)
        ada.edit("x", seq=1)
        hub.leave(ada.session)
        assert ada.session.connection.sessions == {}
        await until(lambda: bob.versions() == [1])
        await until(lambda: bool(bob.wire.of("user_left")))
        assert set(hub.sessions) == {bob.session.sid}

    async def test_others_are_told_of_a_removed_member(self, hub: RoomHub, town: Town, access: FakeAccess) -> None:
        """SLEEP-6, ROOM-16: who is removed at once, the others by the room, which wakes for that."""
        ada, bob = Guest(hub, "ada"), Guest(hub, "bob")
        await ada.join()
        await bob.join()
        await asleep(town, hub)
        access.ranks = {"bob": None}
        town.board.post("room", "changed")
        await until(lambda: bool(bob.wire.of("room_left")))
        assert bob.wire.of("room_left") == [{"room_id": "room", "reason": "removed"}]
        joined = await ada.joined(2)
        assert [user["user_id"] for user in joined["users"]] == ["ada"]

    async def test_others_elsewhere_are_told_of_a_removed_member(
        self, hub: RoomHub, there: RoomHub, town: Town, access: FakeAccess
    ) -> None:
        """SLEEP-6: those at other gateways, by the one where the member was."""
        ada, bob = Guest(there, "ada"), Guest(hub, "bob")
        await ada.join()
        await bob.join()
        await asleep(town, hub, there)
        access.ranks = {"bob": None}
        town.board.post("room", "changed")
        await until(lambda: town.epoch == 2)
        assert bob.wire.of("room_left") == [{"room_id": "room", "reason": "removed"}]
        town.board.post("room", "awake")
        joined = await ada.joined(2)
        assert [user["user_id"] for user in joined["users"]] == ["ada"]

    async def test_the_last_one_is_removed_without_waking_it(
        self, hub: RoomHub, town: Town, access: FakeAccess
    ) -> None:
        """SLEEP-5, SLEEP-6: nobody has to be told."""
        bob = Guest(hub, "bob")
        await bob.join()
        await asleep(town, hub)
        access.ranks = {"bob": None}
        town.board.post("room", "changed")
        await until(lambda: town.vacancies.noted == ["room"])
        assert bob.wire.of("room_left") == [{"room_id": "room", "reason": "removed"}]
        assert (town.epoch, hub.sessions) == (1, {})

    async def test_another_role_wakes_it(self, hub: RoomHub, town: Town, access: FakeAccess) -> None:
        """SLEEP-6, ROOM-16: for all to be told, a new writer too, who has been a reader and so could not wake it."""
        ada, bob = Guest(hub, "ada"), Guest(hub, "bob")
        await ada.join()
        await bob.join()
        await asleep(town, hub)
        access.ranks = {"bob": "admin"}
        town.board.post("room", "changed")
        joined = await bob.joined(2)
        assert {user["user_id"]: user["role"] for user in joined["users"]}["bob"] == "admin"
        await ada.joined(2)

    async def test_what_changed_nothing_does_not_wake_it(self, hub: RoomHub, town: Town, access: FakeAccess) -> None:
        """SLEEP-6: somebody who is not here became a member, say."""
        ada = Guest(hub, "ada")
        await ada.join()
        await asleep(town, hub)
        asked = access.asked
        town.board.post("room", "changed")
        await until(lambda: access.asked > asked)
        assert (town.epoch, set(hub.sessions)) == (1, {ada.session.sid})
        assert hub.is_asleep

    async def test_missed_notices_are_made_up_for(self, hub: RoomHub, town: Town, access: FakeAccess) -> None:
        """SLEEP-4, SLEEP-6: after the directory was restarted, every sleeping room is asked about."""
        ada = Guest(hub, "ada")
        await ada.join()
        await asleep(town, hub)
        access.ranks = {"ada": None}
        town.replace_board()
        await until(lambda: bool(ada.wire.of("room_left")))

    async def test_a_gateway_that_stops_notes_who_was_there(self, hubs: RoomHubs, hub: RoomHub, town: Town) -> None:
        """SLEEP-5."""
        ada = Guest(hub, "ada")
        await ada.join()
        await asleep(town, hub)
        await hubs.close()
        assert town.vacancies.noted == ["room"]
