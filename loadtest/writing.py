"""The scenario T1: one author writes a session without waiting for answers, and somebody reads along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadtest.latency import percentiles
from loadtest.meter import RunMeter
from loadtest.player import WINDOW, Player
from loadtest.results import TypingResult
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
        meter = RunMeter.of(bench.processes)
        if meter is not None:
            meter.start()
        played = await player.play()
        spent = meter.spent() if meter is not None else None
        texts = {one.author.state.text for one in player.everybody}
        stored = await bench.rest.snapshot(bench.owner, room.room_id)
    finally:
        player.close()
        await bench.rest.delete_room(bench.owner, room.room_id)
    return TypingResult(
        scenario="T1",
        title=f"1 author who has up to {WINDOW} of {edits:,} edits in flight, 1 reader",
        wrong=[] if texts == {trace.end, stored.content} else ["author, reader and server hold different texts"],
        ack=percentiles(player.times.acks),
        arrival=percentiles(player.times.arrivals),
        durable=None,
        edits_per_second=played.edits / played.seconds,
        deliveries_per_second=len(player.times.arrivals) / played.seconds,
        cpu_ms_per_edit=spent.each(played.edits) if spent is not None else None,
        shares=spent.shares(played.seconds + played.settled) if spent is not None else None,
        late=0,
    )
