"""The persistence actor: one per node, the writer of that node's feeds and the reader of stored rooms.

The class is plain, so that Ray pickles it by reference; who makes the actor wraps it. Whoever looks the actor up, as
each room process does, imports this module, so what only the actor itself needs is imported when it is made.
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING

import msgspec

from persistence.node import NodePlace

if TYPE_CHECKING:
    from persistence.loaded import LoadedRoom
    from persistence.writer import WriterStats
    from rayrooms.protocol import ChatMessage

_log = logging.getLogger(__name__)

_STOP_TIMEOUT = 30.0


def persistence_name(node_id: str) -> str:
    """The actor's name in Ray, for the node with this id."""
    return f"persistence-{node_id}"


class PersistenceActor:
    """Serves from its making on, so that one that Ray restarted is back for the rooms before anybody calls it.

    `node_id` is that of its node in Ray; apart from Ray it is empty, and nobody is told of what it counts.
    Settings come from the environment. When the writer fails it ends its process, for Ray to make it anew: the rooms
    hold what is not durable and send it again.
    """

    def __init__(self, node_id: str = "") -> None:
        from persistence.archive import Archive  # noqa: PLC0415 - see above; so below
        from persistence.database import Database  # noqa: PLC0415
        from persistence.feed import feed_path  # noqa: PLC0415
        from persistence.settings import get_settings  # noqa: PLC0415
        from persistence.writer import Writer  # noqa: PLC0415

        settings = get_settings()
        self._place = NodePlace(
            ip=settings.node_ip, listen_ip=settings.listen_ip, feed_path=str(feed_path(settings.runtime_dir))
        )
        self._database = Database.from_settings(settings)
        self._archive = Archive(self._database, settings)
        self._writer = Writer.from_settings(settings, node=node_id)
        self._serving = asyncio.get_event_loop().create_task(self._serve(), name="persistence-serve")
        self._serving.add_done_callback(_end_process_on_failure)
        if node_id:
            from persistence.telemetry.process import start_reporting  # noqa: PLC0415

            self._reporting = start_reporting(settings, self._writer.readings, node=node_id)

    async def _serve(self) -> None:
        await self._writer.start()
        await self._writer.failed()

    async def ready(self) -> NodePlace:
        """Return how this node is reached, once feeds are taken."""
        await self._writer.start()
        return self._place

    async def retire(self, *, retired: bool) -> None:
        """Remember that this node is to take no more rooms, or that it is to take them again."""
        self._place = msgspec.structs.replace(self._place, retired=retired)

    async def drain(self, room_id: str, timeout: float) -> bool:  # noqa: ASYNC109 - running out of time is an answer
        """Whether all that came for the room is stored, within `timeout` seconds; see `Writer.drain`."""
        return await self._writer.drain(room_id, timeout)

    async def catch_up(self, room_id: str, timeout: float) -> bool:  # noqa: ASYNC109 - as above
        """Whether what the room's senders handed over so far is stored; see `Writer.catch_up`."""
        return await self._writer.catch_up(room_id, timeout)

    async def stats(self) -> WriterStats:
        return await self._writer.stats()

    async def stop(self) -> bool:
        """Store what was handed over and end serving. False when that could not be done in time."""
        stopped = await self._writer.stop(_STOP_TIMEOUT)
        await self._database.close()
        return stopped

    async def claim(self, room_id: str) -> int:
        """See `Archive.claim`; so with the four methods below."""
        return await self._archive.claim(room_id)

    async def load(self, room_id: str) -> LoadedRoom:
        return await self._archive.load(room_id)

    async def client(self, room_id: str, client_id: str) -> tuple[int, int, str] | None:
        return await self._archive.client(room_id, client_id)

    async def result_of(self, room_id: str, client_id: str, seq: int) -> int | None:
        return await self._archive.result_of(room_id, client_id, seq)

    async def message(self, room_id: str, message_id: str) -> ChatMessage | None:
        return await self._archive.message(room_id, message_id)


def _end_process_on_failure(serving: asyncio.Task[None]) -> None:
    if not serving.cancelled() and (error := serving.exception()) is not None:
        _log.critical("the writer failed; its process ends to be restarted", exc_info=error)
        os._exit(1)
