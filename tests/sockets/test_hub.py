"""A room at a gateway: fan-out to its sessions, and taking them from owner to owner without their doing anything."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from actors.link import messages as link
from rayrooms.errors import NotFoundError, UnavailableError
from serve.sockets import hub as hub_module
from serve.sockets import hubs as hubs_module
from serve.sockets.frames import CommitFrames
from serve.sockets.hub import RoomHub
from serve.sockets.session import Standing
from serve.sockets.tally import GatewayTally

from .fakes import FakeAccess, until
from .guests import Guest
from .town import Town, gateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from serve.sockets.hubs import RoomHubs


def new_hub(town: Town, access: FakeAccess) -> RoomHub:
    stand_in: Any = access
    hubs = gateway(town, access)
    return RoomHub(
        "room",
        gateway_id="g",
        locate=town.locate,
        access=stand_in,
        on_empty=lambda _: None,
        on_vacant=town.vacancies.note,
        is_cut_off=hubs._is_cut_off,
        tally=GatewayTally(),
    )


@pytest.fixture
async def hub(town: Town, access: FakeAccess) -> AsyncIterator[RoomHub]:
    hub = new_hub(town, access)
    yield hub
    hub.close()


class TestFanOut:
    async def test_the_author_gets_an_ack_and_the_others_one_and_the_same_frame(self, hub: RoomHub) -> None:
        """WS-2, WS-20."""
        ada, bob, eve = (Guest(hub, name) for name in ("ada", "bob", "eve"))
        for guest in (ada, bob, eve):
            await guest.join()
        ada.edit("x")
        await until(lambda: eve.versions() == [1])
        assert ada.wire.of("ack") == [{"room_id": "room", "client_id": "ada", "acks": [{"version": 1, "seq": 1}]}]
        assert ada.wire.of("code_change") == []
        (frame,) = [message for message in bob.wire.sent if '"code_change"' in message["text"]]
        assert any(message is frame for message in eve.wire.sent)

    async def test_what_is_said_to_all_spares_its_author(self, hub: RoomHub) -> None:
        """WS-5."""
        ada, bob = Guest(hub, "ada"), Guest(hub, "bob")
        await ada.join()
        await bob.join()
        hub.post(ada.session, link.SetPresence(ada.session.sid, "away"))
        await until(lambda: bool(bob.wire.of("presence_update")))
        assert ada.wire.of("presence_update") == []

    async def test_who_left_hears_no_more(self, hub: RoomHub) -> None:
        """WS-11."""
        ada, bob = Guest(hub, "ada"), Guest(hub, "bob")
        await ada.join()
        await bob.join()
        hub.leave(bob.session)
        ada.edit("x")
        await until(lambda: ada.versions() == [1])
        assert bob.versions() == []
        assert not hub.post(bob.session, link.SetPresence(bob.session.sid, "away"))

    def test_own_commits_among_others_come_without_their_operation(self, hub: RoomHub) -> None:
        """WS-2: in one frame, in order."""
        guest = Guest(hub, "ada")
        sid = guest.session.sid
        commits = [
            link.Commit(sid, 1, 1, b'{"own":1}'),
            link.Commit(99, 2, 5, b'{"version":2}'),
            link.Commit(sid, 3, 2, b'{"own":2}'),
        ]
        payload = CommitFrames("room").for_author(guest.session, commits)
        guest.session.connection.deliver(payload)
        (data,) = guest.wire.of("code_change")
        assert data["changes"] == [
            {"version": 1, "client_id": "ada", "seq": 1},
            {"version": 2},
            {"version": 3, "client_id": "ada", "seq": 2},
        ]


class TestLinking:
    async def test_a_crowd_is_linked_once(self, hub: RoomHub, town: Town) -> None:
        """DIR-1."""
        await asyncio.gather(*(Guest(hub, f"user{number}").join() for number in range(10)))
        assert town.located == 1

    async def test_an_owner_that_the_directory_took_for_alive_is_asked_about_again(
        self, hub: RoomHub, town: Town
    ) -> None:
        """ROOM-20: the first caller after a death is not turned away."""
        town.unnoticed = await town.locate("room", 0)
        await town.bury()
        assert (await Guest(hub, "ada").join())["epoch"] == 2

    async def test_a_room_that_is_no_more_is_an_error(self, hub: RoomHub, town: Town) -> None:
        """WS-16."""
        town.unnoticed = await town.locate("room", 0)
        await town.bury()
        town.deleted = True
        with pytest.raises(NotFoundError):
            await hub.linked()

    async def test_a_hub_that_was_closed_meanwhile_keeps_no_link(self, hub: RoomHub) -> None:
        """G10."""
        linking = asyncio.create_task(hub.linked())
        await asyncio.sleep(0)
        hub.close()
        with pytest.raises(UnavailableError):
            await linking
        assert not hub.is_linked


class TestMoving:
    """ROOM-20: when the owner changes."""

    async def test_sessions_are_taken_along_with_what_they_lack(self, hub: RoomHub, town: Town) -> None:
        """ROOM-20, G1: unasked, without a ref, from the version that they have."""
        ada, bob = Guest(hub, "ada"), Guest(hub, "bob")
        await ada.join()
        await bob.join()
        ada.edit("x")
        await until(lambda: bob.versions() == ada.versions() == [1])
        town.meanwhile = [["y"]]
        await town.bury()
        for guest in (ada, bob):
            joined = await guest.joined(2)
            assert (joined["epoch"], joined["version"], "content" in joined) == (2, 2, False)
            assert [change["op"] for change in joined["operations"]] == [["y"]]
        assert "ref" not in ada.wire.events()[-1]
        assert (await ada.joined(2))["last_seq"] == 1
        await until(lambda: ada.session.attached and bob.session.attached)
        bob.edit("z")
        await until(lambda: ada.versions() == [1, 3])

    async def test_who_was_just_joining_is_let_in_as_asked(self, hub: RoomHub, town: Town) -> None:
        """ROOM-20: a newcomer needs the text, and its answer needs its ref."""
        ada, bob = Guest(hub, "ada"), Guest(hub, "bob")
        await ada.join()
        ada.edit("hello")
        await until(lambda: ada.versions() == [1])
        assert town.owner is not None
        town.owner.archive.answering.clear()
        old = Guest(hub, "eve", Standing(0, 0, 9), client_id="known long ago")
        await hub.join(old.session)  # the room has to ask the database about it
        await town.bury()
        await hub.join(bob.session)
        assert (await bob.joined())["content"] == "hello"
        joined = await old.joined()
        assert [change["op"] for change in joined["operations"]] == [["hello"]]
        assert [event["ref"] for event in old.wire.events() if event["event"] == "room_joined"] == [9]

    async def test_a_newcomer_does_not_make_others_miss_anything(
        self, hub: RoomHub, town: Town, access: FakeAccess
    ) -> None:
        """ROOM-20, G1: someone joins the new owner while those from before still wait to be taken there."""
        ada, bob = Guest(hub, "ada"), Guest(hub, "bob")
        await ada.join()
        ada.edit("x")
        await until(lambda: ada.versions() == [1])
        town.meanwhile = [["y"]]
        access.answering.clear()
        await town.bury()
        await until(lambda: hub.is_linked and town.epoch == 2)
        await bob.join()
        bob.edit("z")
        await until(lambda: bob.versions() == [3])
        access.answering.set()
        joined = await ada.joined(2)
        assert [change["version"] for change in joined["operations"]] == [2, 3]
        assert len(bob.wire.of("room_joined")) == 1, "nobody is let in twice"
        assert bob.wire.of("room_left") == []

    async def test_the_next_owner_may_die_at_once(self, hub: RoomHub, town: Town, access: FakeAccess) -> None:
        """ROOM-20: before anybody was taken there."""
        ada = Guest(hub, "ada")
        await ada.join()
        access.answering.clear()
        await town.bury()
        await until(lambda: hub.is_linked and town.epoch == 2)
        await town.bury()
        await until(lambda: not hub.is_linked)
        access.answering.set()
        assert (await ada.joined(2))["epoch"] == 3
        assert ada.edit("x")
        await until(lambda: ada.versions() == [1])

    async def test_an_owner_that_dies_before_it_answers_a_join(self, hub: RoomHub, town: Town) -> None:
        """ROOM-20: although nobody else is in the room."""
        assert (await hub.linked()).address.epoch == 1
        assert town.owner is not None
        town.owner.archive.answering.clear()
        ada = Guest(hub, "ada", Standing(0, 0, 4), client_id="known long ago")
        await hub.join(ada.session)
        await town.bury()
        assert (await ada.joined())["epoch"] == 2

    async def test_nothing_is_posted_meanwhile(self, hub: RoomHub, town: Town, access: FakeAccess) -> None:
        """ROOM-20, G6: an edit that overtook the rejoining would be out of order."""
        ada = Guest(hub, "ada")
        await ada.join()
        access.answering.clear()
        await town.bury()
        await until(lambda: not ada.session.attached)
        assert not ada.edit("x", seq=1)
        access.answering.set()
        await ada.joined(2)
        assert ada.edit("x", seq=1)

    async def test_who_may_not_be_there_any_more_is_told(self, hub: RoomHub, town: Town, access: FakeAccess) -> None:
        """ROOM-16, ROOM-20: removals and roles that no owner could be told of."""
        ada, bob = Guest(hub, "ada"), Guest(hub, "bob")
        await ada.join()
        await bob.join()
        access.ranks = {"ada": "viewer", "bob": None}
        await town.bury()
        assert (await ada.joined(2))["role"] == "viewer"
        assert ada.session.role == "viewer"
        assert bob.wire.of("room_left") == [{"room_id": "room", "reason": "removed"}]
        assert bob.session.connection.sessions == {}

    async def test_a_deleted_room_is_left_by_all(self, hub: RoomHub, town: Town) -> None:
        """WS-16."""
        ada, bob = Guest(hub, "ada"), Guest(hub, "bob")
        await ada.join()
        await bob.join()
        town.deleted = True
        await town.bury()
        await until(lambda: hub.sessions == {})
        for guest in (ada, bob):
            assert guest.wire.of("room_left") == [{"room_id": "room", "reason": "deleted"}]

    async def test_a_gateway_that_is_cut_off_sends_people_away(
        self, hub: RoomHub, town: Town, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """WS-26: they may find another that is not."""
        monkeypatch.setattr(hub_module, "_PATIENCE", 0.05)
        ada, bob = Guest(hub, "ada"), Guest(hub, "bob")
        await ada.join()
        await bob.join()
        town.cut_off = True
        town.slow.clear()
        await town.bury()
        for guest in (ada, bob):
            await until(lambda guest=guest: guest.session.connection.closed)  # type: ignore[misc]
            assert len(guest.wire.of("going_away")) == 1

    async def test_who_waits_for_a_room_that_nobody_can_reach_stays(
        self, hub: RoomHub, town: Town, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """WS-26: a gateway that still reaches the directory is as good as any other."""
        monkeypatch.setattr(hub_module, "_PATIENCE", 0.02)
        ada = Guest(hub, "ada")
        await ada.join()
        town.slow.clear()
        await town.bury()
        await until(lambda: town.pinged == 1)
        town.slow.set()
        await ada.joined(2)
        assert not ada.session.connection.closed

    async def test_people_of_a_room_that_is_live_stay_whatever_the_directory_does(
        self, hub: RoomHub, town: Town, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """WS-26: it is not even asked."""
        monkeypatch.setattr(hub_module, "_PATIENCE", 0.02)
        ada = Guest(hub, "ada")
        await ada.join()
        town.cut_off = True
        ada.edit("x")
        await until(lambda: bool(ada.wire.of("ack")))
        assert town.pinged == 0
        assert not ada.session.connection.closed

    async def test_an_owner_that_nobody_needs_is_not_replaced(self, hub: RoomHub, town: Town) -> None:
        """G10."""
        await hub.linked()
        await town.bury()
        await until(lambda: not hub.is_linked)
        assert town.located == 1


class TestLeaving:
    async def test_who_leaves_before_being_let_in_leaves_no_ghost(self, hub: RoomHub, town: Town) -> None:
        """WS-12: the room had to ask the database first, and let in somebody who was gone."""
        await hub.linked()
        assert town.owner is not None
        town.owner.archive.answering.clear()
        ada = Guest(hub, "ada", Standing(0, 0, 4), client_id="known long ago")
        await hub.join(ada.session)
        hub.leave(ada.session)
        bob = Guest(hub, "bob")
        await bob.join()
        town.owner.archive.answering.set()
        await until(lambda: bool(bob.wire.of("user_left")))
        assert [session.user.user_id for session in town.owner.core.sessions] == ["bob"]

    async def test_who_disconnects_while_the_room_wakes_is_not_let_in(self, hub: RoomHub) -> None:
        """WS-12."""
        ada = Guest(hub, "ada")
        joining = asyncio.create_task(hub.join(ada.session))
        await asyncio.sleep(0)
        ada.session.connection.closed = True
        await joining
        assert hub.sessions == {}


class TestHubs:
    @pytest.fixture
    async def hubs(self, town: Town, access: FakeAccess, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RoomHubs]:
        monkeypatch.setattr(hubs_module, "_LINGER", 0.05)
        hubs = gateway(town, access)
        yield hubs
        await hubs.close()

    async def test_session_ids_are_not_given_twice(self, hubs: RoomHubs, town: Town, access: FakeAccess) -> None:
        """WS-1: not by two gateways either, as far as chance can tell."""
        other = gateway(town, access)
        assert len({gateway.new_sid() for gateway in (hubs, other) for _ in range(1000)}) == 2000

    async def test_a_room_that_nobody_uses_is_let_go(self, hubs: RoomHubs) -> None:
        """G10: its link too."""
        hub = hubs.hub("room")
        guest = Guest(hub, "ada")
        await guest.join()
        hub.leave(guest.session)
        assert hubs.hub("room") is hub
        await until(lambda: not hub.is_linked)
        assert hubs.hub("room") is not hub

    async def test_a_room_with_people_is_kept(self, hubs: RoomHubs) -> None:
        hub = hubs.hub("room")
        first, second = Guest(hub, "ada"), Guest(hub, "bob")
        await first.join()
        await second.join()
        hub.leave(first.session)
        other = hubs.hub("elsewhere")
        await until(lambda: hubs._hubs.get("elsewhere") is not other)
        assert hub.is_linked
        assert hubs.hub("room") is hub

    async def test_a_join_that_takes_long_keeps_its_room(self, hubs: RoomHubs, town: Town) -> None:
        """ROOM-20: or it would end up in a hub that takes nobody along."""
        hub = hubs.hub("room")
        town.slow.clear()
        guest = Guest(hub, "ada")
        joining = asyncio.create_task(hub.join(guest.session))
        other = hubs.hub("elsewhere")
        await until(lambda: hubs._hubs.get("elsewhere") is not other)
        town.slow.set()
        await joining
        await guest.joined()
        assert hubs.hub("room") is hub

    async def test_looking_at_a_sleeping_room_does_not_wake_it(self, hubs: RoomHubs, town: Town) -> None:
        """WS-19."""
        assert await hubs.awake("room") is None
        assert town.epoch == 0
        await hubs.hub("room").linked()
        assert await hubs.awake("room") is not None
