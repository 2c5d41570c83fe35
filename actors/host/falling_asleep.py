"""A room that falls asleep under its people: its gateways hold back first, so nothing is on its way when it goes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from actors.link.messages import Asleep, Drowse, Stay

if TYPE_CHECKING:
    from actors.host.link_server import LinkServer
    from actors.host.live_room import LiveRoom


class FallingAsleep:
    """Asks every gateway of a room to hold back, and waits until all do.

    A gateway answers on the link that it sends on, so all that it sent before has arrived by then. One that links
    meanwhile is asked as well.
    """

    def __init__(self, room: LiveRoom) -> None:
        self._room = room
        self._awaited: set[LinkServer] = set()
        self._still = asyncio.Event()
        self._still.set()

    def ask(self, pipe: LinkServer) -> None:
        """Ask one gateway."""
        self._awaited.add(pipe)
        self._still.clear()
        self._room.outbox.send(pipe, Drowse())

    def settled(self, pipe: LinkServer) -> None:
        """A gateway holds back, or is gone."""
        self._awaited.discard(pipe)
        if not self._awaited:
            self._still.set()

    @property
    def is_still(self) -> bool:
        """Whether all gateways hold back."""
        return not self._awaited

    async def wait(self, patience: float) -> None:
        """Return once all hold back. Who has not answered after `patience` seconds hangs, and is hung up on."""
        try:
            async with asyncio.timeout(patience):
                await self._still.wait()
        except TimeoutError:
            for pipe in list(self._awaited):
                self.settled(pipe)
                pipe.abort()

    def stay(self) -> None:
        """Tell all gateways that the room stays awake."""
        for pipe in self._room.outbox.pipes():
            self._room.outbox.send(pipe, Stay())
        self._room.end_turn()

    def tell(self) -> None:
        """Tell all gateways that the room sleeps, each whether there are sessions elsewhere too."""
        room = self._room
        for pipe in room.outbox.pipes():
            room.outbox.send(pipe, Asleep(elsewhere=room.has_sessions_but_at(pipe)))
        room.end_turn()
