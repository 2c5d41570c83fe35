"""The scenarios: what users do, and what is measured while they do it."""

from __future__ import annotations

import asyncio
import gc
import random
import time
from typing import TYPE_CHECKING, NamedTuple

from loadtest.account import Account, Window
from loadtest.latency import percentiles
from loadtest.meter import RunMeter
from loadtest.newcomer import Newcomer
from loadtest.pace import Pace
from loadtest.player import Player
from loadtest.processes import NotHereError
from loadtest.results import JoinResult, MemoryResult, TypingResult
from loadtest.room import BenchRoom, settle
from loadtest.synthetic import document
from loadtest.writing import write

if TYPE_CHECKING:
    from collections.abc import Callable

    from loadtest.meter import Spent
    from loadtest.processes import ServerProcesses
    from loadtest.rest import Guest, Rest
    from loadtest.results import Result

_now = time.perf_counter

WARM_UP = 2.0
"""Seconds of typing that are not counted."""
_OPENING = 6
"""Rooms that are opened at the same time."""
_REST = 2.0
"""Seconds that memory is given to come to rest before it is read."""


class Bench(NamedTuple):
    """What a scenario needs: the server, who owns the rooms, for how long, and where to tell how far it is.

    `processes` is None when the server does not run on this machine.
    """

    url: str
    rest: Rest
    owner: Guest
    processes: ServerProcesses | None
    seconds: float
    idle_rooms: int
    tell: Callable[[str], None]


class Typing(NamedTuple):
    """So many rooms of so many users, each typing `rate` edits a second; None: the next when one is acknowledged.

    Only the first `writers` of a room type, all of them if None. A document begins with `characters` characters, after
    a `history` of so many edits that left no trace in it.
    """

    title: str
    rooms: int
    users: int
    rate: float | None
    writers: int | None = None
    characters: int = 2_000
    history: int = 0


TYPING = {
    "S1": Typing("1 room of 2 users, 5 edits/s each", 1, 2, 5.0),
    "S2": Typing("20 rooms of 5 users, 2 edits/s each", 20, 5, 2.0),
    "S3": Typing("1 room of 20 users, closed loop", 1, 20, None),
    "S4": Typing("50 rooms of 3 users, closed loop", 50, 3, None),
}
JOINS = 20
USERS_PER_IDLE_ROOM = 5
SCENARIOS = (*TYPING, "S5", "S6", "T1")


async def run(name: str, bench: Bench) -> Result:
    """Run the scenario `name`, one of SCENARIOS. Raises RestError, WireError, ReplayError, ConnectionError."""
    if name == "S5":
        return await join(bench)
    if name == "S6":
        return await memory(bench)
    if name == "T1":
        return await write(bench)
    return await typing(name, TYPING[name], bench)


# ------------------------------------------------------------------ S1 to S4


async def typing(name: str, plan: Typing, bench: Bench) -> TypingResult:
    """Users type bursts at random places; all is counted between warm-up and end."""
    rooms = [
        BenchRoom(bench.rest, bench.url, bench.owner, f"{name}-{number}", plan.characters)
        for number in range(plan.rooms)
    ]
    try:
        await open_rooms(rooms, plan.users, bench, plan.history)
        return await _type(name, plan, rooms, bench)
    finally:
        await close_rooms(rooms, bench)


async def _type(name: str, plan: Typing, rooms: list[BenchRoom], bench: Bench) -> TypingResult:
    gc.collect()
    gc.disable()
    try:
        start = _now() + 0.1
        window = Window(start + WARM_UP, start + WARM_UP + bench.seconds)
        phases = random.Random(name)
        paces = [
            Pace(typist, plan.rate, start, window.end, phases.random())
            for room in rooms
            for typist in room.typists[: plan.writers]
        ]
        spent = await _measure(window, rooms, bench)
        bench.tell("settling")
        await settle(rooms)
    finally:
        gc.enable()
    result = Account()
    for number, room in enumerate(rooms):
        bench.tell(f"checking room {number + 1} of {len(rooms)}")
        found = await room.check(window)
        result.acks += found.acks
        result.arrivals += found.arrivals
        result.durable += found.durable
        result.wrong += found.wrong
    edits = len(result.acks)
    return TypingResult(
        scenario=name,
        title=plan.title,
        wrong=result.wrong,
        ack=percentiles(result.acks),
        arrival=percentiles(result.arrivals),
        durable=percentiles(result.durable),
        edits_per_second=edits / bench.seconds,
        deliveries_per_second=len(result.arrivals) / bench.seconds,
        cpu_ms_per_edit=spent.each(edits) if spent is not None else None,
        shares=spent.shares(bench.seconds) if spent is not None else None,
        late=sum(pace.late for pace in paces),
    )


async def _measure(window: Window, rooms: list[BenchRoom], bench: Bench) -> Spent | None:
    """Sleep through the run but for reading the meters at both ends of the window."""
    meter = RunMeter.of(bench.processes)
    await _sleep_until(window.start)
    if meter is not None:
        meter.start()
    made = sum(room.made for room in rooms)
    while (left := window.end - _now()) > 0:
        await asyncio.sleep(min(1.0, left))
        done = sum(room.made for room in rooms) - made
        bench.tell(f"{done:,} edits, {max(0.0, window.end - _now()):.0f} s left")
    return meter.spent() if meter is not None else None


# ------------------------------------------------------------------ S5


async def join(bench: Bench) -> JoinResult:
    """Newcomers open a document of 100,000 characters that 10,500 edits have made."""
    trace = document()
    room = await bench.rest.make_room(bench.owner, "S5", max_users=JOINS + 10)
    player = Player(trace, room.room_id, ties={}, readers=0)
    try:
        bench.tell(f"writing {len(trace.edits):,} edits")
        for one in player.everybody:
            await one.open(bench.url, bench.owner.token)
        played = await player.play()
        guests = [await bench.rest.sign_in(f"Newcomer {number}") for number in range(JOINS)]
        await asyncio.sleep(_REST)
        meter = RunMeter.of(bench.processes)
        if meter is not None:
            meter.start()
        visits = [await _visit(room.room_id, guest, bench) for guest in guests]
        spent = meter.spent() if meter is not None else None
        again = [await _visit(room.room_id, guest, bench) for guest in guests]
    finally:
        player.close()
        await bench.rest.delete_room(bench.owner, room.room_id)
    wrong = sum(visit.text != trace.end for visit in (*visits, *again))
    return JoinResult(
        scenario="S5",
        title=f"join a document of {len(trace.end):,} characters",
        wrong=[f"{wrong} of {2 * JOINS} visitors got another text"] if wrong else [],
        characters=len(trace.end),
        edits=played.edits,
        build_edits_per_second=played.edits / played.seconds,
        bytes=visits[0].size,
        newcomer=percentiles(visit.arrived for visit in visits),
        newcomer_text=percentiles(visit.ready for visit in visits),
        returning=percentiles(visit.arrived for visit in again),
        cpu_ms_per_join=spent.each(JOINS) if spent is not None else None,
    )


async def _visit(room_id: str, guest: Guest, bench: Bench) -> Newcomer:
    visitor = Newcomer(room_id)
    await visitor.open(bench.url, guest.token)
    visitor.close()
    await asyncio.sleep(0.02)
    return visitor


# ------------------------------------------------------------------ S6


async def memory(bench: Bench) -> MemoryResult:
    """Live rooms with one idle user each, then more idle users. Raises NotHereError for a server elsewhere."""
    if bench.processes is None:
        raise NotHereError("S6 reads the memory of the server's processes, which are not on this machine.")
    rooms = [BenchRoom(bench.rest, bench.url, bench.owner, f"S6-{number}") for number in range(bench.idle_rooms)]
    users = len(rooms) * (USERS_PER_IDLE_ROOM - 1)
    try:
        await asyncio.sleep(_REST)
        empty = bench.processes.memory()
        await open_rooms(rooms, 1, bench)
        await asyncio.sleep(_REST)
        with_rooms = bench.processes.memory()
        for room in rooms:
            await room.admit(USERS_PER_IDLE_ROOM - 1)
        await asyncio.sleep(_REST)
        with_users = bench.processes.memory()
        window = Window(0.0, 0.0)
        wrong = [sentence for room in rooms for sentence in (await room.check(window)).wrong]
    finally:
        await close_rooms(rooms, bench)
    return MemoryResult(
        scenario="S6",
        title=f"{len(rooms)} idle rooms, awake, with {users} further idle users",
        wrong=wrong,
        rooms=len(rooms),
        users=users,
        empty_mb={part: size / 1e6 for part, size in empty.items()},
        kb_per_room={part: (with_rooms[part] - size) / 1e3 / len(rooms) for part, size in empty.items()},
        kb_per_user={part: (with_users[part] - size) / 1e3 / users for part, size in with_rooms.items()},
    )


# ------------------------------------------------------------------ parts


async def open_rooms(rooms: list[BenchRoom], users: int, bench: Bench, history: int = 0) -> None:
    """Open all rooms, a few at a time: each is a process that has to start."""
    gate = asyncio.Semaphore(_OPENING)
    opened = 0

    async def open_one(room: BenchRoom) -> None:
        nonlocal opened
        async with gate:
            await room.open(users, history)
        opened += 1
        bench.tell(f"{opened} of {len(rooms)} rooms open")

    async with asyncio.TaskGroup() as group:
        for room in rooms:
            group.create_task(open_one(room))


async def close_rooms(rooms: list[BenchRoom], bench: Bench) -> None:
    """Send everybody home and delete the rooms."""
    bench.tell("deleting the rooms")
    await asyncio.gather(*(room.close() for room in rooms))


async def _sleep_until(when: float) -> None:
    await asyncio.sleep(max(0.0, when - _now()))
