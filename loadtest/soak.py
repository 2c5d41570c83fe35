"""Many minutes of the load of S2: whether memory stays level, and whether edits are as fast at the end as at first.

    python -m loadtest.soak --url http://127.0.0.1:8000 --minutes 20 --json soak.json

Memory is sampled every few seconds, by process. It is judged after a warm-up, in which logs in memory and caches fill:
a room keeps RAYROOMS_LOG_WINDOW operations, 5,000 by default, which ten edits a second reach after 500 s. All that
clients got is kept for the check at the end: about 30 MB a minute in this process. Exits with 3 when memory grows.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import multiprocessing
import os
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import uvloop
from tqdm import tqdm

from loadtest import command
from loadtest.account import Window
from loadtest.command import told, write_json
from loadtest.growth import Sample, growths
from loadtest.latency import percentiles
from loadtest.pace import Pace
from loadtest.processes import ServerProcesses
from loadtest.report import lines
from loadtest.rest import Rest
from loadtest.results import Quarter, SoakResult
from loadtest.room import BenchRoom, settle
from loadtest.scenarios import TYPING, WARM_UP, Bench, close_rooms, open_rooms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_now = time.perf_counter
_PLAN = TYPING["S2"]
_GROWING = 3


class Report(msgspec.Struct):
    """The file that --json writes. `when` is unix time in seconds, `load` the machine's load average before."""

    when: float
    cpus: int
    load: float
    result: SoakResult


async def _soak(chosen: argparse.Namespace, tell: Callable[[str], None]) -> SoakResult:
    processes = ServerProcesses(chosen.url)
    async with Rest(chosen.url) as rest:
        owner = await rest.sign_in("Soak")
        bench = Bench(chosen.url, rest, owner, processes, 60 * chosen.minutes, 0, tell)
        rooms = [BenchRoom(rest, chosen.url, owner, f"soak-{number}") for number in range(_PLAN.rooms)]
        try:
            await open_rooms(rooms, _PLAN.users, bench)
            return await _type(rooms, bench, chosen)
        finally:
            await close_rooms(rooms, bench)


async def _type(rooms: list[BenchRoom], bench: Bench, chosen: argparse.Namespace) -> SoakResult:
    gc.collect()
    gc.disable()
    try:
        start = _now() + 0.1
        window = Window(start + WARM_UP, start + WARM_UP + bench.seconds)
        phases = random.Random("soak")
        paces = [
            Pace(typist, _PLAN.rate, start, window.end, phases.random()) for room in rooms for typist in room.typists
        ]
        samples = await _sample(rooms, bench, window, chosen.every)
        bench.tell("settling")
        await settle(rooms)
    finally:
        gc.enable()
    quarter = bench.seconds / 4
    first, wrong = await _quarter(rooms, Window(window.start, window.start + quarter), bench)
    last, wrong_too = await _quarter(rooms, Window(window.end - quarter, window.end), bench)
    warm_up = chosen.warm_up * bench.seconds
    return SoakResult(
        scenario="soak",
        title=f"{_PLAN.title}, for {chosen.minutes:g} minutes",
        wrong=list(dict.fromkeys(wrong + wrong_too)),
        seconds=bench.seconds,
        warm_up=warm_up,
        edits=sum(room.made for room in rooms),
        late=sum(pace.late for pace in paces),
        first=first,
        last=last,
        growths=growths(samples, warm_up),
        samples=[(round(one.at, 1), _by_part(one)) for one in samples],
    )


async def _sample(rooms: list[BenchRoom], bench: Bench, window: Window, every: float) -> list[Sample]:
    """Read all processes' memory until the window ends, or somebody cannot go on.

    Another process reads, so that no client waits for that.
    """
    assert bench.processes is not None
    loop = asyncio.get_running_loop()
    samples: list[Sample] = []
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as reader:
        await loop.run_in_executor(reader, bench.processes.footprints)  # it starts, and loads what it needs
        await asyncio.sleep(max(0.0, window.start - _now()))
        due = window.start
        while due < window.end and not any(typist.error for room in rooms for typist in room.typists):
            await asyncio.sleep(max(0.0, due - _now()))
            at = _now() - window.start
            samples.append(Sample(at, await loop.run_in_executor(reader, bench.processes.footprints)))
            made = sum(room.made for room in rooms)
            bench.tell(f"{made:,} edits, {max(0.0, window.end - _now()):.0f} s left")
            due += every
        await asyncio.sleep(min(every, max(0.0, window.end - _now())))
    return samples


async def _quarter(rooms: list[BenchRoom], window: Window, bench: Bench) -> tuple[Quarter, list[str]]:
    acks: list[float] = []
    arrivals: list[float] = []
    wrong: list[str] = []
    for number, room in enumerate(rooms):
        bench.tell(f"checking room {number + 1} of {len(rooms)}")
        found = await room.check(window)
        acks += found.acks
        arrivals += found.arrivals
        wrong += found.wrong
    return Quarter(percentiles(acks), percentiles(arrivals), len(acks) / (window.end - window.start)), wrong


def _by_part(sample: Sample) -> dict[str, float]:
    """Megabytes, own and shared, of each part."""
    sizes: dict[str, float] = {}
    for one in sample.footprints.values():
        sizes[one.part] = sizes.get(one.part, 0.0) + (one.own + one.shared) / 1e6
    return {part: round(size, 3) for part, size in sorted(sizes.items())}


async def _run(chosen: argparse.Namespace) -> SoakResult:
    with tqdm(total=1, bar_format="{desc}  [{elapsed}]", leave=False, disable=None) as bar:
        return await told(_soak(chosen, bar.set_description_str))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loadtest.soak", description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="the server (default: %(default)s)")
    parser.add_argument("--minutes", metavar="N", type=float, default=20.0, help="of typing (default: %(default)s)")
    parser.add_argument(
        "--warm-up",
        metavar="SHARE",
        type=float,
        default=0.5,
        help="of the run, after which memory is judged (default: %(default)s)",
    )
    parser.add_argument(
        "--every", metavar="SECONDS", type=float, default=10.0, help="between two samples (default: %(default)s)"
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the result there as well")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    chosen = _parser().parse_args(arguments)
    return command.run("loadtest.soak", lambda: _measure(chosen))


def _measure(chosen: argparse.Namespace) -> int:
    when, load = time.time(), os.getloadavg()[0]
    result = uvloop.run(_run(chosen))
    write_json(chosen.json, Report(when, os.cpu_count() or 1, load, result))
    print("\n".join(lines(result)))
    return 1 if result.wrong else _GROWING if result.growths is not None and result.growths.growing else 0


if __name__ == "__main__":
    sys.exit(main())
