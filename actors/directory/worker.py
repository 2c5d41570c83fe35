"""What the directory needs of room actors and persistence actors, apart from how they are run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actors.directory.placement import Node
    from actors.host.config import Activation, HostStatus, RoomAddress, RoomConfig


class Worker(Protocol):
    """A slot of a room actor. Every method raises WorkerLostError when the actor is dead or does not answer in time."""

    @property
    def node_id(self) -> str:
        """The node on which it is."""

    async def activate(self, order: Activation, config: RoomConfig) -> RoomAddress: ...

    async def release(self) -> None: ...

    async def sleep(self) -> bool: ...

    async def abandon(self) -> None: ...

    async def status(self) -> HostStatus: ...

    async def kill(self) -> None:
        """Give up what is in it, and end it."""


class Fleet(Protocol):
    """The actors of the cluster. Every method may raise UnavailableError."""

    async def spawn(self, node: Node) -> Worker:
        """A blank slot on a node: of an actor that has one free, or of a new one with a persistence actor beside it."""

    async def nodes(self) -> Sequence[Node]:
        """The nodes that answer; at least one."""

    async def existing(self) -> list[tuple[Worker, HostStatus | None]]:
        """The room actors that are there already (after a restart of the directory) and what they do.

        None of one that does not answer now.
        """

    async def claim(self, room_id: str) -> int:
        """Raise the room's owner epoch in Postgres and return it. Raises NotFoundError."""

    async def drain(self, room_id: str) -> None:
        """Return once no persistence actor that answers holds anything unwritten of the room.

        Raises UnavailableError.
        """

    async def retire(self, node_id: str, *, retired: bool) -> None:
        """Have a node remember that it takes no more rooms, or that it does again."""

    async def retired(self) -> Sequence[str]:
        """The nodes that remember so."""

    async def flush(self) -> None:
        """Write all that persistence actors hold."""


class WorkerLostError(Exception):
    """The actor is dead, or as good as dead."""
