"""Replays a recorded editing session against a running server and checks that not a character differs.

python -m loadtest.replay friendsforever --url http://127.0.0.1:8000 --kill-room
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING, NoReturn

import uvloop
from tqdm import tqdm

from loadtest import trace as traces
from loadtest.author import Author, ReplayError
from loadtest.killer import RoomKiller
from loadtest.latency import percentiles
from loadtest.merge import Merged, merge
from loadtest.player import WINDOW, Participant, Player, Times
from loadtest.processes import NotHereError, ServerProcesses
from loadtest.rest import Rest, RestError
from loadtest.verdict import check_log, compare
from loadtest.wire import WireError
from rayrooms.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadtest.player import Played
    from loadtest.rest import Guest
    from loadtest.trace import Trace

_PROGRESS = 0.1


class Replay:
    """One trace, one new room, one verdict."""

    def __init__(self, trace: Trace, expected: Merged, rest: Rest, arguments: argparse.Namespace) -> None:
        self._trace = trace
        self._expected = expected.text
        self._ties = expected.ties
        self._rest = rest
        self._url: str = arguments.url
        self._kills: int = arguments.kill_room
        self._window: int = arguments.window
        self._wrong: list[str] = []

    async def run(self) -> bool:
        """Play and check; whether all is as the trace says. Raises what a server that is not there raises."""
        owner = await self._rest.sign_in("Replay")
        room_id = (await self._rest.make_room(owner, f"Replay of {self._trace.name}", max_users=50)).room_id
        killer = self._killer(owner, room_id)
        player = Player(self._trace, room_id, ties=self._ties, window=self._window)
        for number, one in enumerate(player.everybody):
            guest = await self._rest.sign_in(f"Author {number}" if one in player.authors else "Reader")
            await one.open(self._url, guest.token)
        played = await self._play(player, killer)
        _report(played, player, killer)
        await self._check_live(player, owner, room_id)
        player.close()
        await self._check_log(player, owner, room_id, killer)
        for sentence in self._wrong:
            print(f"WRONG: {sentence}", file=sys.stderr)
        return not self._wrong

    def _killer(self, owner: Guest, room_id: str) -> RoomKiller | None:
        try:
            return RoomKiller(self._rest, owner, room_id, ServerProcesses(self._url))
        except NotHereError:
            if self._kills:
                raise
            return None

    async def _play(self, player: Player, killer: RoomKiller | None) -> Played:
        total = len(self._trace.edits)
        with tqdm(total=total, unit=" edits", desc=self._trace.name, leave=False, disable=None) as bar:
            tasks = [asyncio.create_task(_follow(bar, player))]
            if killer is not None and self._kills:
                tasks.append(asyncio.create_task(killer.run(lambda: player.committed, total, self._kills)))
            try:
                played = await player.play()
            finally:
                for task in tasks:
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task
        if killer is not None and killer.kills < self._kills:
            raise ReplayError(f"Only {killer.kills} of {self._kills} kills came about before the end; take more edits.")
        return played

    # -------------------------------------------------------------- checks

    async def _check_live(self, player: Player, owner: Guest, room_id: str) -> None:
        for one in player.everybody:
            self._same(f"The text of {one.author.client_id}", one.author.state.text)
        self._say(f"all {len(player.everybody)} clients hold the expected text ({len(self._expected)} code points)")

        failures: list[Exception] = []
        newcomer = Participant(Author(room_id, "newcomer"), Times(), asyncio.Event(), failures.append)
        await newcomer.open(self._url, (await self._rest.sign_in("Newcomer")).token)
        newcomer.close()
        self._same("The text of a newcomer", newcomer.author.state.text)
        self._say("so does a newcomer")

        snapshot = await self._rest.snapshot(owner, room_id)
        self._same("The live snapshot over REST", snapshot.content)
        if snapshot.version != player.sent:
            self._wrong.append(f"The live snapshot is at version {snapshot.version}; {player.sent} edits were made.")
        self._say(f"so does the live snapshot over REST, at version {snapshot.version}")

    async def _check_log(self, player: Player, owner: Guest, room_id: str, killer: RoomKiller | None) -> None:
        """Rebuild the text from what Postgres has.

        A live room's log over REST is joined with its memory. So the room's process is killed before, once its clients
        are gone and all is known to be durable: nothing is left then from which anybody could answer but Postgres.
        """
        source = "the log over REST (the room's process is not on this machine, so its memory may have helped)"
        if killer is not None:
            died = await killer.kill()
            source = "the log in Postgres, read after the room's process was killed and its memory with it,"
        log = await self._rest.log(owner, room_id)
        if killer is not None and died is not None:
            live = (await self._rest.room(owner, room_id)).live
            if live is not None and live.pid == died.pid:
                self._wrong.append("The room's process outlived its SIGKILL, so the log may have come from its memory.")
        edits = {one.author.client_id: one.author.last_seq for one in player.authors}
        self._wrong += check_log(log, edits, self._expected)
        self._say(f"{source} has {len(log)} operations, each edit once and in order, and leads to it too")

    def _same(self, what: str, found: str) -> None:
        difference = compare(what, found, self._expected)
        if difference is not None:
            self._wrong.append(difference)

    def _say(self, sentence: str) -> None:
        """Say what was found right, as long as nothing was found wrong."""
        if not self._wrong:
            print(f"  ok  {sentence}")


async def _follow(bar: tqdm[NoReturn], player: Player) -> None:
    try:
        while True:
            await asyncio.sleep(_PROGRESS)
            bar.update(player.committed - bar.n)
    finally:
        bar.update(player.committed - bar.n)


def _report(played: Played, player: Player, killer: RoomKiller | None) -> None:
    rate = played.edits / played.seconds
    print(
        f"{played.edits:,} edits in {played.seconds:.2f} s: {rate:,.0f} edits/s; durable {played.settled:.3f} s later"
    )
    print(f"  ack      {percentiles(player.times.acks)}")
    print(f"  arrival  {percentiles(player.times.arrivals)}")
    if killer is not None and killer.kills:
        waits = ", ".join(f"{1000 * seconds:.0f}" for seconds in killer.recoveries)
        recoveries = sum(one.author.recoveries for one in player.everybody)
        print(
            f"  room killed {killer.kills} times, edits went on after {waits} ms; clients recovered {recoveries} times"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loadtest.replay", description=__doc__.splitlines()[0])
    parser.add_argument("trace", metavar="TRACE", help="a trace file, or the bare name of one in ../shared/data")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="the server (default: %(default)s)")
    parser.add_argument(
        "--kill-room",
        metavar="N",
        type=int,
        nargs="?",
        const=3,
        default=0,
        help="kill the room's process N times on the way (3 when N is not given); the server must run on this machine",
    )
    parser.add_argument("--limit", metavar="N", type=int, help="only the first N edits")
    parser.add_argument(
        "--window", metavar="N", type=int, default=WINDOW, help="edits in flight per author (default: %(default)s)"
    )
    parser.add_argument(
        "--data-check", action="store_true", help="only check that the trace leads to its end text; needs no server"
    )
    return parser


def _prepare(arguments: argparse.Namespace) -> tuple[Trace, Merged]:
    """The trace, cut to the limit, and what it leads to. Raises TraceError."""
    trace = traces.load(traces.find(arguments.trace))
    try:
        whole = merge(trace.edits)
    except InvalidError as error:
        raise traces.TraceError(
            f"{trace.name} is not a recording of what can have happened: {error.message}"
        ) from error
    difference = compare("what its edits lead to", whole.text, trace.end)
    if difference is not None:
        raise traces.TraceError(f"{trace.name} cannot be replayed exactly: {difference}")
    if arguments.limit is None or arguments.limit >= len(trace.edits):
        return trace, whole
    cut = trace._replace(edits=trace.edits[: arguments.limit])
    return cut, merge(cut.edits)


async def _run(trace: Trace, expected: Merged, arguments: argparse.Namespace) -> bool:
    async with Rest(arguments.url) as rest:
        return await Replay(trace, expected, rest, arguments).run()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    chosen = _parser().parse_args(arguments)
    try:
        trace, expected = _prepare(chosen)
        count, size = len(trace.edits), len(expected.text)
        print(f"{trace.name}: {count:,} edits by {trace.authors}, leading to {size:,} code points")
        if expected.ties:
            print(
                f"  {len(expected.ties)} of them wait for another to be committed, since all depends on which is first"
            )
        if chosen.data_check:
            return 0
        exact = uvloop.run(_run(trace, expected, chosen))
    except (traces.TraceError, RestError, WireError, NotHereError, ReplayError) as error:
        print(f"loadtest.replay: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    print("exact" if exact else "NOT EXACT")
    return 0 if exact else 1


if __name__ == "__main__":
    sys.exit(main())
