"""Rooms that share a process: what befalls one of them, what befalls all."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import httpx
import psutil
import psycopg
import pytest

from persistence.embedded import EmbeddedPostgres

from .conftest import SERVER_URL
from .party import party_of
from .people import Person, asleep, new_guest, until
from .server import Server, kill, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from .party import Party

SLOTS = 3
WARM_POOL = 1
DIRECTORY = "ray::DirectoryActor"
ROOM = "ray::RoomActor"


@pytest.fixture(scope="module")
def crowded() -> Iterator[Server]:
    """A server whose room actors have three rooms each."""
    if SERVER_URL:
        pytest.skip("needs a server of its own")
    with running(gateways="2", warm_pool=str(WARM_POOL), rooms_per_actor=str(SLOTS), room_idle="3") as server:
        yield server


@pytest.fixture
async def cyd(crowded: Server) -> AsyncIterator[Person]:
    async with httpx.AsyncClient(base_url=crowded.url, timeout=60) as http:
        yield await new_guest(crowded, http, "Cyd")


@pytest.fixture
async def parties(cyd: Person) -> AsyncIterator[list[Party]]:
    """Five rooms that are written in all the time, and end."""
    async with AsyncExitStack() as stack:
        parties = [await stack.enter_async_context(party_of(cyd, cyd)) for _ in range(5)]
        yield parties
    for party in parties:
        await cyd.ask("DELETE", f"/api/rooms/{party.room_id}")


async def neighbours(parties: list[Party]) -> tuple[list[Party], list[Party]]:
    """Those that share a process, and the others."""
    pids = [await party.owner_pid() for party in parties]
    shared = max(pids, key=pids.count)
    together = [party for party, pid in zip(parties, pids, strict=True) if pid == shared]
    assert len(together) > 1
    return together, [party for party in parties if party not in together]


async def write_on(parties: list[Party]) -> None:
    await asyncio.gather(*(party.write_more() for party in parties))


async def settled(parties: list[Party]) -> None:
    for party in parties:
        await party.settle()


async def test_five_rooms_take_two_processes(crowded: Server, parties: list[Party]) -> None:
    """SLOT-1: and each of them is its own."""
    pids = {await party.owner_pid() for party in parties}
    assert len(pids) == 2
    assert pids <= {process.pid for process in crowded.titled(ROOM)}
    await write_on(parties)
    await settled(parties)


async def test_a_process_is_killed(parties: list[Party]) -> None:
    """SLOT-3, G2, G3, G4: all of its rooms go on, and those of others never stopped."""
    for _ in range(2):
        together, others = await neighbours(parties)
        epochs = [await party.epoch() for party in others]
        await kill(await together[0].owner_pid())
        await write_on(parties)
        assert [await party.epoch() for party in others] == epochs
    await settled(parties)


async def test_a_process_hangs(crowded: Server, parties: list[Party]) -> None:
    """SLOT-3, G5: none of its rooms is lost to it; awake again, it writes nothing and is gone."""
    together, _ = await neighbours(parties)
    pid = await together[0].owner_pid()
    stale = psutil.Process(pid)
    stale.send_signal(signal.SIGSTOP)
    await write_on(parties)
    assert all([await party.owner_pid() != pid for party in together])
    if stale.is_running():
        stale.send_signal(signal.SIGCONT)

    async def is_gone() -> bool:
        return pid not in {process.pid for process in crowded.titled(ROOM)}

    await until(is_gone)
    await settled(parties)


async def test_a_room_sleeps_or_is_deleted(crowded: Server, cyd: Person, parties: list[Party]) -> None:
    """SLOT-2: its neighbours notice nothing, and its slot takes another room."""
    together, _ = await neighbours(parties)
    epochs = [await party.epoch() for party in parties]
    doomed = await cyd.make_room()
    async with cyd.inside(doomed) as socket:
        await socket.edit(["x"])
        await cyd.api("DELETE", f"/api/rooms/{doomed}")
    another = await cyd.make_room()
    async with cyd.inside(another) as socket:
        await socket.edit(["y"])
        await asleep(cyd, another)
        await socket.send("code_change", op=[1, "z"], version=1)
        await socket.expect("room_joined")
        assert await socket.acknowledged() == 2
    assert len(crowded.titled(ROOM)) <= 3, "six rooms and the warm pool"
    await write_on(parties)
    assert [await party.epoch() for party in parties] == epochs
    assert await cyd.text(another) == "yz"
    await cyd.api("DELETE", f"/api/rooms/{another}")
    await settled(together)


async def test_one_room_has_a_newer_owner(crowded: Server, parties: list[Party]) -> None:
    """SLOT-2, G5: it alone is given up; the process goes on with its neighbours."""
    together, _ = await neighbours(parties)
    pid, epochs = await together[0].owner_pid(), [await party.epoch() for party in together]
    with psycopg.connect(EmbeddedPostgres(crowded.data_dir).url, autocommit=True) as database:
        row = database.execute(
            "update rooms set owner_epoch = owner_epoch + 1 where id = %s returning owner_epoch", [together[0].room_id]
        ).fetchone()
    assert row == (epochs[0] + 1,)

    async def has_another() -> bool:
        live = (await together[0].owner.room(together[0].room_id)).get("live")
        return live is not None and live["epoch"] > epochs[0] + 1

    await until(has_another)
    await write_on(parties)
    assert [await party.epoch() for party in together[1:]] == epochs[1:]
    assert {await party.owner_pid() for party in together[1:]} == {pid}
    await together[0].settle_letters()  # nobody drained what its owner still held
    await settled([party for party in parties if party is not together[0]])


async def test_the_directory_is_killed(crowded: Server, cyd: Person, parties: list[Party]) -> None:
    """SLOT-4: the next one knows who is where, and which slots are free."""
    places = [(await party.epoch(), await party.owner_pid()) for party in parties]
    processes = {process.pid for process in crowded.titled(ROOM)}
    [directory] = crowded.titled(DIRECTORY)
    await kill(directory)
    await write_on(parties)
    room_id = await cyd.make_room()
    async with cyd.inside(room_id) as socket:
        await socket.edit(["x"])
        assert (await cyd.room(room_id))["live"]["pid"] in processes
    assert [(await party.epoch(), await party.owner_pid()) for party in parties] == places
    await cyd.api("DELETE", f"/api/rooms/{room_id}")
    await settled(parties)


async def test_processes_end_with_the_last_of_their_rooms(crowded: Server, cyd: Person) -> None:
    """SLOT-1: but for what the warm pool keeps ready."""
    rooms = [await cyd.make_room() for _ in range(3 * SLOTS)]
    async with AsyncExitStack() as stack:
        for room_id in rooms:
            await (await stack.enter_async_context(cyd.inside(room_id))).edit(["x"])
        pids = {(await cyd.room(room_id))["live"]["pid"] for room_id in rooms}
        assert len(pids) in {3, 4}, "one may have had other rooms before"
    for room_id in rooms:
        await cyd.api("DELETE", f"/api/rooms/{room_id}")

    async def few_are_left() -> bool:
        return len(crowded.titled(ROOM)) <= 2 * WARM_POOL

    await until(few_are_left)
