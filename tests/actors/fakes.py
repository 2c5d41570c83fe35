"""Stand-ins for the actors of a cluster, which do at once what they are told, or fail as they are told."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from actors.core.state import RoomLimits
from actors.directory.placement import Node
from actors.directory.worker import WorkerLostError
from actors.host.config import HostStatus, RoomAddress, RoomConfig
from rayrooms.errors import NotFoundError

if TYPE_CHECKING:
    from actors.directory.worker import Worker
    from actors.host.config import Activation
    from actors.host.figures import RoomFigures
    from rayrooms.errors import RayroomsError

CONFIG = RoomConfig(
    limits=RoomLimits(),
    snapshot_every=1000,
    backlog_max_records=1000,
    backlog_max_bytes=1_000_000,
    idle_after=60.0,
)


async def turns(count: int = 20) -> None:
    """Let whatever can go on go on."""
    for _ in range(count):
        await asyncio.sleep(0)


class FakeWorker:
    """A room actor.

    `lost` makes it dead, `let_go` cleared makes it stay silent, `refusal` is what it answers, `busy` keeps it awake.
    """

    def __init__(self, fleet: FakeFleet, number: int, node_id: str) -> None:
        self.node_id = node_id
        self.fleet = fleet
        self.number = number
        self.address: RoomAddress | None = None
        self.sessions = 0
        self.last_edit = 0.0
        self.figures: RoomFigures | None = None
        self.busy = False
        self.lost = False
        self.killed = False
        self.refusal: RayroomsError | None = None
        self.let_go = asyncio.Event()
        self.let_go.set()
        self.may_sleep = asyncio.Event()
        self.may_sleep.set()
        self.asleep: list[str] = []

    def __repr__(self) -> str:
        return f"worker {self.number}"

    async def _answer(self, what: str) -> None:
        await self.let_go.wait()
        if self.lost or self.killed:
            raise WorkerLostError(what)
        self.fleet.events.append(f"{what} {self.number}")
        if self.refusal is not None:
            raise self.refusal

    async def activate(self, order: Activation, config: RoomConfig) -> RoomAddress:
        await self._answer("activate")
        assert self.address is None, "it has a room already"
        assert config is CONFIG
        self.last_edit = self.fleet.now
        self.address = RoomAddress(order.room_id, "127.0.0.1", 1, order.epoch, order.secret, self.number, self.node_id)
        return self.address

    async def release(self) -> None:
        await self._answer("release")
        self.address = None

    async def sleep(self) -> bool:
        await self._answer("sleep")
        assert self.address is not None
        self.asleep.append(self.address.room_id)
        await self.may_sleep.wait()
        if not self.busy:
            self.address = None
        return not self.busy

    async def abandon(self) -> None:
        await self._answer("abandon")
        self.address = None

    async def status(self) -> HostStatus:
        await self.let_go.wait()
        if self.lost or self.killed:
            raise WorkerLostError("status")
        return HostStatus(self.number, self.node_id, self.address, self.sessions, self.last_edit, self.figures)

    async def kill(self) -> None:
        self.fleet.events.append(f"kill {self.number}")
        self.killed = True


class FakeFleet:
    """A cluster with rooms "a" to "d" in its database. `events` is all that happened, in order."""

    def __init__(self, *nodes: str) -> None:
        self.node_ids = list(nodes or ("node",))
        self.retiring: set[str] = set()
        self.events: list[str] = []
        self.workers: list[FakeWorker] = []
        self.epochs = dict.fromkeys("abcd", 0)
        self.now = 1000.0
        self.spawn_refusal: RayroomsError | None = None
        self.drain_refusal: RayroomsError | None = None
        self.next_lost = 0
        """So many of the workers spawned next die before they answer to an activation."""
        self.next_refusal: RayroomsError | None = None
        self.flushed = False

    async def spawn(self, node: Node) -> Worker:
        await asyncio.sleep(0)
        if self.spawn_refusal is not None:
            raise self.spawn_refusal
        worker = FakeWorker(self, len(self.workers) + 1, node.node_id)
        worker.refusal, self.next_refusal = self.next_refusal, None
        if self.next_lost:
            self.next_lost -= 1
            worker.lost = True
        self.workers.append(worker)
        self.events.append(f"spawn {worker.number}")
        return worker

    async def nodes(self) -> list[Node]:
        await asyncio.sleep(0)
        return [Node(node_id, "127.0.0.1") for node_id in self.node_ids]

    async def retire(self, node_id: str, *, retired: bool) -> None:
        (self.retiring.add if retired else self.retiring.discard)(node_id)

    async def retired(self) -> list[str]:
        return sorted(self.retiring)

    async def existing(self) -> list[tuple[Worker, HostStatus | None]]:
        found: list[tuple[Worker, HostStatus | None]] = []
        for worker in self.workers:
            if worker.lost:
                found.append((worker, None))
            elif not worker.killed:
                found.append((worker, await worker.status()))
        return found

    async def claim(self, room_id: str) -> int:
        await asyncio.sleep(0)
        if room_id not in self.epochs:
            raise NotFoundError("There is no such room.")
        self.epochs[room_id] += 1
        self.events.append(f"claim {room_id}")
        return self.epochs[room_id]

    async def drain(self, room_id: str) -> None:
        await asyncio.sleep(0)
        if self.drain_refusal is not None:
            raise self.drain_refusal
        self.events.append(f"drain {room_id}")

    async def flush(self) -> None:
        self.flushed = True

    def counts(self) -> Counter[str]:
        """How often each kind of thing happened."""
        return Counter(event.split()[0] for event in self.events)
