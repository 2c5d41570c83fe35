"""Somebody who keeps to no limit hurts nobody but themselves."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from typing import TYPE_CHECKING

from .people import together, until
from .server import ROOT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .people import Person
    from .server import Server
    from .sockets import Socket

GAP = 0.03
BEFORE, DURING = 1.0, 6.0
"""Seconds of measuring. An abuser's burst, which is as long as that of a program that has much to say, is over then."""
SLOWER = 10
"""How many times as long as before an edit may take to arrive while all this goes on, at the median ..."""
ALLOWED = 0.05
"""... or so many seconds, since most of it is the abuser's own use of the machine on which the server runs, too."""
WORST = 0.5
"""Seconds that 95 of 100 keep within. Without the limits it is that at first, and grows."""


async def arrivals(author: Socket, reader: Socket, seconds: float) -> list[float]:
    """How long edits took from one to the other, as somebody types who types fast."""
    took = []
    await author.edit(["x"])  # should the room have fallen asleep meanwhile
    await reader.send("get_sync")
    await reader.expect("sync_response")
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        version = await author.edit(["x"])
        await reader.expect("code_change", changes=lambda changes, at=version: changes[-1]["version"] == at)
        took.append(time.perf_counter() - began)
        await asyncio.sleep(GAP)
    return took


async def test_an_abuser_hurts_only_itself(
    own_server: Server, ada: Person, bob: Person, sign_in: Callable[[str], Awaitable[Person]]
) -> None:
    """LIM-10, LIM-1, LIM-4, LIM-5, G8, G10: floods are refused and cut off; others' edits arrive about as before."""
    mallory = await sign_in("Mallory")
    own_room = await mallory.make_room()
    async with together(await ada.make_room(), ada, bob) as (author, reader):
        before = await arrivals(author, reader, BEFORE)
        abuser = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.live.abuser", mallory.url, mallory.token, own_room,
            cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip

        async def edits_rain() -> bool:
            return bool((await ada.ask("GET", f"/api/rooms/{own_room}")).json()["version"])

        await until(edits_rain)
        during = await arrivals(author, reader, DURING)
        said, _ = await asyncio.wait_for(abuser.communicate(b""), 30)
        after = await arrivals(author, reader, BEFORE)
    counts = json.loads(said)
    report = f"{counts}; ms before {_ms(before)}, during {_ms(during)}, after {_ms(after)}"
    print(report)  # noqa: T201 - shown by pytest -s
    assert counts["sent"] > 20_000, report
    for outcome in ("cut off", "rate_limited", "too_many_connections"):
        assert counts.get(outcome, 0) > 0, report
    bound = max(SLOWER * statistics.median(before), ALLOWED)
    assert statistics.median(during) < bound, report
    assert statistics.median(after) < bound, report
    assert _p95(during) < WORST, report


def _ms(seconds: list[float]) -> str:
    return f"p50 {1000 * statistics.median(seconds):.1f} p95 {1000 * _p95(seconds):.1f}"


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.95)]
