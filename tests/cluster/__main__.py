"""`scripts/cluster`: trials on several nodes, each a network namespace of this machine. Needs root."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec

from tests.chaos.crowd import Crowd

from .bed import ROOT, Bed, short_directory
from .entrance import open_entrances
from .hosts import Network
from .trials import Trials

_TRIALS = ("calm", "cost", "kill", "partition", "isolation", "drain", "head", "deploy", "roll")


def main() -> int:
    """Run it; the exit status is 1 when anything was lost, doubled or untrue."""
    options = _parser().parse_args()
    return asyncio.run(_run(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/cluster", description=__doc__)
    parser.add_argument("--nodes", type=int, default=3, metavar="N")
    parser.add_argument("--rooms", type=int, default=60, metavar="N")
    parser.add_argument("--writers", type=int, default=3, metavar="N", help="clients in each room (default 3)")
    parser.add_argument("--rooms-per-actor", type=int, default=1, metavar="N", help="that share a process (default 1)")
    parser.add_argument("--pace", type=float, default=1.0, metavar="S", help="seconds between two words (default 1)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trials", default=",".join(_TRIALS), help=f"of {', '.join(_TRIALS)}; default all")
    parser.add_argument("--seconds", type=float, default=25.0, help="that a node is cut off (default 25)")
    parser.add_argument("--redis", type=Path, metavar="PROGRAM", help="a redis-server, for the head to remember with")
    parser.add_argument("--before", type=Path, default=ROOT, metavar="CHECKOUT", help="of the version that is replaced")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the outcomes there too")
    return parser


async def _run(options: argparse.Namespace) -> int:
    this = asyncio.current_task()
    assert this is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)  # and take all of it down
    network = Network(options.nodes)
    async with AsyncExitStack() as stack:
        directory = stack.enter_context(short_directory())
        stack.callback(network.down)
        network.up()
        ip = network.database_ip
        bed = Bed(
            directory,
            network.hosts,
            database_ip=ip,
            redis=options.redis,
            version=options.before.absolute(),
            warm_pool="6",
            room_idle="600",
            rooms_per_actor=str(options.rooms_per_actor),
        )
        stack.push_async_callback(bed.close)
        await bed.start()
        urls = await stack.enter_async_context(open_entrances(bed, network.people_ip))
        crowd = Crowd(
            *urls,
            rooms=options.rooms,
            writers=options.writers,
            seed=options.seed,
            habits=("steady",),
            pace=options.pace,
        )
        stack.push_async_callback(crowd.close)
        await crowd.open()
        trials = Trials(bed, network, crowd, _say)
        await _try(trials, bed, options)
        if options.json is not None:
            options.json.write_bytes(msgspec.json.format(msgspec.json.encode(trials.outcomes)))
        return int(any(outcome.troubles or outcome.lost or outcome.doubled for outcome in trials.outcomes))


async def _try(trials: Trials, bed: Bed, options: argparse.Namespace) -> None:
    places = list((await trials.places()).values())
    spread = {node.number: places.count(node.host.ip) for node in bed.nodes}
    _say(f"{len(places)} rooms are awake, by node: {spread}")
    for name in options.trials.split(","):
        if trials.outcomes and len(bed.nodes) > 1:
            await trials.fill(bed.nodes[1])
        match name:
            case "calm":
                await trials.calm(10.0)
            case "cost":
                await trials.cost(15.0)
            case "kill":
                await trials.kill(bed.nodes[1], again_after=5.0)
            case "partition":
                await trials.cut_off(bed.nodes[2], database=False, seconds=options.seconds)
            case "isolation":
                await trials.cut_off(bed.nodes[1], database=True, seconds=options.seconds)
            case "drain":
                await trials.drain(bed.nodes[2])
            case "head":
                await trials.lose_head()
            case "deploy":
                await trials.deploy()
            case "roll":
                await trials.roll()
            case _:
                raise SystemExit(f"there is no trial {name}")


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
