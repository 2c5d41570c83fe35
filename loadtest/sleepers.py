"""Many rooms with one idle user each, which fall asleep under their users, and some of which are woken."""

from __future__ import annotations

import asyncio
import math
import random
import time
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from loadtest.idler import IdleUser
from loadtest.latency import percentiles
from loadtest.processes import CpuMeter, cpu_seconds
from loadtest.results import IdleResult

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from loadtest.processes import ServerProcesses
    from loadtest.rest import Guest, Rest

ROOMS_PER_USER = 80
"""Connecting and joining count once each; by default a user may do 200 of these at once."""
_OPENING = 6
_ASKING = 20
_OPEN_TIMEOUT = 90.0
_WAKE_TIMEOUT = 60.0
_PATIENCE_PER_ROOM = 0.25
"""Seconds, on top of RAYROOMS_ROOM_IDLE and a minute, that each room may take to fall asleep."""
_WARM_TIMEOUT = 30.0
_REST = 3.0
_CPU_SECONDS = 5.0
_POLL = 0.5
_BUSY = 0.3
"""CPUs that a room actor uses when it is starting; one that is idle uses 0.005."""
_CHECKED_SLEEPERS = 100

_T = TypeVar("_T")

_now = time.perf_counter


class Plan(NamedTuple):
    """What to measure: so many rooms, so many wakes."""

    rooms: int
    wakes: int


class Sleepers:
    """One run. `tell` is told how far it is."""

    def __init__(
        self, url: str, rest: Rest, processes: ServerProcesses, plan: Plan, tell: Callable[[str], None]
    ) -> None:
        self._url = url
        self._rest = rest
        self._processes = processes
        self._plan = plan
        self._tell = tell
        self._users: list[IdleUser] = []
        self._owners: dict[str, Guest] = {}
        self._actors: list[tuple[float, int]] = []
        self._wrong: list[str] = []
        self._cold = 0
        self._room_idle = float(processes.setting("RAYROOMS_ROOM_IDLE", "300"))
        self._budget = int(processes.setting("RAYROOMS_ROOM_AWAKE_BUDGET", "200"))
        self._pool = int(processes.setting("RAYROOMS_WARM_POOL", "2"))
        self._rooms_each = int(processes.setting("RAYROOMS_ROOMS_PER_ACTOR", "1"))

    async def run(self) -> IdleResult:
        """Raises RestError, WireError, ConnectionError and TimeoutError, alone or in groups."""
        plan = self._plan
        await self._reached(lambda: self._count() >= self._actors_for(self._pool), _WARM_TIMEOUT, "the warm pool fills")
        empty = await self._memory()
        try:
            half = plan.rooms // 2
            began = _now()
            await self._watched(began, self._open(range(half)))
            await self._watched(began, self._fall_asleep())
            halfway = await self._memory()
            again = _now()
            await self._watched(began, self._open(range(half, plan.rooms)))
            opened = _now() - again
            few, asleep = await self._watched(began, self._fall_asleep())
            at_rest = await self._memory()
            cpus = await self._cpus()
            woken = random.Random("wakes").sample(self._users, min(plan.wakes, plan.rooms))
            before = {user: (user.moves, user.repeats) for user in woken}
            wakes = await self._wake(woken)
            await self._check(woken)
        finally:
            await self._close()
        return IdleResult(
            scenario="idle",
            title=f"{plan.rooms:,} rooms with one idle user each, {len(woken)} of them woken",
            wrong=self._wrong,
            rooms=plan.rooms,
            room_idle=self._room_idle,
            budget=self._budget,
            pool=self._pool,
            rooms_per_second=(plan.rooms - half) / opened,
            actors=self._actors,
            few_after=few,
            asleep_after=asleep,
            empty_mb={part: size / 1e6 for part, size in empty.items()},
            kb_per_room={part: (at_rest[part] - size) / 1e3 / plan.rooms for part, size in empty.items()},
            kb_per_further_room={
                part: (at_rest[part] - size) / 1e3 / (plan.rooms - half) for part, size in halfway.items()
            },
            cpus_asleep=cpus,
            wake=percentiles(wakes),
            slowest_wake=1000 * max(wakes, default=0.0),
            cold=self._cold,
            moved=sum(user.moves > moves for user, (moves, _) in before.items()),
            repeated=sum(user.repeats - repeats for user, (_, repeats) in before.items()),
        )

    # -------------------------------------------------------------- opening

    async def _open(self, numbers: range) -> None:
        async def open_one(number: int, owner: Guest) -> None:
            room = await self._rest.make_room(owner, f"Idle {number}", max_users=10)
            self._owners[room.room_id] = owner
            user = IdleUser(room.room_id, f"idle-{number}")
            self._users.append(user)
            async with asyncio.timeout(_OPEN_TIMEOUT):
                await user.open(self._url, owner.token)
                await user.type(f"room {number}; ")
            self._tell(f"{len(self._users):,} of {self._plan.rooms:,} rooms made, {self._living()} room actors")

        groups = sorted({number // ROOMS_PER_USER for number in numbers})
        owners = {group: await self._rest.sign_in(f"Idle {group}") for group in groups}
        await _each((open_one(number, owners[number // ROOMS_PER_USER]) for number in numbers), _OPENING)

    async def _watched(self, began: float, work: Awaitable[_T]) -> _T:
        """Do the work and note meanwhile how many room actors live."""

        async def watch() -> None:
            while True:
                self._actors.append((round(_now() - began, 1), await asyncio.to_thread(self._count)))
                await asyncio.sleep(2.0)

        watching = asyncio.create_task(watch())
        try:
            return await work
        finally:
            watching.cancel()

    async def _memory(self) -> dict[str, int]:
        await asyncio.sleep(_REST)
        return self._processes.memory()

    # -------------------------------------------------------------- falling asleep

    async def _fall_asleep(self) -> tuple[float | None, float | None]:
        """Seconds until few actors live and until all rooms sleep."""
        began = _now()
        patience = 60.0 + self._room_idle + _PATIENCE_PER_ROOM * self._plan.rooms
        few = await self._reached(
            lambda: self._count() <= self._budget + self._pool,
            patience,
            f"room actors fall to {self._budget} and {self._pool} ready ones",
        )
        took = _now() - began
        awake = list(self._users)
        while awake and _now() < began + patience:
            await self._drop_sleeping(awake)
            self._tell(f"{len(awake):,} rooms are awake or not asked yet, {self._living()} room actors")
            if awake:
                await asyncio.sleep(_POLL)
        if awake:
            self._wrong.append(f"{len(awake)} rooms were still awake {patience:.0f} s after the last edit")
            return took if few else None, None
        slept = _now() - began
        await self._reached(lambda: self._count() <= self._pool, 30.0, "no more actors live than stand ready")
        return took if few else None, slept

    async def _drop_sleeping(self, awake: list[IdleUser]) -> None:
        """Strike those that sleep from the list's head; its rooms fall asleep about in their order."""
        while awake:
            asked = awake[:_ASKING]
            rooms = await asyncio.gather(*(self._live(user) for user in asked))
            still = [user for user, live in zip(asked, rooms, strict=True) if live]
            awake[: len(asked)] = still
            if still:
                return

    async def _live(self, user: IdleUser) -> bool:
        return (await self._rest.room(self._owners[user.room_id], user.room_id)).live is not None

    async def _cpus(self) -> dict[str, float]:
        """CPUs that the server uses while all sleep, by part."""
        meter = CpuMeter(self._processes)
        meter.start()
        await asyncio.sleep(_CPU_SECONDS)
        return {part: seconds / _CPU_SECONDS for part, seconds in meter.spent().items()}

    # -------------------------------------------------------------- waking

    async def _wake(self, users: list[IdleUser]) -> list[float]:
        """Seconds from edit to acknowledgement, room by room, each time with the pool warm."""
        took: list[float] = []
        woken: list[IdleUser] = []
        for number, user in enumerate(users):
            self._tell(f"waking {number + 1} of {len(users)}")
            if not await self._warm(woken):
                self._cold += 1
            async with asyncio.timeout(_WAKE_TIMEOUT):
                took.append(await user.type("awake; "))
            woken.append(user)
        return took

    async def _warm(self, woken: list[IdleUser]) -> bool:
        """Wait until as many actors stand ready as are configured, and none is starting; False when that takes long."""
        deadline = _now() + _WARM_TIMEOUT
        while _now() < deadline:
            await self._drop_sleeping(woken)
            pids = self._processes.room_actors()
            if len(pids) >= self._actors_for(len(woken) + self._pool):
                before = _cpu(pids)
                await asyncio.sleep(_POLL)
                used = _cpu(pids)
                if all(used[pid] - before.get(pid, 0.0) < _BUSY * _POLL for pid in used):
                    return True
            await asyncio.sleep(_POLL / 2)
        return False

    # -------------------------------------------------------------- the end

    async def _check(self, woken: list[IdleUser]) -> None:
        """Compare what users hold with what the server says, of all woken rooms and some of the others."""
        others = [user for user in self._users if user not in woken]
        sample = random.Random("check").sample(others, min(_CHECKED_SLEEPERS, len(others)))

        async def check(user: IdleUser) -> None:
            found = await self._rest.snapshot(self._owners[user.room_id], user.room_id)
            if found.content != user.text:
                self._wrong.append(f"room {user.room_id} reads {found.content!r} where {user.text!r} is due")

        self._tell("checking texts")
        await _each((check(user) for user in (*woken, *sample)), _ASKING)
        self._wrong += [user.error for user in self._users if user.error]

    async def _close(self) -> None:
        for user in self._users:
            user.close()
        self._tell("deleting the rooms")
        await _each((self._rest.delete_room(owner, room_id) for room_id, owner in self._owners.items()), _OPENING)

    # -------------------------------------------------------------- parts

    def _actors_for(self, rooms: int) -> int:
        return math.ceil(rooms / self._rooms_each)

    def _count(self) -> int:
        return len(self._processes.room_actors())

    def _living(self) -> int:
        return self._actors[-1][1] if self._actors else 0

    async def _reached(self, holds: Callable[[], bool], patience: float, what: str) -> bool:
        """Wait until something holds; when it does not, that is one thing wrong."""
        deadline = _now() + patience
        while not await asyncio.to_thread(holds):
            self._tell(f"waiting until {what}; {self._living()} room actors")
            if _now() > deadline:
                self._wrong.append(f"within {patience:.0f} s it did not come so far that {what}")
                return False
            await asyncio.sleep(_POLL)
        return True


async def _each(jobs: Iterable[Awaitable[None]], at_once: int) -> None:
    """Do all jobs, so many at once, in order."""
    left = iter(jobs)

    async def work() -> None:
        for job in left:
            await job

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())


def _cpu(pids: Iterable[int]) -> dict[int, float]:
    """CPU seconds of those processes that still are there."""
    found = {}
    for pid in pids:
        try:
            found[pid] = cpu_seconds(pid)
        except OSError:
            continue
    return found
