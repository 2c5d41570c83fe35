"""Measures a running server: latencies, throughput, CPU and memory in the scenarios S1 to S6.

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

from loadtest.author import ReplayError
from loadtest.processes import NotHereError, ServerProcesses
from loadtest.report import lines
from loadtest.rest import Rest, RestError
from loadtest.results import JoinResult, MemoryResult, TypingResult
from loadtest.scenarios import SCENARIOS, Bench, run
from loadtest.wire import WireError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadtest.results import Result

FAILURES = (RestError, WireError, ReplayError, NotHereError, ConnectionError, TimeoutError)
"""What ends a run: told in a sentence, with a non-zero exit."""


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
                result = await _one(name, bench)
                results.append(result)
                bar.write("\n".join(lines(result)))
    return results


async def _one(name: str, bench: Bench) -> Result:
    """Run a scenario, giving up with what went wrong first when several rooms fail at once."""
    try:
        return await run(name, bench)
    except* FAILURES as group:
        raise RestError(f"{name}: {first_failure(group)}") from None


def first_failure(group: BaseException) -> str:
    """What went wrong first, in words."""
    failure = group
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return str(failure) or type(failure).__name__


def _scenarios(value: str) -> list[str]:
    names = value.upper().split(",")
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no scenario {unknown[0]}; there are {', '.join(SCENARIOS)}")
    return names


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loadtest.bench", description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="the server (default: %(default)s)")
    parser.add_argument(
        "--scenarios", metavar="S1,S2,...", type=_scenarios, default=list(SCENARIOS), help="default: all six"
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
    report = Report(time.time(), os.cpu_count() or 1, os.getloadavg()[0], chosen.seconds, [])
    try:
        results = uvloop.run(_run(chosen))
    except RestError as error:
        print(f"loadtest.bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    report.results = results  # type: ignore[assignment]  # the union is of all results that there are
    if chosen.json is not None:
        chosen.json.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    failed = [result.scenario for result in results if result.wrong]
    print(f"checks failed in {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
