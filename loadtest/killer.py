"""Kills the process of a room, evenly spread over a run."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from loadtest.processes import ServerProcesses
    from loadtest.rest import Guest, Live, Rest

_POLL = 0.002


class RoomKiller:
    """Sends SIGKILL to a room's process `times` times while the count `progress` goes from 0 to `total`."""

    def __init__(self, rest: Rest, owner: Guest, room_id: str, processes: ServerProcesses) -> None:
        self.kills = 0
        self.recoveries: list[float] = []
        """Seconds from each kill until the count went on."""
        self._rest = rest
        self._owner = owner
        self._room_id = room_id
        self._processes = processes

    async def run(self, progress: Callable[[], int], total: int, times: int) -> None:
        for number in range(1, times + 1):
            while progress() < total * number / (times + 1):  # noqa: ASYNC110 - a count, nobody's event
                await asyncio.sleep(_POLL)
            await self.kill()
            killed, before = time.perf_counter(), progress()
            settled = before
            while progress() == settled:
                await asyncio.sleep(_POLL)
                if time.perf_counter() - killed < 0.02:
                    settled = progress()  # what the room had still said before it died
            self.recoveries.append(time.perf_counter() - killed)

    async def kill(self) -> Live | None:
        """Kill the room's process now; returns where it lived, None when the room was asleep. Raises NotHereError."""
        live = (await self._rest.room(self._owner, self._room_id)).live
        if live is not None:
            self._processes.kill(live.pid)
            self.kills += 1
        return live
