"""Processes of a running server are killed while people edit: nothing acknowledged is lost, nobody has to reload."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import pytest

from .party import party_of
from .people import until
from .server import kill

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import psutil

    from rayrooms.client.events import StatusChanged

    from .party import Party
    from .people import Person
    from .server import Server


@pytest.fixture
async def party(own_server: Server, ada: Person, bob: Person) -> AsyncIterator[Party]:
    async with party_of(ada, bob) as party:
        yield party


async def the(server: Server, title: str) -> psutil.Process:
    """The one process of this title, also one that is only just being started again."""
    found: list[psutil.Process] = []

    async def there_is_one() -> bool:
        found[:] = server.titled(title)
        return len(found) == 1

    await until(there_is_one)
    return found[0]


async def test_room_actor_killed_again_and_again(party: Party) -> None:
    """G2, G3, G4, G9, ROOM-20: all acknowledged edits are there once; the sockets stay open."""
    changes: list[StatusChanged] = []
    for writer in party.writers:
        writer.room.on_status(changes.append)
    epoch = await party.epoch()
    for _ in range(4):
        await kill(await party.owner_pid())
        await party.write_more()
    assert await party.epoch() >= epoch + 4
    await party.settle()
    assert changes == [], "the sockets stay open"


async def test_next_owner_killed_while_it_takes_over(party: Party) -> None:
    """G4, ROOM-20: two deaths in a row, the second as soon as the new owner is known."""
    for _ in range(2):
        await kill(await party.owner_pid())
        victim = None

        async def has_a_new_owner() -> bool:
            nonlocal victim
            answer = await party.owner.ask("GET", f"/api/rooms/{party.room_id}")
            victim = (answer.json().get("live") or {}).get("pid") if answer.is_success else None
            return victim is not None

        await until(has_a_new_owner)
        assert victim is not None
        await kill(victim)
        await party.write_more()
    await party.settle()


async def test_stopped_owner_is_replaced_and_fenced(own_server: Server, party: Party) -> None:
    """G5, ROOM-19: an owner that hangs is given up; awake again, it writes nothing and is gone."""
    pid, epoch = await party.owner_pid(), await party.epoch()
    (stale,) = [process for process in own_server.titled("ray::RoomActor") if process.pid == pid]
    stale.send_signal(signal.SIGSTOP)
    await party.write_more()
    assert await party.epoch() > epoch
    if stale.is_running():
        stale.send_signal(signal.SIGCONT)

    async def is_gone() -> bool:
        return not stale.is_running()

    await until(is_gone)
    await party.settle()


async def test_persistence_actor_killed(own_server: Server, party: Party) -> None:
    """G3, G4: the room keeps what is not durable and sends it to the next one."""
    for _ in range(3):
        await kill(await the(own_server, "ray::PersistenceActor"))
        await party.write_more()
    await party.settle()


async def test_persistence_actor_and_room_actor_killed_together(own_server: Server, party: Party) -> None:
    """G4 covers one at a time; with both gone, what was not durable comes from the clients again."""
    actor, pid = await the(own_server, "ray::PersistenceActor"), await party.owner_pid()
    await asyncio.gather(kill(actor), kill(pid))
    await party.write_more()
    await party.settle_letters()


async def test_directory_killed(own_server: Server, party: Party, ada: Person) -> None:
    """DIR-4: rooms go on untouched, the next directory knows them, and rooms can be woken again."""
    epoch = await party.epoch()
    await kill(await the(own_server, "ray::DirectoryActor"))
    await party.write_more()
    async with ada.inside(await ada.make_room()) as socket:
        await socket.edit(["x"])
    async with ada.inside(party.room_id) as socket:
        assert socket.joined["epoch"] == epoch
    await party.settle()


async def test_directory_and_room_actor_killed_together(own_server: Server, party: Party) -> None:
    """G4, DIR-4."""
    directory, pid = await the(own_server, "ray::DirectoryActor"), await party.owner_pid()
    await asyncio.gather(kill(directory), kill(pid))
    await party.write_more()
    await party.settle()


async def test_gateways_killed(own_server: Server, party: Party) -> None:
    """G2, G4: clients come back through another gateway and send again what had no answer."""
    for gateway in own_server.titled("ray::ServeReplica"):
        await kill(gateway)
        await party.write_more()
    await party.settle()
    for writer in party.writers:
        assert writer.room.status == "online"


async def test_haproxy_killed(own_server: Server, party: Party) -> None:
    """G2, G4: the next one is up before long, and everybody comes back through it."""
    for haproxy in own_server.ingress():
        await kill(haproxy)
    await party.write_more()
    await party.settle()


async def test_postgres_killed(own_server: Server, party: Party) -> None:
    """G3, G7: edits go on while it is away, and become durable when it is back."""
    postmaster = own_server.postmaster()
    await kill(postmaster)
    await party.write_more()
    await party.settle()
    assert own_server.postmaster().pid != postmaster.pid
