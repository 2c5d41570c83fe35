"""What is done to a cluster while people type in it, how long they wait for it, and whether anything is lost."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, Self

import msgspec
import psutil

from tests.chaos.faults import lapse
from tests.chaos.verdict import judge

from . import costs
from .bed import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.chaos.crowd import Crowd, Room
    from tests.chaos.writer import Writer

    from .bed import Bed, ClusterNode
    from .hosts import Network

_PATIENCE = 120.0
_POLL = 0.02
_LOOKS_AT_A_TIME = 8
_TITLE = "ray::RoomActor"
_LONG = 3.0
"""Seconds that nobody should have to wait."""
_QUIET = 8.0
"""Seconds in which an actor that was started has got ready."""
_FEW = 4
"""Fewer processes than that are no node any more."""


class Outcome(msgspec.Struct):
    """One trial. Times are seconds: `moved` of those whose room lived on the node in question, `others` of the rest.

    From the beginning of the trial until a word typed then was acknowledged. `longest` is the most that any word took.
    """

    name: str
    rooms: int
    moved: list[float] = msgspec.field(default_factory=list)
    others: list[float] = msgspec.field(default_factory=list)
    longest: float = 0.0
    offline: int = 0
    edits: int = 0
    versions: int = 0
    lost: int = 0
    doubled: int = 0
    notes: list[str] = msgspec.field(default_factory=list)
    troubles: list[str] = msgspec.field(default_factory=list)


def room_processes(node: ClusterNode) -> list[psutil.Process]:
    """The room actors of a node."""
    return processes_of(node, _TITLE)


def processes_of(node: ClusterNode, title: str) -> list[psutil.Process]:
    """The processes of a node whose title begins so."""
    return [process for process in node.processes() if " ".join(_command(process)).startswith(title)]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def told(outcome: Outcome) -> str:
    """An outcome in a few lines."""
    lines = [
        f"  rooms that had to move: {_spread(outcome.moved)}",
        f"  all others: {_spread(outcome.others)}; longest wait of any word {outcome.longest:.1f} s",
        f"  {outcome.offline} clients were offline; {outcome.versions} versions checked",
        f"  lost {outcome.lost}, doubled {outcome.doubled}",
        *(f"  {note}" for note in outcome.notes),
        *(f"  TROUBLE {trouble}" for trouble in outcome.troubles),
    ]
    return "\n".join(lines)


def _spread(times: Iterable[float]) -> str:
    ordered = sorted(times)
    if not ordered:
        return "none"
    p50, p95 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95))
    return f"{len(ordered)} people, got on after p50 {p50:.2f}, p95 {p95:.2f}, most {ordered[-1]:.2f} s"


class Trials:
    """Runs one trial after another on a bed with a crowd in it."""

    def __init__(self, bed: Bed, network: Network, crowd: Crowd, say: Callable[[str], None]) -> None:
        self.outcomes: list[Outcome] = []
        self.bed = bed
        self._network = network
        self._crowd = crowd
        self._say = say

    # ------------------------------------------------------------------ what is done

    async def calm(self, seconds: float) -> None:
        """Nothing: people type, on all nodes."""
        async with self._trial("nothing happens", self.bed.head) as trial:
            trial.begin()
            await lapse(seconds)
            await trial.others_get_on()

    async def cost(self, seconds: float) -> None:
        """What an edit costs all nodes and Postgres, beyond what they take when nobody types."""
        async with self._trial(f"{len(self.bed.nodes)} nodes, everybody types", self.bed.head) as trial:
            await self._crowd.pause()
            await self._until_settled()
            idle = await self._spent(seconds)
            self._crowd.resume()
            trial.begin()
            written = self._crowd.written
            busy = await self._spent(seconds)
            edits = self._crowd.written - written
            each = {part: 1000 * (spent - idle.get(part, 0.0)) / edits for part, spent in busy.items()}
            trial.outcome.notes.append(
                f"{edits / seconds:.0f} edits/s for {sum(each.values()):.3f} ms CPU each; "
                f"idle {sum(idle.values()) / seconds:.2f} CPUs"
            )
            parts = sorted(each, key=each.__getitem__, reverse=True)
            trial.outcome.notes.append("of that, ms: " + ", ".join(f"{part} {each[part]:.3f}" for part in parts))

    async def _until_settled(self) -> None:
        """Wait until no node starts processes any more: an actor that gets ready costs as much as 3,000 edits."""
        quiet, known = 0.0, set[tuple[int, str]]()
        while quiet < _QUIET:
            await lapse(1.0)
            found = set(await asyncio.to_thread(costs.spent, self.bed))
            quiet = quiet + 1.0 if found <= known else 0.0
            known = found

    async def _spent(self, seconds: float) -> dict[str, float]:
        """CPU seconds of all nodes and Postgres within so many seconds, by part of the server."""
        before = await asyncio.to_thread(costs.spent, self.bed)
        await lapse(seconds)
        return costs.by_part(before, await asyncio.to_thread(costs.spent, self.bed))

    async def kill(self, node: ClusterNode, *, again_after: float | None = None) -> None:
        """Every process of a node at once, as in a power cut; it may come back later."""
        async with self._trial(f"node {node.number} killed", node) as trial:
            node.is_open = False
            await asyncio.to_thread(node.kill)
            trial.begin()
            trial.may_cut_words()
            await trial.others_get_on()
            if again_after is None:
                return
            await lapse(again_after)
            await asyncio.to_thread(node.start)
            await self.bed.until_well([node])
            node.is_open = True

    async def cut_off(self, node: ClusterNode, *, database: bool, seconds: float) -> None:
        """A node that its people reach, and the others do not."""
        name = f"node {node.number} cut off from the others" + (" and from Postgres" if database else "")
        before = {process.pid for process in room_processes(node)}
        host = next(host for host in self._network.hosts if host.ip == node.host.ip)
        async with self._trial(name, node) as trial:
            with self._network.cut_off(host, database=database):
                trial.begin()
                await lapse(seconds)
            await trial.others_get_on()
            deadline = time.monotonic() + _PATIENCE
            while left := before & {process.pid for process in room_processes(node)}:
                if time.monotonic() > deadline:
                    trial.outcome.troubles.append(f"{len(left)} rooms of the node that was cut off live on")
                    break
                await asyncio.sleep(0.2)
            trial.outcome.notes.append(f"its {len(before)} room actors had ended after {trial.seconds:.1f} s")
            if len(node.processes()) < _FEW:  # Ray had given it up, and it ended itself
                trial.outcome.notes.append("the node had ended itself and was started again")
            node.is_open = False
            await asyncio.to_thread(node.kill)
            await asyncio.to_thread(node.start)
            await self.bed.until_well([node])
            node.is_open = True

    async def drain(self, node: ClusterNode) -> None:
        """A node is emptied, stopped and started again, as for an upgrade of the machine."""
        async with self._trial(f"node {node.number} drained, stopped and started", node) as trial:
            trial.begin()
            trial.outcome.notes.append(await self._replace(node))
            await trial.others_get_on()

    async def drain_head(self) -> None:
        """The head is emptied, and goes on as head."""
        head = self.bed.head
        async with self._trial("head drained", head) as trial:
            trial.begin()
            trial.outcome.notes.append(await asyncio.to_thread(self.bed.operate, "drain", head.host.ip))
            await trial.others_get_on()

    async def lose_head(self) -> None:
        """The head dies and is started again. Without a Redis it knows nothing then, and all nodes start anew."""
        remembers = self.bed.redis is not None
        async with self._trial(f"head killed, {'with' if remembers else 'without'} Redis", self.bed.head) as trial:
            self.bed.head.is_open = False
            await asyncio.to_thread(self.bed.head.kill)
            trial.begin()
            trial.may_cut_words(everywhere=not remembers)
            if not remembers:
                for node in self.bed.nodes[1:]:
                    await asyncio.to_thread(node.kill)
            for node in [self.bed.head] if remembers else self.bed.nodes:
                await asyncio.to_thread(node.start)
            trial.outcome.notes.append(f"Ray was up after {trial.seconds:.1f} s")
            if not remembers:
                await self.bed.deploy()
            await self.bed.until_well(self.bed.nodes)
            self.bed.head.is_open = True
            trial.outcome.notes.append(f"all nodes were well after {trial.seconds:.1f} s")
            await trial.others_get_on()

    async def roll(self) -> None:
        """Every node is replaced, then every gateway, as for an upgrade of all of it; the head only if it remembers."""
        head, *others = self.bed.nodes
        async with self._trial("all nodes and gateways replaced", head) as trial:
            trial.begin()
            for node in [*others, head] if self.bed.redis is not None else others:
                began = trial.seconds
                trial.outcome.notes.append(f"from {began:.0f} s on {await self._replace(node)}")
            began = trial.seconds
            trial.outcome.notes.append(f"from {began:.0f} s on {await self._replace_gateways()}")
            await trial.others_get_on()

    async def deploy(self) -> None:
        """Every gateway is replaced, one after the other, as for a new version or a changed setting."""
        async with self._trial("all gateways replaced", self.bed.head) as trial:
            trial.begin()
            trial.outcome.notes.append(await self._replace_gateways())
            await trial.others_get_on()

    async def _replace_gateways(self) -> str:
        began = time.monotonic()
        self.bed.settings["log_window"] = str(
            int(self.bed.settings.get("log_window", "5000")) + 1
        )  # any setting will do
        await self.bed.deploy()
        return f"all gateways were replaced in {time.monotonic() - began:.1f} s"

    async def _replace(self, node: ClusterNode) -> str:
        began = time.monotonic()
        said = await asyncio.to_thread(self.bed.operate, "drain", node.host.ip)
        drained = time.monotonic()
        await asyncio.to_thread(node.stop)
        node.version = ROOT
        await asyncio.to_thread(node.start)
        await self.bed.until_well([node])
        back = time.monotonic() - drained
        return f"node {node.number}: drained in {drained - began:.1f} s ({said}), back after {back:.1f} s more"

    async def fill(self, node: ClusterNode) -> None:
        """Have rooms on a node: those of the head go to the others, and may come back."""
        assert node is not self.bed.head
        await asyncio.to_thread(self.bed.operate, "drain", self.bed.head.host.ip, "--keep-gateway")
        await asyncio.to_thread(self.bed.operate, "reopen", self.bed.head.host.ip)

    # ------------------------------------------------------------------ around it

    def _trial(self, name: str, node: ClusterNode) -> _Trial:
        return _Trial(self, name, node)

    async def places(self) -> dict[str, str]:
        """The address of each room's node; rooms that sleep are left out."""
        gate = asyncio.Semaphore(_LOOKS_AT_A_TIME)

        async def look(room: Room) -> tuple[str, str]:
            async with gate:
                live = await room.live()
                return room.room_id, live["node_ip"] if live else ""

        found = await asyncio.gather(*map(look, self._crowd.rooms))
        return {room_id: ip for room_id, ip in found if ip}

    async def check(self, outcome: Outcome) -> None:
        """Everybody stops; all copies, the log and what was told must agree."""
        await self._crowd.pause()
        gate = asyncio.Semaphore(_LOOKS_AT_A_TIME)

        async def look(room: Room) -> None:
            async with gate:
                verdict = await judge(room, self.bed)
            outcome.versions += verdict.versions
            outcome.lost += verdict.lost
            outcome.doubled += verdict.doubled
            outcome.troubles += verdict.troubles

        await asyncio.gather(*map(look, self._crowd.rooms))
        outcome.edits = self._crowd.written
        self.outcomes.append(outcome)
        self._say(told(outcome))


class _Trial:
    """Everybody types; something is done within the block; then everybody stops, and all is checked."""

    def __init__(self, trials: Trials, name: str, node: ClusterNode) -> None:
        self.outcome = Outcome(name, 0)
        self._trials = trials
        self._node = node
        self._began = 0.0
        self._here: set[str] = set()
        self._stopwatches: list[asyncio.Task[None]] = []

    @property
    def seconds(self) -> float:
        """Since the trial began."""
        return time.monotonic() - self._began

    async def __aenter__(self) -> Self:
        crowd = self._trials._crowd
        crowd.resume()
        await lapse(2.0)
        places = await self._trials.places()
        for writer in crowd.writers:
            writer.waits.clear()
            writer.offline_at.clear()
        self._here = {room_id for room_id, ip in places.items() if ip == self._node.host.ip}
        self.outcome.rooms = len(self._here)
        self._trials._say(f"{self.outcome.name}: {self.outcome.rooms} rooms live there")
        return self

    def begin(self) -> None:
        """It is done: from now on it counts how long people need."""
        self._began = time.monotonic()
        for room in self._trials._crowd.rooms:
            times = self.outcome.moved if room.room_id in self._here else self.outcome.others
            self._stopwatches += [asyncio.create_task(self._time(writer, times)) for writer in room.present]

    def may_cut_words(self, *, everywhere: bool = False) -> None:
        """Both keepers of what is not stored yet are gone, rooms and writer: clients make it again by comparing."""
        for room in self._trials._crowd.rooms:
            room.exact = room.exact and not everywhere and room.room_id not in self._here

    async def _time(self, writer: Writer, times: list[float]) -> None:
        words = writer.type_word()
        deadline = time.monotonic() + _PATIENCE
        while (when := writer.acked_at(words)) is None:
            if time.monotonic() > deadline:
                self.outcome.troubles.append(f"{writer.name} did not get on")
                return
            await asyncio.sleep(_POLL)
        times.append(when - self._began)

    def _patience(self, waits: list[tuple[float, float]]) -> str:
        """How many waited for long, and when."""
        long = [(began - self._began, seconds) for began, seconds in waits if seconds > _LONG]
        moments = Counter(10 * int(began // 10) for began, _ in long)
        when = ", ".join(f"{count} from {moment} s on" for moment, count in sorted(moments.items()))
        over = sum(seconds > 1.0 for _, seconds in waits)
        return f"of {len(waits)} waits {over} took over 1 s, {len(long)} over {_LONG:.0f} s: {when or 'none'}"

    async def others_get_on(self) -> None:
        """Wait until everybody has got on."""
        await asyncio.gather(*self._stopwatches)

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            return
        await self.others_get_on()
        writers = self._trials._crowd.writers
        waits = [wait for writer in writers for wait in writer.waits]
        self.outcome.longest = max(seconds for _, seconds in waits)
        self.outcome.notes.append(self._patience(waits))
        self.outcome.offline = sum(bool(writer.offline_at) for writer in writers)
        await self._trials.check(self.outcome)
