"""Measures a running server: latencies, throughput, CPU and memory in the scenarios S1 to S6 and T1.

    python -m loadtest.bench --url http://127.0.0.1:8000 --scenarios S1,S2 --json results.json

Users type bursts of 20 characters at random places; half of the bursts first delete 3. Every run ends with a check that
all clients and a newcomer hold the same text. S6 measures rooms that are awake: each is a process.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import uvloop
from tqdm import tqdm

from loadtest import command
from loadtest.command import names_in, told, write_json
from loadtest.processes import NotHereError, ServerProcesses
from loadtest.report import lines
from loadtest.rest import Rest
from loadtest.results import JoinResult, MemoryResult, TypingResult
from loadtest.scenarios import SCENARIOS, Bench, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadtest.results import Result


class Report(msgspec.Struct):
    """The file that --json writes. `when` is unix time in seconds, `load` the machine's load average before."""

    when: float
    cpus: int
    load: float
    seconds: float
    results: list[TypingResult | JoinResult | MemoryResult]


async def _run(arguments: argparse.Namespace) -> list[Result]:
    results: list[Result] = []
    try:
        processes = ServerProcesses(arguments.url)
    except NotHereError as error:
        print(f"CPU and memory are not measured: {error}")
        processes = None
    async with Rest(arguments.url) as rest:
        owner = await rest.sign_in("Bench")
        with tqdm(total=len(arguments.scenarios), bar_format="{desc}  [{elapsed}]", leave=False, disable=None) as bar:
            for name in arguments.scenarios:

                def tell(what: str, name: str = name) -> None:
                    bar.set_description_str(f"{name}: {what}")

                bench = Bench(arguments.url, rest, owner, processes, arguments.seconds, arguments.idle_rooms, tell)
                result = await told(run(name, bench), name)
                results.append(result)
                bar.write("\n".join(lines(result)))
    return results


def _scenarios(value: str) -> list[str]:
    return names_in(value.upper(), SCENARIOS, "scenario")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loadtest.bench", description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="the server (default: %(default)s)")
    parser.add_argument(
        "--scenarios", metavar="S1,S2,...", type=_scenarios, default=list(SCENARIOS), help="default: all"
    )
    parser.add_argument(
        "--seconds", metavar="N", type=float, default=8.0, help="that S1 to S4 are measured (default: %(default)s)"
    )
    parser.add_argument(
        "--idle-rooms", metavar="N", type=int, default=20, help="rooms in S6, a process each (default: %(default)s)"
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the results there as well")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    chosen = _parser().parse_args(arguments)
    return command.run("loadtest.bench", lambda: _bench(chosen))


def _bench(chosen: argparse.Namespace) -> int:
    report = Report(time.time(), os.cpu_count() or 1, os.getloadavg()[0], chosen.seconds, [])
    results = uvloop.run(_run(chosen))
    report.results = results  # type: ignore[assignment]  # the union is of all results that there are
    write_json(chosen.json, report)
    failed = [result.scenario for result in results if result.wrong]
    print(f"checks failed in {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
