"""The scenario T1: one author writes a session without waiting for answers, and somebody reads along."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from loadtest.latency import percentiles
from loadtest.player import WINDOW, Player
from loadtest.processes import CpuMeter, busy_seconds
from loadtest.results import Shares, TypingResult
from loadtest.synthetic import session

if TYPE_CHECKING:
    from loadtest.scenarios import Bench

EDITS = 20_000


async def write(bench: Bench, edits: int = EDITS) -> TypingResult:
    """Time from the first edit until both have all of them. Raises RestError, WireError, ReplayError."""
    trace = session(edits)
    room = await bench.rest.make_room(bench.owner, "T1", max_users=10)
    player = Player(trace, room.room_id, ties={}, readers=1)
    try:
        for one in player.everybody:
            await one.open(bench.url, bench.owner.token)
        bench.tell(f"writing {edits:,} edits")
        meter = CpuMeter(bench.processes) if bench.processes is not None else None
        if meter is not None:
            meter.start()
        busy, generator = busy_seconds(), time.process_time()
        played = await player.play()
        spent = meter.spent() if meter is not None else None
        generator, busy = time.process_time() - generator, busy_seconds() - busy
        texts = {one.author.state.text for one in player.everybody}
        stored = await bench.rest.snapshot(bench.owner, room.room_id)
    finally:
        player.close()
        await bench.rest.delete_room(bench.owner, room.room_id)
    took = played.seconds + played.settled
    server = sum(spent.values()) if spent is not None else 0.0
    return TypingResult(
        scenario="T1",
        title=f"1 author who has up to {WINDOW} of {edits:,} edits in flight, 1 reader",
        wrong=[] if texts == {trace.end, stored.content} else ["author, reader and server hold different texts"],
        ack=percentiles(player.times.acks),
        arrival=percentiles(player.times.arrivals),
        durable=None,
        edits_per_second=played.edits / played.seconds,
        deliveries_per_second=len(player.times.arrivals) / played.seconds,
        cpu_ms_per_edit={part: 1000 * one / played.edits for part, one in spent.items()} if spent else None,
        shares=Shares(server / took, generator / took, max(0.0, busy - server - generator) / took) if spent else None,
        late=0,
    )
