"""Makes the vectors of the relay's links: `python -m tests.notebooks.relay.vectors` writes simulated.json.

Its sibling whimsical.json is recorded in TypeScript: `node web/notebook/test/relayWhims.ts`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from .recording import RecordedLink
from .simulation import Simulation

if TYPE_CHECKING:
    from rayrooms_jupyter.relay.limits import Limits
    from rayrooms_jupyter.relay.messages import Open

VECTORS = Path(__file__).parents[2] / "vectors" / "relay"
_RUNS = 8
_MOST_STEPS = 250
_FEWEST_STEPS = 40


def make() -> str:
    """The text of simulated.json: both ends of some connections, neither short nor long."""
    records = []
    seed = 1000
    while len(records) < 2 * _RUNS:
        links: list[RecordedLink] = []

        def make_link(limits: Limits, now: float, opening: Open | None = None, links: list = links) -> RecordedLink:  # type: ignore[type-arg]
            links.append(RecordedLink(limits, now, opening))
            return links[-1]

        Simulation(seed, make_link).run()
        if len(links) == 2 and all(_FEWEST_STEPS < len(link.steps) < _MOST_STEPS for link in links):
            records += [link.record(f"simulated {seed}, {end}") for end, link in zip(("view", "kernel"), links)]
        seed += 1
    lines = ",\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    return f'{{"about": "Both ends of connections over a bad channel.", "runs": [\n{lines}\n]}}\n'


if __name__ == "__main__":
    VECTORS.mkdir(exist_ok=True)
    (VECTORS / "simulated.json").write_text(make(), encoding="utf-8")
