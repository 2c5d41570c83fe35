"""Who is told when that versions are durable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actors.link import messages as link
from serve.sockets import fanout
from serve.sockets.fanout import FanOut
from serve.sockets.tally import GatewayTally

from .fakes import FakeAccess, until
from .guests import Guest
from .test_hub import new_hub

if TYPE_CHECKING:
    from .town import Town


class Audience:
    """People in a room, and what they were told to be durable."""

    def __init__(self, town: Town, access: FakeAccess, *names: str) -> None:
        hub = new_hub(town, access)
        self.people = {name: Guest(hub, name) for name in names}
        self.sessions = {guest.session.sid: guest.session for guest in self.people.values()}
        self.fanout = FanOut("room", self.sessions, GatewayTally())
        for session in self.sessions.values():
            session.attached = True

    def write(self, name: str, version: int) -> None:
        self.fanout.commits([link.Commit(self.people[name].session.sid, version, 1, b"{}")])

    @property
    def told(self) -> dict[str, list[int]]:
        return {name: [data["version"] for data in guest.wire.of("durable")] for name, guest in self.people.items()}


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout, "_SOON", 0.05)


@pytest.fixture
def audience(town: Town, access: FakeAccess) -> Audience:
    return Audience(town, access, "ada", "bob", "eve")


async def test_authors_hear_at_once_and_readers_soon(audience: Audience, soon: None) -> None:
    """ROOM-18: readers in one message for all that happened meanwhile."""
    for version in (1, 2, 3):
        audience.write("ada", version)
        audience.fanout.mark(link.Mark(version))
    audience.write("bob", 4)
    audience.fanout.mark(link.Mark(4))
    assert audience.told == {"ada": [1, 2, 3], "bob": [4], "eve": []}
    await until(lambda: audience.told["eve"] != [])
    assert audience.told == {"ada": [1, 2, 3, 4], "bob": [4], "eve": [4]}


async def test_an_author_hears_of_all_that_it_waits_for(audience: Audience) -> None:
    """ROOM-18: also when less than all of it is durable yet."""
    audience.write("ada", 1)
    audience.write("bob", 2)
    audience.write("ada", 5)
    audience.fanout.mark(link.Mark(3))
    audience.fanout.mark(link.Mark(6))
    assert audience.told == {"ada": [3, 6], "bob": [3], "eve": []}
    audience.fanout.close()


async def test_who_came_back_may_wait_for_what_it_wrote_before(audience: Audience) -> None:
    """ROOM-18: its edits were another session's."""
    audience.fanout.attached(audience.people["eve"].session, 7)
    audience.fanout.mark(link.Mark(6))
    audience.fanout.mark(link.Mark(7))
    audience.fanout.mark(link.Mark(8))
    assert audience.told == {"ada": [], "bob": [], "eve": [6, 7]}
    audience.fanout.close()


async def test_only_those_who_are_there_are_told(audience: Audience, soon: None) -> None:
    """ROOM-18: not who left, and not who is not let in yet."""
    audience.write("ada", 1)
    audience.write("bob", 2)
    del audience.sessions[audience.people["ada"].session.sid]
    audience.people["bob"].session.attached = False
    audience.fanout.mark(link.Mark(2))
    await until(lambda: audience.told["eve"] == [2])
    assert audience.told == {"ada": [], "bob": [], "eve": [2]}
