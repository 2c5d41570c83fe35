"""Parts of the server die, or all of it goes and comes back, while two people type: nothing is lost, nobody reloads."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
from playwright.async_api import Page, expect

from tests.live.people import until
from tests.live.server import kill

from .record import converged

if TYPE_CHECKING:
    from tests.live.server import Server

    from .conftest import Meet
    from .visitor import Visitor

PATIENCE = 60.0

_PACE = 40.0
"""Milliseconds between two keys: quick, yet what is written until a server is back still fits on the screen."""


class Typist:
    """Types numbered words on a line of their own until told to stop."""

    def __init__(self, visitor: Visitor, room_id: str) -> None:
        self.visitor = visitor
        self.loads = 0
        self._room_id = room_id
        self._written = 0
        self._stopped = False
        visitor.page.on("load", self._loaded)
        self._task = asyncio.create_task(self._write())

    @property
    def line(self) -> str:
        return "".join(self._word(number) for number in range(self._written))

    async def get_on(self) -> None:
        """Wait until a word that is typed from now on is in the room."""
        goal = self._word(self._written + 1)

        async def is_there() -> bool:
            if self._task.done():
                await self._task
            try:
                answer = await self.visitor.person.ask("GET", f"/api/sync/{self._room_id}/snapshot")
            except httpx.TransportError:
                return False  # whoever should have answered was killed
            return answer.is_success and goal in answer.json()["content"]

        await until(is_there, PATIENCE)

    async def stop(self) -> None:
        self._stopped = True
        await self._task

    async def _write(self) -> None:
        while not self._stopped:
            await self.visitor.page.keyboard.type(self._word(self._written), delay=_PACE)
            self._written += 1

    def _word(self, number: int) -> str:
        return f"{self.visitor.name}{number} "

    def _loaded(self, _: Page) -> None:
        self.loads += 1


async def begin(meet: Meet) -> tuple[str, list[Typist]]:
    """Two people who type on a line each."""
    room_id, visitors = await meet("Ada", "Bob", text="\n")
    for line, visitor in enumerate(visitors, start=1):
        await visitor.go_to(line, 0)
    return room_id, [Typist(visitor, room_id) for visitor in visitors]


async def get_on(typists: list[Typist]) -> None:
    await asyncio.gather(*(typist.get_on() for typist in typists))


async def finish(room_id: str, typists: list[Typist]) -> None:
    """Stop typing; each line must hold each word once, for all, and no page has been loaded again."""
    await asyncio.gather(*(typist.stop() for typist in typists))
    text = await converged(room_id, *(typist.visitor for typist in typists))
    assert text.split("\n") == [typist.line for typist in typists]
    assert [typist.loads for typist in typists] == [0] * len(typists)


async def live(visitor: Visitor, room_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await visitor.person.room(room_id))["live"]
    return found


async def test_the_room_is_killed_again_and_again(own_server: Server, meet: Meet) -> None:
    """G1, G2, G4, UI-9: no page notices but by a short pause: their sockets stay open."""
    room_id, typists = await begin(meet)
    owner = typists[0].visitor
    epochs = []
    for _ in range(3):
        await get_on(typists)
        victim = await live(owner, room_id)
        epochs.append(victim["epoch"])
        await kill(victim["pid"])
    await get_on(typists)
    epochs.append((await live(owner, room_id))["epoch"])
    assert epochs == sorted(set(epochs))
    await finish(room_id, typists)
    for typist in typists:
        sockets = typist.visitor.sockets
        assert [socket.is_closed() for socket in sockets] == [False]


async def test_the_gateways_are_killed(own_server: Server, meet: Meet) -> None:
    """G1, G2, G4, UI-9: pages come back through another one."""
    room_id, typists = await begin(meet)
    for typist in typists:
        typist.visitor.expects_trouble("status of 500")  # from the ingress, for what the dead gateway was asked
    for gateway in own_server.titled("ray::ServeReplica"):
        await get_on(typists)
        await kill(gateway)
    await get_on(typists)
    await finish(room_id, typists)


async def test_the_server_is_stopped_and_started_again(own_server: Server, meet: Meet) -> None:
    """G1, G2, G3, G4, UI-9: pages say that they are offline, take edits, and come back by themselves."""
    room_id, typists = await begin(meet)
    await get_on(typists)
    assert await asyncio.to_thread(own_server.stop) == 0
    try:
        for typist in typists:
            await typist.visitor.is_offline()
            await expect(typist.visitor.saving).to_contain_text("unsent")
    finally:
        await asyncio.to_thread(own_server.start)
    await get_on(typists)
    await finish(room_id, typists)
