"""The server core and two to five clients over a lossy, late, repeating network, with restarts: thousands of seeds.

To see one seed again: `python -m tests.simulation.replay SEED`.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from actors.core.bridge import Bridge
from actors.core.log import Log
from actors.core.room import RoomCore
from actors.core.sessions import Sessions
from rayrooms import text
from rayrooms.client import replica
from rayrooms.client.replica import Replica
from rayrooms.client.state import ClientState
from tests.simulation.plan import make_plan
from tests.simulation.replay import describe_failure, failure_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from rayrooms.protocol import Operation

SEEDS = 2_000
CHUNK = 100
KEPT = json.loads((Path(__file__).parent / "seeds.json").read_text())
"""Seeds that once failed."""


@lru_cache
def run_chunk(start: int) -> tuple[Counter[str], list[int]]:
    """What happened over `CHUNK` seeds, and which of them failed."""
    counters: Counter[str] = Counter()
    failed = []
    for seed in range(start, start + CHUNK):
        world, error = failure_of(make_plan(seed))
        counters += world.counters
        if error is not None:
            failed.append(seed)
    return counters, failed


@pytest.mark.parametrize("start", range(0, SEEDS, CHUNK))
def test_all_hold(start: int) -> None:
    """SIM-1, G1, G2, G4, G6: clients converge on the replayed log; every edit stands once, in its client's order."""
    _, failed = run_chunk(start)
    if failed:
        pytest.fail(describe_failure(failed[0]) + f"\nall that failed: {failed}")


@pytest.mark.parametrize("seed", KEPT)
def test_kept_seed(seed: int) -> None:
    """SIM-2: what failed once is always run."""
    _, error = failure_of(make_plan(seed))
    if error is not None:
        pytest.fail(describe_failure(seed))


@pytest.mark.parametrize(
    ("what", "at_least"),
    {
        "edits": 100_000,
        "transformed": 5_000,
        "pipelined": 5_000,
        "bridged": 2_000,
        "repeats": 1_000,
        "resets": 1_000,
        "lost commits": 500,
        "restarts": 2_000,
        "sleeps": 500,
        "unasked joins": 2_000,
        "catch-ups": 1_000,
        "catch-ups with own": 500,
        "superseded": 200,
        "stragglers": 500,
        "settled checks": 500,
        "tokens found": 50_000,
        "cursors compared": 1_000,
        "refused not_joined": 1_000,
        "refused version_too_old": 500,
        "refused out_of_order": 5_000,
        "refused backlog_full": 2_000,
        "refused document_too_large": 500,
        "refused read_only": 100,
        "refused room_unavailable": 500,
        "refused invalid_operation": 1,
    }.items(),
)
def test_simulation_did_work(what: str, at_least: int) -> None:
    """SIM-3: over all seeds, everything that it is there to try has happened often."""
    counters: Counter[str] = Counter()
    for start in range(0, SEEDS, CHUNK):
        counters += run_chunk(start)[0]
    assert counters[what] >= at_least, dict(counters)


def test_hardly_anything_is_exempt() -> None:
    """SIM-4: the check that no edit is lost leaves out less than one character in a hundred."""
    counters: Counter[str] = Counter()
    for start in range(0, SEEDS, CHUNK):
        counters += run_chunk(start)[0]
    assert counters["tokens unplaced"] * 100 < counters["tokens found"]


# -------------------------------------------------------------- a simulation that can fail


def swap_sides(patch: pytest.MonkeyPatch) -> None:
    """The client breaks ties the other way round."""
    swapped = SimpleNamespace(**{name: getattr(text, name) for name in text.__all__})
    swapped.transform = lambda op, other, side: text.transform(op, other, "right" if side == "left" else "left")
    patch.setattr(replica, "text", swapped)


def forget_what_was_sent(patch: pytest.MonkeyPatch) -> None:
    """The room takes an edit sent ahead of an acknowledgement for one made after it."""

    def sent(self: Bridge, op: Operation, version: int) -> None:
        self._upto = self.last_own = version

    patch.setattr(Bridge, "sent", sent)


def ignore_epochs(patch: pytest.MonkeyPatch) -> None:
    """The room takes any client at a version that it has for one with the same history."""
    patch.setattr(Log, "matches", lambda self, version, _: self.epoch_at(version) is not None)


def commit_repeats(patch: pytest.MonkeyPatch) -> None:
    """The room does not look at seqs."""
    edit = RoomCore.edit

    def unnumbered(self: RoomCore, sid: int, op: Operation, **rest: object) -> object:
        return edit(self, sid, op, **{**rest, "seq": None})  # type: ignore[arg-type]

    patch.setattr(RoomCore, "edit", unnumbered)


def keep_evicted_sessions(patch: pytest.MonkeyPatch) -> None:
    """A session whose client has come back may go on editing."""
    patch.setattr(Sessions, "remove", lambda _self, _sid: None)


def forget_acknowledged(patch: pytest.MonkeyPatch) -> None:
    """The client forgets its edits once they are acknowledged, durable or not."""
    rebase = Replica.rebase

    def forgetful(self: Replica, content: str, version: int, last_seq: int, durable: int) -> Operation:
        self._seen.clear()
        return rebase(self, content, version, last_seq, durable)

    patch.setattr(Replica, "rebase", forgetful)


def drop_unsent(patch: pytest.MonkeyPatch) -> None:
    """The client drops what it had not sent when it starts over."""
    rebase = Replica.rebase

    def dropping(self: Replica, content: str, version: int, last_seq: int, durable: int) -> Operation:
        change = rebase(self, content, version, last_seq, durable)
        self.unsent.clear()
        return change

    patch.setattr(Replica, "rebase", dropping)


def renumber_at_once(patch: pytest.MonkeyPatch) -> None:
    """The client numbers its edits anew although what it sent before may still be on its way to the room."""
    patch.setattr(ClientState, "_needs_new_numbers", lambda _self, _data: False)


@pytest.mark.parametrize(
    "break_it",
    [
        swap_sides,
        forget_what_was_sent,
        ignore_epochs,
        commit_repeats,
        keep_evicted_sessions,
        forget_acknowledged,
        drop_unsent,
        renumber_at_once,
    ],
)
def test_finds_what_is_broken(break_it: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """SIM-5: with any one rule broken, the simulation fails within a few hundred seeds."""
    break_it(monkeypatch)
    assert any(failure_of(make_plan(seed))[1] is not None for seed in range(400))
