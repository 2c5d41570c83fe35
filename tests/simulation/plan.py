"""Random plans: what the clients do, what the network does to them and what befalls the room, step by step.

A plan holds no state, only steps with a random number each, from which a step takes whatever it has to choose. So any
part of a plan is a plan too, and a failing one can be cut down to what matters.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

ACTIONS = {
    "edit": 26,
    "burst": 0.8,
    "up": 26,
    "down": 32,
    "flush": 14,
    "connect": 14,
    "cursor": 3,
    "persist": 4,
    "cut": 0.8,
    "notice": 3,
    "straggle": 3,
    "drop": 0.4,
    "chat": 1,
    "bad": 0.5,
    "restart": 0.5,
    "up again": 6,
    "sleep": 0.3,
    "backlog": 0.2,
    "demote": 0.15,
    "check": 2,
}
"""What can happen, and how often in proportion."""


_ARRIVAL = ("connect", "down", "connect", "up", "down")


class Step(msgspec.Struct, array_like=True, frozen=True):
    """`client` is whom it concerns, `dice` what its choices are made from."""

    action: str
    client: int
    dice: int


class Plan(msgspec.Struct, frozen=True):
    """`window` is each client's, `log_window` the room's, both in edits; `viewers` are the clients that may not edit.

    `leavers` never come back once the run is over: only what they got through is there.
    """

    clients: int
    window: int
    log_window: int
    max_document: int
    viewers: list[int]
    leavers: list[int]
    steps: list[Step]

    def as_json(self) -> str:
        return msgspec.json.encode(self).decode()


def make_plan(seed: int) -> Plan:
    """The plan of `seed`, always the same."""
    dice = random.Random(seed)
    clients = dice.choice([2, 2, 3, 3, 4, 5])
    # Phases with one thing happening much more often reach states that an even mix does not.
    steps = [Step(action, client, 2**31) for client in range(clients) for action in _ARRIVAL]
    for _ in range(dice.randint(2, 5)):
        weights = {action: weight * dice.choice([0.3, 1, 1, 1, 3]) for action, weight in ACTIONS.items()}
        if dice.random() < 0.2:
            weights["flush"] = 1
        busy = [dice.choice([0.2, 1, 3]) for _ in range(clients)]
        count = dice.randint(30, 250)
        actions = dice.choices(list(weights), list(weights.values()), k=count)
        actors = dice.choices(range(clients), busy, k=count)
        steps += [Step(action, actor, dice.getrandbits(32)) for action, actor in zip(actions, actors, strict=True)]
    return Plan(
        clients=clients,
        window=dice.choice([1, 2, 5, 100]),
        log_window=dice.choice([2, 4, 10, 1000]),
        max_document=dice.choice([40, 10_000, 10_000, 10_000, 10_000]),
        viewers=[client for client in range(1, clients) if dice.random() < 0.08],
        leavers=[client for client in range(1, clients) if dice.random() < 0.06],
        steps=steps,
    )


def shrink(plan: Plan, fails: Callable[[Plan], bool], tries: int = 400) -> Plan:
    """A shorter plan that still fails: steps are left out, half of them at first, then ever fewer."""
    size = max(len(plan.steps) // 2, 1)
    while tries > 0:
        start = 0
        shorter = False
        while start < len(plan.steps) and tries > 0:
            tries -= 1
            candidate = msgspec.structs.replace(plan, steps=plan.steps[:start] + plan.steps[start + size :])
            if fails(candidate):
                plan, shorter = candidate, True
            else:
                start += size
        if size == 1 and not shorter:
            break
        size = max(size // 2, 1)
    return plan
