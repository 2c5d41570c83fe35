"""Runs the plan of one seed, and cuts a failing one down: `python -m tests.simulation.replay SEED`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rayrooms.errors import RayroomsError
from tests.simulation.plan import make_plan, shrink
from tests.simulation.world import World

if TYPE_CHECKING:
    from tests.simulation.plan import Plan


def failure_of(plan: Plan) -> tuple[World, Exception | None]:
    """The world after `plan`, and what did not hold in it. Refusals that nobody expected count too."""
    world = World(plan)
    try:
        world.run()
    except (AssertionError, RayroomsError, LookupError) as error:
        return world, error
    return world, None


def describe_failure(seed: int) -> str:
    """What went wrong, with the shortest plan found in which the same goes wrong."""
    plan = make_plan(seed)
    _, error = failure_of(plan)
    if error is None:
        return f"seed {seed} holds"
    shorter = shrink(plan, lambda candidate: type(failure_of(candidate)[1]) is type(error))
    return f"seed {seed}: {error!r}\ncut down: {failure_of(shorter)[1]!r}\nplan: {shorter.as_json()}"


if __name__ == "__main__":
    sys.stdout.write(describe_failure(int(sys.argv[1])) + "\n")
