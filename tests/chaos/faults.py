"""Doing faults to a running server, and undoing them."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar, cast

import psutil

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .crowd import Crowd, Room
    from .plan import Fault
    from .proxy import Mode
    from .stage import Stage

TITLES = {
    "gateway": "ray::ServeReplica",
    "directory": "ray::DirectoryActor",
    "persistence": "ray::PersistenceActor",
    "controller": "ray::ServeController",
    "room": "ray::RoomActor",
}
_FULL = """
CREATE OR REPLACE FUNCTION chaos_full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$
"""
_PATIENCE = 8.0
_POLL = 0.05
T = TypeVar("T")


@dataclass
class Injected:
    """What was done: when in monotonic time, to whose rooms, and when it was over."""

    fault: Fault
    began: float
    rooms: list[Room]
    ended: float | None = None
    victim: str = ""
    lies: list[str] = field(default_factory=list)


class Injector:
    """Does one fault at a time or several at once. `audit` is called when Postgres is about to be reached again."""

    def __init__(self, stage: Stage, crowd: Crowd, audit: Callable[[], Awaitable[list[str]]]) -> None:
        self._stage = stage
        self._crowd = crowd
        self._audit = audit
        self._postgres = asyncio.Lock()
        """Held by whoever has Postgres down, or needs it up."""
        self._owned: dict[int, Room] = {}

    async def inject(self, fault: Fault, begun: Callable[[Injected], None]) -> Injected | None:
        """Do it, tell `begun` as soon as it is done, undo it after its time; None when there was nobody to do it to.

        What holds for a while ends with this call, so cancelling it heals.
        """
        what, _, how = fault.kind.partition("_")
        match what:
            case "link" | "database":
                return await self._on_network(fault, what, cast("Mode", how), begun)
            case "postgres":
                async with self._postgres:
                    return await self._on_postgres(fault, how, begun)
            case "node":
                return await self._on_node(fault, begun)
            case _:
                return await self._on_process(fault, what, how, begun)

    def _done(self, fault: Fault, victim: str, begun: Callable[[Injected], None], room: Room | None = None) -> Injected:
        done = Injected(fault, time.monotonic(), [room] if room else list(self._crowd.rooms), victim=victim)
        begun(done)
        return done

    # ------------------------------------------------------------------ processes of the server

    async def _on_process(
        self, fault: Fault, what: str, how: str, begun: Callable[[Injected], None]
    ) -> Injected | None:
        room, process = None, None
        deadline = time.monotonic() + _PATIENCE
        while process is None and time.monotonic() < deadline:
            if what in {"room", "pool"}:
                room, process = await self._room_actor(fault, blank=what == "pool")
            else:
                process = await asyncio.to_thread(self._one_of, what, fault.dice)
            if process is None:
                await asyncio.sleep(_POLL)
        if process is None:
            return None
        with suppress(psutil.NoSuchProcess):
            if how == "kill":
                process.kill()
                return self._over(self._done(fault, f"{what} {process.pid}", begun, room))
            process.suspend()
            done = self._done(fault, f"{what} {process.pid}", begun, room)
            try:
                await lapse(fault.lasts)
            finally:
                with suppress(psutil.NoSuchProcess):
                    process.resume()
            return self._over(done)
        return None

    def _over(self, done: Injected) -> Injected:
        done.ended = time.monotonic()
        return done

    def _one_of(self, what: str, dice: int) -> psutil.Process | None:
        server = self._stage.server
        found = server.ingress() if what == "haproxy" else server.titled(TITLES[what])
        return _chosen(found, dice)

    async def _room_actor(self, fault: Fault, *, blank: bool) -> tuple[Room | None, psutil.Process | None]:
        """The owner of a room with people in it or, `blank`, an actor that no gateway is linked to.

        Which room it owns the server may be unable to say just now; what it said last is remembered.
        """
        rooms = list(self._crowd.rooms)
        for room, place in zip(rooms, await asyncio.gather(*(room.live() for room in rooms)), strict=True):
            if place is not None:
                self._owned[place["pid"]] = room
        actors = await asyncio.to_thread(self._stage.server.titled, TITLES["room"])
        linked = await asyncio.to_thread(_linked, actors, self._stage.real)
        if blank:
            return None, _chosen([process for process in actors if process not in linked], fault.dice)
        owned = [self._owned.get(process.pid) for process in linked]
        owners = [(room, process) for room, process in zip(owned, linked, strict=True) if room is None or room.present]
        return _chosen(owners, fault.dice) or (None, None)

    # ------------------------------------------------------------------ all of the server

    async def _on_node(self, fault: Fault, begun: Callable[[Injected], None]) -> Injected:
        """Every process at once, with the dice being even Postgres too; then the operator starts it again."""
        stage = self._stage
        also = fault.dice % 2 == 0
        async with self._postgres:
            if also and stage.postgres.pid is not None:
                psutil.Process(stage.postgres.pid).kill()
            await asyncio.to_thread(stage.server.kill)
            done = self._done(fault, "node and Postgres" if also else "node", begun)
            if also:
                await asyncio.to_thread(stage.postgres.start)
                await self._audited(done)
        await stage.start_server()
        return self._over(done)

    # ------------------------------------------------------------------ Postgres

    async def _on_postgres(self, fault: Fault, how: str, begun: Callable[[Injected], None]) -> Injected:
        stage = self._stage
        if how == "full":
            await asyncio.to_thread(self._fill_disk)
            done = self._done(fault, "Postgres", begun)
            try:
                await lapse(fault.lasts)
                await self._audited(done)
            finally:
                await asyncio.to_thread(self._empty_disk)
            return self._over(done)
        pid = stage.postgres.pid
        assert pid is not None, "somebody else has ended Postgres"
        postmaster = psutil.Process(pid)
        if how == "kill":
            postmaster.kill()
            done = self._done(fault, f"Postgres {pid}", begun)
            with ExitStack() as way:
                try:
                    await lapse(fault.lasts)
                finally:
                    way.enter_context(stage.database.imposed("stall"))
                    await asyncio.to_thread(stage.postgres.start)
                await self._audited(done)
            return self._over(done)
        stopped = await asyncio.to_thread(_suspend_all, postmaster)
        done = self._done(fault, f"Postgres {pid}", begun)
        with ExitStack() as way:
            try:
                await lapse(fault.lasts)
            finally:
                way.enter_context(stage.database.imposed("stall"))
                _resume_all(stopped)
            await self._audited(done)
        return self._over(done)

    async def _audited(self, done: Injected) -> None:
        """While the server cannot reach Postgres yet, ask whether all that people were told is stored really is."""
        done.lies += await self._audit()

    def _fill_disk(self) -> None:
        with self._stage.sql() as connection:
            connection.execute(_FULL)
            for (table,) in connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall():
                connection.execute(
                    f'CREATE OR REPLACE TRIGGER chaos_full BEFORE INSERT OR UPDATE ON "{table}" '.encode()
                    + b"FOR EACH STATEMENT EXECUTE FUNCTION chaos_full()"
                )

    def _empty_disk(self) -> None:
        with self._stage.sql() as connection:
            connection.execute("DROP FUNCTION IF EXISTS chaos_full CASCADE")

    # ------------------------------------------------------------------ networks

    async def _on_network(self, fault: Fault, what: str, mode: Mode, begun: Callable[[Injected], None]) -> Injected:
        """Of the links, with the dice being even only those to one room; a delay is of 50 to 300 ms each way."""
        stage = self._stage
        delay = 0.05 + fault.dice % 1000 / 4000
        if what == "database":
            with stage.database.imposed(mode, delay):
                done = self._done(fault, "database", begun)
                await lapse(fault.lasts)
                if mode != "delay":
                    async with self._postgres:
                        await self._audited(done)
            return self._over(done)
        port, room = None, None
        if fault.dice % 2 == 0:
            room, process = await self._room_actor(fault, blank=False)
            port = await asyncio.to_thread(_port_of, process, stage.real) if process is not None else None
            room, port = (room, port) if stage.links.mirrors(port) else (None, None)
        with stage.links.imposed(mode, delay, port=port):
            done = self._done(fault, f"links to {port or 'all rooms'}", begun, room)
            await lapse(fault.lasts)
        return self._over(done)


async def lapse(seconds: float) -> None:
    """Let time go by."""
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:  # noqa: ASYNC110 - time is no event
        await asyncio.sleep(min(left, 0.2))


def _chosen(found: list[T], dice: int) -> T | None:
    return found[dice % len(found)] if found else None


def _linked(actors: list[psutil.Process], address: str) -> list[psutil.Process]:
    """Those with a connection of a gateway, in the order of their ids."""
    found = []
    for process in sorted(actors, key=lambda process: process.pid):
        with suppress(psutil.Error):
            if any(
                one.status == psutil.CONN_ESTABLISHED and one.laddr.ip == address
                for one in process.net_connections("tcp4")
            ):
                found.append(process)
    return found


def _port_of(process: psutil.Process, address: str) -> int | None:
    with suppress(psutil.Error):
        for found in process.net_connections("tcp4"):
            if found.status == psutil.CONN_LISTEN and found.laddr.ip == address:
                port: int = found.laddr.port
                return port
    return None


def _suspend_all(postmaster: psutil.Process) -> list[psutil.Process]:
    """The postmaster first, so that it starts no more."""
    stopped = [postmaster]
    postmaster.suspend()
    for process in postmaster.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            process.suspend()
            stopped.append(process)
    return stopped


def _resume_all(stopped: list[psutil.Process]) -> None:
    for process in stopped:
        with suppress(psutil.NoSuchProcess):
            process.resume()
