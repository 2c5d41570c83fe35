"""Makes the vectors of the relay's links: this program, with notebooks/ on the path, writes simulated.json.

Its sibling whimsical.json is recorded in TypeScript: `node web/notebook/test/relayWhims.ts`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from .recording import Json, RecordedLink
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
    records: list[Json] = []
    seed = 1000
    while len(records) < 2 * _RUNS:
        links: list[RecordedLink] = []

        def make_link(
            limits: Limits, now: float, opening: Open | None = None, links: list[RecordedLink] = links
        ) -> RecordedLink:
            link = RecordedLink(limits, now, opening)
            links.append(link)
            return link

        Simulation(seed, make_link).run()
        if len(links) == 2 and all(_FEWEST_STEPS < len(link.steps) < _MOST_STEPS for link in links):
            records += [
                link.record(f"simulated {seed}, {end}") for end, link in zip(("view", "kernel"), links, strict=True)
            ]
        seed += 1
    lines = ",\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    return f'{{"about": "Both ends of connections over a bad channel.", "runs": [\n{lines}\n]}}\n'


if __name__ == "__main__":
    VECTORS.mkdir(exist_ok=True)
    (VECTORS / "simulated.json").write_text(make(), encoding="utf-8")
