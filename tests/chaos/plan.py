"""Plans of a chaos run: storms of faults, drawn from a seed. Pure.

A fault holds a random number from which its victim is chosen among what is there when its time comes, so any part of a
plan is a plan too: a failing run can be cut down by hand and replayed from a file.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KINDS: dict[str, tuple[float, float]] = {
    "room_kill": (0, 0),
    "room_stop": (2, 12),
    "pool_kill": (0, 0),
    "gateway_kill": (0, 0),
    "gateway_stop": (2, 8),
    "haproxy_kill": (0, 0),
    "haproxy_stop": (1, 5),
    "directory_kill": (0, 0),
    "directory_stop": (2, 8),
    "persistence_kill": (0, 0),
    "persistence_stop": (2, 8),
    "controller_kill": (0, 0),
    "controller_stop": (2, 8),
    "postgres_kill": (1, 6),
    "postgres_stop": (2, 10),
    "postgres_full": (2, 8),
    "link_delay": (3, 8),
    "link_drop": (2, 9),
    "link_stall": (2, 9),
    "link_half_open": (2, 9),
    "link_reset": (1, 4),
    "database_delay": (3, 8),
    "database_drop": (2, 9),
    "database_stall": (2, 9),
    "database_half_open": (2, 9),
    "database_reset": (1, 6),
    "node_kill": (0, 0),
}
"""What can be done, and for how many seconds, at least and at most; 0 is done and over at once."""

OUTAGES = ("postgres_stop", "postgres_kill", "postgres_full", "database_stall", "database_reset", "database_half_open")
OUTAGE_SECONDS = 60.0
OUTAGE_EVERY = 270.0
NODE_EVERY = 240.0
CALM = 5.0
"""About how long it takes after a storm until all is checked."""

_SINGLE = [kind for kind in KINDS if kind != "node_kill"]
_REPEATED = ("room_kill", "room_kill", "gateway_kill", "persistence_kill", "directory_kill", "link_reset")
_IN_OUTAGE = ("room_kill", "gateway_kill", "directory_kill", "persistence_kill", "room_stop", "link_stall")
_TAKES_ROOM = {"room_kill", "room_stop"}


class Fault(msgspec.Struct, frozen=True):
    """`at` is in seconds from the beginning of its storm, `lasts` in seconds, `dice` what its victim is chosen with."""

    kind: str
    at: float
    lasts: float
    dice: int

    @property
    def ends(self) -> float:
        return self.at + self.lasts


class Storm(msgspec.Struct, frozen=True):
    """Faults in the order of their times; `mood` says how they were put together."""

    mood: str
    faults: list[Fault]

    @property
    def seconds(self) -> float:
        """Until the last of it is over and the next edits had a chance."""
        return max((fault.ends for fault in self.faults), default=0.0) + 2.0

    @property
    def exact(self) -> bool:
        """Whether every acknowledged edit must be there word by word.

        Not when a room and the persistence actor may have been gone at once, or all of the node: then acknowledged
        edits that were not durable come again from their clients, by diff, which keeps every letter but may cut a word.
        """
        kinds = {fault.kind for fault in self.faults}
        return "node_kill" not in kinds and not ("persistence_kill" in kinds and kinds & _TAKES_ROOM)


class Plan(msgspec.Struct, frozen=True):
    """`rooms` are edited at any time, each by so many `writers`."""

    seed: int
    rooms: int
    writers: int
    storms: list[Storm]

    @property
    def seconds(self) -> float:
        """About how long it takes, rather less."""
        return sum(storm.seconds + CALM for storm in self.storms)

    def as_json(self) -> str:
        return msgspec.json.format(msgspec.json.encode(self), indent=1).decode()

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Raises ValueError for what is no plan."""
        plan = msgspec.json.decode(text, type=cls)
        unknown = {fault.kind for storm in plan.storms for fault in storm.faults} - KINDS.keys()
        if unknown:
            raise ValueError(f"There are no such faults: {sorted(unknown)}.")
        return plan


def make_plan(seed: int, minutes: float, *, rooms: int = 4, writers: int = 3) -> Plan:
    """The plan of `seed`, always the same; a longer one of the same seed begins with the shorter."""
    dice = random.Random(seed)
    deck = _deck(dice)
    storms: list[Storm] = []
    seconds, outage, node = 0.0, dice.uniform(20, 150), dice.uniform(60, 200)
    while seconds < minutes * 60:
        if seconds >= outage:
            storm, outage = _outage(dice), outage + OUTAGE_EVERY
        elif seconds >= node:
            storm, node = _node(dice), node + NODE_EVERY
        else:
            draw: Callable[[random.Random, Iterator[str]], Storm]
            (draw,) = dice.choices((_row, _mixture, _repetition), (5, 4, 2))
            storm = draw(dice, deck)
        storms.append(storm)
        seconds += storm.seconds + CALM
    return Plan(seed, rooms, writers, storms)


def short_plan(seed: int) -> Plan:
    """Less than a minute that visits every part of the server: what runs with the other tests."""
    dice = random.Random(seed)
    storms: list[list[tuple[str, float, float]]] = [
        [("room_kill", 0.5, 0), ("directory_kill", 2.5, 0), ("room_kill", 5, 0), ("room_stop", 6, 7.5)],
        [("gateway_kill", 0.5, 0), ("link_stall", 4, 2), ("link_reset", 7, 1), ("gateway_kill", 8.5, 0)],
        [("persistence_kill", 0.5, 0), ("postgres_kill", 3, 2), ("database_drop", 7.5, 2), ("postgres_full", 10.5, 1)],
    ]
    return Plan(
        seed,
        3,
        2,
        [
            Storm("short", [Fault(kind, at, lasts, dice.getrandbits(32)) for kind, at, lasts in faults])
            for faults in storms
        ],
    )


def _deck(dice: random.Random) -> Iterator[str]:
    """Each kind once in random order, then anew: none is long in coming."""
    while True:
        yield from dice.sample(_SINGLE, len(_SINGLE))


def _fault(dice: random.Random, kind: str, at: float) -> Fault:
    return Fault(kind, round(at, 2), round(dice.uniform(*KINDS[kind]), 2), dice.getrandbits(32))


def _row(dice: random.Random, deck: Iterator[str]) -> Storm:
    """One after the other, each with the time to recover from."""
    faults: list[Fault] = []
    at = 0.5
    for _ in range(dice.randint(2, 4)):
        faults.append(_fault(dice, next(deck), at))
        at = faults[-1].ends + dice.uniform(2.5, 4)
    return Storm("row", faults)


def _mixture(dice: random.Random, deck: Iterator[str]) -> Storm:
    """Several at about the same time."""
    moments = sorted(dice.uniform(0.5, 6) for _ in range(dice.randint(3, 6)))
    return Storm("mixture", [_fault(dice, next(deck), at) for at in moments])


def _repetition(dice: random.Random, _deck: Iterator[str]) -> Storm:
    """The same again and again, before and after things have come to rest."""
    kind, at, faults = dice.choice(_REPEATED), 0.5, []
    for _ in range(dice.randint(3, 6)):
        faults.append(_fault(dice, kind, at))
        at = faults[-1].ends + dice.uniform(0.3, 3)
    return Storm("repetition", faults)


def _outage(dice: random.Random) -> Storm:
    """A minute without Postgres, in which other things happen too."""
    long = Fault(dice.choice(OUTAGES), 1.0, OUTAGE_SECONDS, dice.getrandbits(32))
    moments = sorted(dice.uniform(5, 50) for _ in range(dice.randint(0, 3)))
    return Storm("outage", [long, *(_fault(dice, dice.choice(_IN_OUTAGE), at) for at in moments)])


def _node(dice: random.Random) -> Storm:
    """A power cut; sometimes soon after something else."""
    before = [_fault(dice, dice.choice(_SINGLE), 0.5)] if dice.random() < 0.5 else []
    return Storm("node", [*before, _fault(dice, "node_kill", dice.uniform(1.5, 4))])
