"""Which slots of room actors are taken: a room that wakes goes where others are, so that whole processes can end."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar


class Slotted(Protocol):
    """A process with slots for rooms, numbered from 0."""

    @property
    def node_id(self) -> str:
        """Where it is."""

    @property
    def slots(self) -> int:
        """How many it has."""


P = TypeVar("P", bound=Slotted)


class Slots(Generic[P]):
    """The processes whose slots are known, each with those that are taken."""

    def __init__(self) -> None:
        self._taken: dict[P, set[int]] = {}

    def add(self, process: P, *, taken: bool = False) -> None:
        """There is one process more, with all of its slots free or all of them taken."""
        self._taken[process] = set(range(process.slots)) if taken else set()

    def take(self, node_id: str) -> tuple[P, int] | None:
        """A free slot on a node, in the process that has the fewest; None when there is none."""
        open_ones = [
            (len(taken), process)
            for process, taken in self._taken.items()
            if process.node_id == node_id and len(taken) < process.slots
        ]
        if not open_ones:
            return None
        _, process = max(open_ones, key=lambda one: one[0])
        taken = self._taken[process]
        slot = next(slot for slot in range(process.slots) if slot not in taken)
        taken.add(slot)
        return process, slot

    def free(self, process: P, slot: int) -> None:
        """A slot may be taken again."""
        self._taken.get(process, set()).discard(slot)

    def drop(self, process: P) -> None:
        """A process takes no more: it ends, or has died."""
        self._taken.pop(process, None)

    def others(self, process: P, slot: int) -> bool:
        """Whether slots of a process are taken besides this one."""
        return bool(self._taken.get(process, set()) - {slot})
