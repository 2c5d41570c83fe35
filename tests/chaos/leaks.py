"""Whether the server is, once a storm is over, what it should be: no process or connection too many or too few."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil

from .crowd import patiently
from .faults import TITLES
from .stage import GATEWAYS, WARM_POOL

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.live.server import Server

    from .crowd import Crowd
    from .stage import Stage

PATIENCE = 60.0
_POLL = 0.25
_IDLE_MOST = 8
"""Blank workers that Ray keeps for the next actor."""
_CONNECTIONS_MOST = 60
_BACKENDS = """
SELECT count(*), count(*) FILTER (WHERE state LIKE 'idle in transaction%%' AND now() - state_change > interval '5 s')
FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


async def leaks(crowd: Crowd, stage: Stage) -> list[str]:
    """What is still too much or too little after a while. Nobody must be typing."""
    deadline = time.monotonic() + PATIENCE
    while found := [*await _processes(crowd, stage), *_people(crowd), *await _connections(crowd, stage)]:
        if time.monotonic() > deadline:
            return found
        await asyncio.sleep(_POLL)
    return []


async def _processes(crowd: Crowd, stage: Stage) -> list[str]:
    processes = await asyncio.to_thread(stage.server.processes)
    kinds: Counter[str] = Counter()
    found = []
    for process in processes:
        with suppress(psutil.Error):
            kinds[_kind(process)] += 1
            if process.status() == psutil.STATUS_STOPPED:
                found.append(f"{_kind(process)} {process.pid} is stopped")
            if _kind(process) == "haproxy" and not await asyncio.to_thread(_serves, process):
                found.append(f"HAProxy {process.pid} serves nobody")
    awake = 0
    for room in crowd.rooms:
        awake += (await patiently(partial(room.owner.room, room.room_id)))["awake"]
    due = {"directory": 1, "persistence": 1, "controller": 1, "gateway": GATEWAYS}
    found += [f"{kinds[kind]} of {kind}, not {count}" for kind, count in due.items() if kinds[kind] != count]
    # Of those that stand ready, the directory notices a dead one only when it would hand it out.
    if not awake / stage.rooms_per_actor <= kinds["room"] <= awake + WARM_POOL:
        actors = await asyncio.to_thread(_room_actors, stage)
        found.append(f"room actors {actors}, with {awake} rooms awake and {WARM_POOL} in the pool")
    if kinds["idle"] > _IDLE_MOST:
        found.append(f"{kinds['idle']} idle workers")
    if not kinds["haproxy"]:
        found.append("no HAProxy")
    return found


def _people(crowd: Crowd) -> list[str]:
    """Each client must see all clients of its room and nobody else: a session that outlived its socket shows here."""
    found = []
    for room in crowd.rooms:
        due = sorted(writer.present.session_id or "" for writer in room.present)
        for writer in room.present:
            seen = sorted(one.session_id for one in writer.present.users)
            if seen != due:
                found.append(f"{writer.name} sees {len(seen)} people in room {room.room_id}, not {len(due)}")
    return found


def _room_actors(stage: Stage) -> list[str]:
    """Each with what it does: one that does not listen was never started."""
    found = []
    for process in stage.server.titled(TITLES["room"]):
        with suppress(psutil.Error):
            states = {one.status for one in process.net_connections("tcp4") if one.laddr.ip == stage.real}
            doing = "linked" if psutil.CONN_ESTABLISHED in states else "listens" if states else "idle"
            found.append(f"{process.pid} {doing} since {time.time() - process.create_time():.0f} s")
    return found


async def _connections(crowd: Crowd, stage: Stage) -> list[str]:
    found = []
    held = await asyncio.to_thread(_from_clients, stage.server, {"gateway", "haproxy"}, psutil.CONN_ESTABLISHED)
    due = await asyncio.to_thread(_of_clients, stage.server)
    if held != due:
        found.append(f"gateways and HAProxy hold {held} connections, and clients {due}")
    dead = await asyncio.to_thread(_from_clients, stage.server, {"gateway"}, psutil.CONN_CLOSE_WAIT)
    if dead:
        found.append(f"{dead} connections that gateways have not closed though their clients have")
    if stage.links.crowded > GATEWAYS:
        found.append(f"{stage.links.crowded} links to one room, with {GATEWAYS} gateways")
    ((backends, stuck),) = await stage.query(_BACKENDS)
    if stuck:
        found.append(f"{stuck} transactions are left open")
    if not isinstance(backends, int) or backends > _CONNECTIONS_MOST:
        found.append(f"{backends} connections to Postgres")
    return found


def _from_clients(server: Server, kinds: Collection[str], status: str) -> int:
    """How many connections from clients processes of these kinds have in that state.

    Those to the database are left out: that it has closed one is noticed when it is next used.
    """
    port, count = urlsplit(server.url).port, 0
    for process in server.processes():
        with suppress(psutil.Error):
            if _kind(process) in kinds:
                connections = process.net_connections("tcp")
                count += sum(one.status == status and one.laddr.port == port for one in connections)
    return count


def _of_clients(server: Server) -> int:
    """How many connections clients have, who are all in this process."""
    port, own = urlsplit(server.url).port, psutil.Process().net_connections("tcp")
    return sum(one.status == psutil.CONN_ESTABLISHED and one.raddr.port == port for one in own)


def _serves(process: psutil.Process) -> bool:
    """An HAProxy that was reloaded away stays until the last of its sockets is closed, and not longer."""
    with suppress(psutil.Error):
        return any(
            one.status in {psutil.CONN_LISTEN, psutil.CONN_ESTABLISHED} for one in process.net_connections("tcp")
        )
    return True


def _kind(process: psutil.Process) -> str:
    if process.name() == "haproxy":
        return "haproxy"
    title = " ".join(process.cmdline())
    if title.startswith("ray::IDLE"):
        return "idle"
    return next((kind for kind, beginning in TITLES.items() if title.startswith(beginning)), "other")
