"""`scripts/chaos`: a long run of storms over a server of its own, from a seed or from a plan in a file."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

from tests.live.server import data_directory

from .crowd import Crowd
from .plan import Plan, make_plan
from .report import as_text, report_of
from .run import Run
from .stage import Stage


def main() -> int:
    """Run it; the exit status is 1 when anything was lost, doubled, leaked or untrue."""
    options = _parser().parse_args()
    if options.plan:
        plan = Plan.from_json(options.plan.read_text())
    else:
        plan = make_plan(options.seed, options.minutes, rooms=options.rooms, writers=options.writers)
    if options.only_plan:
        print(plan.as_json())
        return 0
    print(f"the plan, for --plan: {msgspec.json.encode(plan).decode()}", flush=True)
    return asyncio.run(_run(plan, options.rooms_per_actor, options.json, options.logs))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5, metavar="N", help="how long, at least (default 5)")
    parser.add_argument(
        "--seed", type=int, default=1, metavar="S", help="the same seed draws the same plan (default 1)"
    )
    parser.add_argument("--rooms", type=int, default=4, metavar="N", help="rooms that are edited at a time (default 4)")
    parser.add_argument("--writers", type=int, default=3, metavar="N", help="clients in each room (default 3)")
    parser.add_argument(
        "--rooms-per-actor", type=int, default=1, metavar="N", help="rooms that share a process (default 1)"
    )
    parser.add_argument("--plan", type=Path, metavar="FILE", help="a plan in JSON, instead of one from a seed")
    parser.add_argument("--only-plan", action="store_true", help="print the plan and run nothing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report there too")
    parser.add_argument("--logs", type=Path, metavar="DIR", help="keep what the server wrote there when a run fails")
    return parser


async def _run(plan: Plan, rooms_per_actor: int, report_file: Path | None, logs: Path | None) -> int:
    this = asyncio.current_task()
    assert this is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)  # and take all of it down
    with data_directory() as data_dir:
        stage = Stage(data_dir.parent, rooms_per_actor=rooms_per_actor)
        try:
            await stage.start()
            crowd = Crowd(stage.server.url, rooms=plan.rooms, writers=plan.writers, seed=plan.seed)
            await crowd.open()
            run = Run(plan, stage, crowd, lambda text: print(text, flush=True))
            try:
                await run.run()
            finally:
                await crowd.close()
                report = report_of(plan, run.results, retired=len(crowd.retired))
                print(as_text(report), flush=True)
                if report_file is not None:
                    await asyncio.to_thread(report_file.write_bytes, msgspec.json.format(msgspec.json.encode(report)))
                if logs is not None and not report.good:
                    _keep_logs(stage, logs)
            stopped = await stage.stop()
            print("\n".join(stopped) or "the server stopped in order")
        finally:
            await stage.close()
    return int(bool(stopped) or not report.good)


def _keep_logs(stage: Stage, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    with suppress(ValueError):  # the server is not there to be asked
        for name, written in stage.server.logs().items():
            (directory / name.replace("/", "_")).write_text(written)


if __name__ == "__main__":
    sys.exit(main())
