"""The socket fuzzer of tests/fuzz against this server: a short storm by default, longer with RAYROOMS_FUZZ_FRAMES.

`scripts/fuzz` runs it for long, on a server of its own.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.fuzz.storm import dead, storm, troubles, vital_processes

if TYPE_CHECKING:
    from .server import Server

FRAMES = int(os.environ.get("RAYROOMS_FUZZ_FRAMES", "3000"))
SEED = int(os.environ.get("RAYROOMS_FUZZ_SEED", "1"))
SLOWEST = 10.0
NEVER = {"backlog_full", "database_unavailable", "internal", "room_load_failed"}
"""Refusals that would be the server's own fault."""


async def test_hostile_frames_harm_nobody(own_server: Server) -> None:
    """G8, FUZZ-2: errors, silence or a documented close; honest people edit on, no process dies, no error unhandled."""
    vital, logs = vital_processes(own_server), own_server.logs()
    outcome = await storm(own_server.url, frames=FRAMES, seed=SEED)
    assert troubles(logs, own_server.logs()) == []
    assert dead(vital) == []
    assert outcome.slowest < SLOWEST
    tally = outcome.tally
    assert NEVER.isdisjoint(tally.codes), tally.summary()
    # FUZZ-1: it did work at every layer.
    assert tally.frames == FRAMES
    for layer in ("unreadable", "refused by type", "refused by gateway", "refused by room", "accepted"):
        assert tally.share(layer) > 0.02, tally.summary()
