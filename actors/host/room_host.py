"""Hosts at most one room at a time: blank, then live under an epoch, then released and blank again."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from typing import TYPE_CHECKING, cast

from actors.core.room import RoomCore
from actors.host.config import HostStatus, RoomAddress
from actors.host.dispatcher import Dispatcher
from actors.host.falling_asleep import FallingAsleep
from actors.host.figures import Pace, RoomFigures, private_memory
from actors.host.link_server import LinkServer
from actors.host.live_room import LiveRoom
from actors.link import messages as link
from persistence.feed_client import FeedSender
from rayrooms.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from actors.host.config import Activation, RoomConfig
    from actors.host.lookups import RoomArchive

logger = logging.getLogger(__name__)

_TICK = 1.0
_RELEASE_TIMEOUT = 20.0
_DROWSY_TIMEOUT = 5.0
_SETTLE_TIMEOUT = 5.0
_SLEEP_TIMEOUT = 3.0
"""As long as it has to be stored in: whoever wants something of the room meanwhile has to wait for it."""
_SLEEP_AGAIN = 30.0


class RoomHost:
    """The room actor without Ray: a link server, and the room that lives behind it if there is one.

    `on_end` is called when its room has a newer owner and is gone from here, `on_idle` when nobody has edited
    the room for a while. `room_type` is what its rooms are made of.
    """

    def __init__(
        self,
        archive: RoomArchive,
        *,
        node_ip: str,
        listen_ip: str = "",
        feed_path: Path,
        node_id: str,
        on_end: Callable[[str], None],
        on_idle: Callable[[str], None],
        room_type: Callable[..., LiveRoom] = LiveRoom,
    ) -> None:
        self.address: RoomAddress | None = None
        self._archive = archive
        self._node_ip = node_ip
        self._listen_ip = listen_ip or node_ip
        self._feed_path = feed_path
        self._node_id = node_id
        self._on_end = on_end
        self._on_idle = on_idle
        self._room_type = room_type
        self._room: LiveRoom | None = None
        self._feed: FeedSender | None = None
        self._config: RoomConfig | None = None
        self._falling: FallingAsleep | None = None
        self._pace = Pace(0, 0.0)
        self._sleepless_until = 0.0
        self._links: set[LinkServer] = set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._ticking: asyncio.Task[None] | None = None
        self._dispatcher = Dispatcher(self)
        self._durable_waiters: list[tuple[int, asyncio.Future[None]]] = []

    # -------------------------------------------------------------- lifecycle

    async def start(self) -> None:
        """Listen for gateways on a port of its own."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: LinkServer(self), self._listen_ip, 0)

    @property
    def port(self) -> int:
        """The port of the link server."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def activate(self, order: Activation, config: RoomConfig) -> RoomAddress:
        """Load a room and own it. Raises UnavailableError (room_load_failed, room_unavailable)."""
        if self._room is not None:
            raise UnavailableError(f"This actor already owns room {self._room.core.room_id}.")
        state = await self._archive.load(order.room_id)
        core = RoomCore(state, epoch=order.epoch, limits=config.limits)
        sender = FeedSender(
            self._feed_path,
            order.room_id,
            order.epoch,
            f"room-{os.getpid()}",
            on_durable=self._durable,
            on_fenced=self._fenced,
            on_resumed=self._resumed,
        )
        self._config = config
        self._feed = sender
        self._room = self._room_type(core, sender, config, _now)
        self._pace = Pace(core.version, _now())
        self.address = RoomAddress(
            order.room_id, self._node_ip, self.port, order.epoch, order.secret, os.getpid(), self._node_id
        )
        self._ticking = self.spawn(self._tick(self._room))
        return self.address

    async def release(self) -> None:
        """Stop taking edits, store everything with a snapshot, and be blank again.

        Raises UnavailableError when the database does not take it in time; the room then goes on as it was, but for
        its links, which come back by themselves.
        """
        room, sender = self._room, self._feed
        if room is None or sender is None:
            return
        room.closed = True
        for pipe in list(self._links):
            room.unlink(pipe)
            pipe.close()
        await self._store(room, sender, _RELEASE_TIMEOUT)
        await sender.close(flush=False)
        self._blank()

    async def sleep(self) -> bool:
        """As `release`, but the sessions stay with their gateways; False when the room stayed awake.

        It does when something that it was asked needs long. Raises as `release`; the room then goes on as it was, with
        its links.
        """
        room, sender = self._room, self._feed
        if room is None or sender is None or room.closed or self._falling is not None:
            return False
        if sender.backlog_records:  # the database does not keep up, or is away: no time to sleep
            return False
        self._falling = falling = FallingAsleep(room)
        try:
            for pipe in room.outbox.pipes():
                falling.ask(cast("LinkServer", pipe))
            room.end_turn()
            is_still = False
            while not is_still:
                await falling.wait(_DROWSY_TIMEOUT)
                if not await self._settled():
                    falling.stay()
                    return False
                is_still = falling.is_still  # else a gateway has linked meanwhile
            room.hush()
            try:
                await self._store(room, sender, _SLEEP_TIMEOUT)
            except UnavailableError:
                self._sleepless_until = time.time() + _SLEEP_AGAIN
                falling.stay()
                raise
            if self._room is not room:  # fenced meanwhile
                return False
            falling.tell()
        finally:
            self._falling = None
        await sender.close(flush=False)
        self._blank()
        return True

    async def _settled(self) -> bool:
        """Wait until what the room was asked is done; False when that takes long, or the room is gone meanwhile."""
        room = self._room
        asked = {task for task in self._tasks if task is not self._ticking}
        if asked:
            await asyncio.wait(asked, timeout=_SETTLE_TIMEOUT)
        return self._room is room and all(task.done() for task in asked)

    async def _store(self, room: LiveRoom, sender: FeedSender, patience: float) -> None:
        """Take nothing more and have everything in Postgres, with a snapshot; or go on, and raise UnavailableError."""
        room.closed = True
        if room.needs_snapshot:
            room.snapshot()
        room.end_turn()
        try:
            async with asyncio.timeout(patience):
                await self._until_durable(sender.next_n - 1)
        except TimeoutError:
            room.closed = False
            raise UnavailableError("The room could not be stored in time.", code="database_unavailable") from None

    async def abandon(self) -> None:
        """Let go of the room without storing anything more: it was deleted."""
        if self._feed is not None:
            await self._feed.close(flush=False)
        self._blank()

    async def close(self) -> None:
        """Let go of the room as `abandon` does, and of the port: nothing of this host goes on."""
        if self._server is not None:
            self._server.close()
        await self.abandon()

    def _blank(self) -> None:
        self.address = None
        self._room = None
        self._feed = None
        for pipe in list(self._links):
            pipe.close()
        for task in self._tasks:
            task.cancel()
        for _, waiter in self._durable_waiters:
            if not waiter.done():
                waiter.set_exception(UnavailableError("The room was released."))
        self._durable_waiters.clear()

    def status(self) -> HostStatus:
        """What this actor does now."""
        room = self._room
        return HostStatus(
            pid=os.getpid(),
            node_id=self._node_id,
            address=self.address,
            sessions=len(room.core.sessions) if room is not None else 0,
            last_edit=room.last_edit if room is not None else 0.0,
            figures=self._figures(room) if room is not None else None,
        )

    def _figures(self, room: LiveRoom) -> RoomFigures:
        version = room.core.version
        return RoomFigures(
            users=len(room.core.sessions.user_ids()),
            version=version,
            durable=room.durable_version,
            edits=self._pace.edits(version),
            edits_per_second=self._pace.per_second(version, _now()),
            memory_bytes=private_memory(),
        )

    async def _tick(self, room: LiveRoom) -> None:
        """Once a second: let typing run out, note the pace, and say so when the room may sleep."""
        assert self._config is not None
        while self._room is room:
            await asyncio.sleep(_TICK)
            room.expire()
            room.end_turn()
            self._pace.sample(room.core.version, _now())
            now = time.time()
            is_idle = now - room.last_edit > self._config.idle_after and now > self._sleepless_until
            if is_idle and not room.closed and self._falling is None:
                self._on_idle(room.core.room_id)

    # -------------------------------------------------------------- the feed's news

    def _durable(self, n: int) -> None:
        if self._room is not None:
            self._room.durable(n)
        due = [waiter for at, waiter in self._durable_waiters if at <= n and not waiter.done()]
        self._durable_waiters = [(at, waiter) for at, waiter in self._durable_waiters if at > n]
        for waiter in due:
            waiter.set_result(None)

    def _fenced(self, epoch: int) -> None:
        room = self._room.core.room_id if self._room is not None else ""
        logger.warning("room %s has a newer owner, of epoch %d", room, epoch, extra={"room_id": room, "epoch": epoch})
        self._blank()
        self._on_end(f"room {room} has a newer owner, of epoch {epoch}")

    def _resumed(self) -> None:
        if self._room is not None:
            self._room.resumed()

    async def snapshot_durable(self) -> None:
        """Write a snapshot and wait until it is in Postgres."""
        room = self._live()
        n = room.snapshot()
        room.end_turn()
        await self._until_durable(n)

    async def _until_durable(self, n: int) -> None:
        """Wait until the feed is in Postgres up to record `n`."""
        if self._feed is None or self._feed.durable_n >= n:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._durable_waiters.append((n, waiter))
        await waiter

    # -------------------------------------------------------------- links

    def connected(self, pipe: LinkServer) -> None:
        self._links.add(pipe)

    def welcomed(self, pipe: LinkServer) -> None:
        """A gateway proved itself: from now on it hears what the room says to all."""
        if self._room is not None:
            self._room.outbox.open(pipe)
            if self._falling is not None:
                self._falling.ask(pipe)

    def drowsy(self, pipe: LinkServer) -> None:
        """A gateway holds back, as it was asked to."""
        if self._falling is not None:
            self._falling.settled(pipe)

    def disconnected(self, pipe: LinkServer) -> None:
        self._links.discard(pipe)
        if self._room is not None:
            self._room.unlink(pipe)
            self._room.end_turn()
        if self._falling is not None:
            self._falling.settled(pipe)

    def end_turn(self) -> None:
        """All messages of one read are done: let the results go out."""
        if self._room is not None:
            self._room.end_turn()

    def dispatch(self, pipe: LinkServer, message: link.ToRoom) -> None:
        """One message of a gateway; ignored while the room is on its way out, but for a question whether it lives."""
        if self._room is None:
            return
        if not self._room.closed:
            self._dispatcher.dispatch(self._room, pipe, message)
        elif isinstance(message, link.Ping):
            pipe.pong()

    @property
    def is_leaving(self) -> bool:
        """Whether the room is on its way out: who links now would find it gone."""
        return self._room is not None and self._room.closed

    def is_live(self, room: LiveRoom) -> bool:
        """Whether this very room still lives here."""
        return self._room is room and not room.closed

    @property
    def archive(self) -> RoomArchive:
        """The stored side of rooms."""
        return self._archive

    def _live(self) -> LiveRoom:
        if self._room is None or self._room.closed:
            raise UnavailableError("The room is not here.")
        return self._room

    def spawn(self, work: Awaitable[None]) -> asyncio.Task[None]:
        """Run something beside the turns, for as long as the room is here."""
        task = asyncio.ensure_future(work)
        assert isinstance(task, asyncio.Task)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _now() -> float:
    """Unix seconds, no finer than Postgres keeps them: a time reads the same from memory and from the database."""
    return time.time_ns() // 1_000 / 1_000_000  # the same numbers as those of `round`, which goes by way of text
