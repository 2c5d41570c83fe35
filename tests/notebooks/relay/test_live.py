"""Rooms of the TypeScript client over the relay, at a running server."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from rayrooms_jupyter.relay import RelayHub

from rayrooms.client.room import RoomClient
from tests.browser.cable import plugged_in
from tests.live.node import node_program

from .channel import Comm, OutputLimit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.live.node import NodeProgram
    from tests.live.people import Person

PATIENCE = 60.0
FIRST_MARK = 0x20000


class Browsers:
    """The views in Node, and the kernel that they reach over `comm`."""

    def __init__(self, program: NodeProgram, comm: Comm) -> None:
        self.comm = comm
        self.views: list[dict[str, Any]] = []
        self._program = program
        self._outbox: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        self._reports: set[str] = set()
        self._news = asyncio.Condition()
        comm.listeners.append(self._outbox.put_nowait)

    async def tell(self, command: object) -> None:
        await self._program.tell(command)

    async def hear_of(self, what: str) -> None:
        """Wait until the program has reported this."""
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: what in self._reports)

    async def listen(self) -> None:
        while True:
            report = await self._program.hear(PATIENCE)
            if "kernel" in report:
                self.comm.to_kernel(report["kernel"])
                continue
            if "view" in report:
                self.views.append(report["view"])
            async with self._news:
                self._reports.update(report)
                self._news.notify_all()

    async def speak(self) -> None:
        while True:
            await self.tell({"kernel": await self._outbox.get()})

    async def finish(self) -> list[dict[str, Any]]:
        """What each view holds once it has all that the room has."""
        await self.tell("finish")
        await self.hear_of("finished")
        return self.views


@asynccontextmanager
async def browsers(url: str, person: Person, room_id: str, views: int) -> AsyncIterator[Browsers]:
    """Views of a room, in browsers that know no server but a kernel's, which goes by `url`."""
    comm = Comm()

    async def token() -> str:
        return person.token

    comm.hub = RelayHub(url, token, comm.from_kernel, asyncio.get_running_loop())
    plan = {"url": "http://unreachable.example", "roomId": room_id, "token": "", "views": views}
    async with node_program("notebook/test/live/relayed.ts", plan) as program, asyncio.TaskGroup() as tasks:
        browsers = Browsers(program, comm)
        running = [tasks.create_task(browsers.listen()), tasks.create_task(browsers.speak())]
        await browsers.hear_of("ready")
        yield browsers
        comm.hub.close()
        for task in running:
            task.cancel()


async def _check(views: list[dict[str, Any]], room: RoomClient, written: int) -> None:
    """One text everywhere, in which each edit stands once; and no edit is in the log twice."""
    await room.sync(PATIENCE)
    assert {view["text"] for view in views} == {room.text}
    assert sum(view["written"] for view in views) == written
    typed = {chr(view["mark"] + number) for view in views for number in range(view["written"])}
    assert Counter(char for char in room.text if ord(char) >= FIRST_MARK) == dict.fromkeys(typed, 1)
    entries = await room.history()
    assert [entry.version for entry in entries] == list(range(1, len(entries) + 1))


@pytest.mark.live
async def test_a_storm_over_a_bad_channel(ada: Person) -> None:
    """RELAY-15, G1, G2, G4: 200 edits a second for 10 seconds, while a cell prints far more than Jupyter lets through,
    messages are lost and doubled, and the server goes away: nothing is lost, nothing is there twice.
    """  # noqa: D205 - it is one sentence
    room_id = await ada.make_room()
    random = Random(7)
    clock = asyncio.get_running_loop().time
    limit = OutputLimit()
    async with (
        plugged_in(ada.url) as cable,
        RoomClient.open(ada.url, room_id, token=ada.token) as room,
        browsers(cable.url, ada, room_id, 4) as views,
    ):
        views.comm.passes = lambda: limit.admits(clock()) and random.random() > 0.02
        views.comm.doubles = lambda: random.random() < 0.02
        await views.tell({"write": {"count": 500, "every": 20}})
        start = clock()
        printed = 0
        while clock() < start + 9:
            await asyncio.sleep(0.01)
            passed = clock() - start
            while 2 < passed < 5 and printed < (passed - 2) * 3000:
                limit.admits(clock())
                printed += 1
            if 6 < passed < 6.5:
                await cable.cut()
            else:
                await cable.mend()
        await views.hear_of("written")
        await views.tell("saved")
        await views.hear_of("saved")
        assert limit.dropped > 1_000
        held = await views.finish()
        assert all(view["connections"] > 1 for view in held), "the server was never away"
        await _check(held, room, 2_000)


@pytest.mark.live
async def test_a_large_document_is_joined(ada: Person) -> None:
    """RELAY-7: a document of almost 5 MB reaches a view over the relay, and is edited there."""
    room_id = await ada.make_room()
    async with RoomClient.open(ada.url, room_id, token=ada.token) as room:
        for _ in range(24):
            room.insert(0, "漢字 and text\n" * 11_000)
            await room.wait_acked(PATIENCE)
        async with browsers(ada.url, ada, room_id, 1) as views:
            assert max(views.comm.sizes) < 200_000
            await views.tell({"write": {"count": 5, "every": 1}})
            await views.hear_of("written")
            await _check(await views.finish(), room, 5)
