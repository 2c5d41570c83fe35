"""Many rooms, each with one connected user who does nothing: what they cost asleep, and how fast they wake.

    python -m loadtest.idle --url http://127.0.0.1:8000 --rooms 2000 --wakes 100 --json idle.json

The server must run on this machine, for nothing else, with rooms that fall asleep soon (RAYROOMS_ROOM_IDLE=10). Each
user makes one short edit; then the bench waits until all rooms sleep under their users, reads the memory, and wakes
some of them, one after another and each with the pool warm, by an edit of the user that is connected.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import uvloop
from tqdm import tqdm

from loadtest import command
from loadtest.command import told, write_json
from loadtest.processes import ServerProcesses
from loadtest.report import lines
from loadtest.rest import Rest, RestError
from loadtest.results import IdleResult
from loadtest.sleepers import Plan, Sleepers

if TYPE_CHECKING:
    from collections.abc import Sequence

_SPARE_FILES = 100


class Report(msgspec.Struct):
    """The file that --json writes. `when` is unix time in seconds, `load` the machine's load average before."""

    when: float
    cpus: int
    load: float
    result: IdleResult


async def _run(chosen: argparse.Namespace) -> IdleResult:
    with tqdm(total=1, bar_format="{desc}  [{elapsed}]", leave=False, disable=None) as bar:
        async with Rest(chosen.url) as rest:
            plan = Plan(chosen.rooms, chosen.wakes)
            return await Sleepers(chosen.url, rest, ServerProcesses(chosen.url), plan, bar.set_description_str).run()


def _allow_files(sockets: int) -> None:
    """Let this process have so many sockets, if it may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = sockets + _SPARE_FILES
    if most != resource.RLIM_INFINITY and wanted > most:
        raise RestError(f"{sockets} sockets are more than the {most} files that this process may open.")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[0]), most))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loadtest.idle", description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="the server (default: %(default)s)")
    parser.add_argument("--rooms", metavar="N", type=int, default=2000, help="default: %(default)s")
    parser.add_argument("--wakes", metavar="W", type=int, default=100, help="rooms to wake (default: %(default)s)")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the result there as well")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    chosen = _parser().parse_args(arguments)
    return command.run("loadtest.idle", lambda: _idle(chosen))


def _idle(chosen: argparse.Namespace) -> int:
    when, load = time.time(), os.getloadavg()[0]
    _allow_files(chosen.rooms)
    result = uvloop.run(told(_run(chosen)))
    write_json(chosen.json, Report(when, os.cpu_count() or 1, load, result))
    print("\n".join(lines(result)))
    return 1 if result.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
