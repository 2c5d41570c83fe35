"""`scripts/fuzz`: a long attack on a server of its own, or on the one at --url, with its figures printed."""

from __future__ import annotations

import argparse
import asyncio
import sys

from tests.live.server import Server, data_directory

from .storm import dead, storm, troubles, vital_processes


def main() -> int:
    """Run it; the exit status is 1 when something came to harm."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--frames", type=int, default=50_000, metavar="N", help="how many frames (default 50000)")
    parser.add_argument(
        "--seed", type=int, default=1, metavar="S", help="the same seed draws the same frames (default 1)"
    )
    parser.add_argument("--url", help="a running server that admits guests, instead of one of its own")
    options = parser.parse_args()
    if options.url:
        print(asyncio.run(storm(options.url, frames=options.frames, seed=options.seed)).summary())
        return 0
    with data_directory() as data_dir:
        server = Server(data_dir, gateways="2", warm_pool="3")
        try:
            server.start()
            vital, logs = vital_processes(server), server.logs()
            print(asyncio.run(storm(server.url, frames=options.frames, seed=options.seed)).summary())
            found = troubles(logs, server.logs())
            died = dead(vital)
            print(f"seed {options.seed}; processes that died: {died or 'none'}; unhandled errors: {found or 'none'}")
            stopped = server.stop()
        finally:
            server.kill()
    return int(bool(found or died or stopped))


if __name__ == "__main__":
    sys.exit(main())
