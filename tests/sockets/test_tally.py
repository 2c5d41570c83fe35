"""What a gateway counts for its operator."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from actors.host.events import event, refusal
from persistence.telemetry.readings import Buckets
from rayrooms import protocol
from rayrooms.errors import InvalidError, UnavailableError
from serve.sockets.open_connections import OpenConnections
from serve.sockets.tally import GatewayTally

from .desk import Desk
from .fakes import MAX_WAITING, Closings, Wire, connected, new_connection, until
from .guests import Guest
from .test_handlers import edit, join
from .test_hub import new_hub
from .town import Town

if TYPE_CHECKING:
    from pathlib import Path

    from .fakes import FakeAccess


def counts(tally: GatewayTally) -> dict[str, float]:
    """Its readings by name and label, without those at nothing; of a histogram, how many it holds."""
    found = {}
    for metric, value, label in tally.readings():
        name = metric.name.removeprefix("rayrooms_") + (f" {label}" if label else "")
        found[name] = value.upto()[-1] if isinstance(value, Buckets) else value
    return {name: value for name, value in found.items() if value and name != "gateways"}


async def test_commits_are_counted_for_authors_and_readers(town: Town, access: FakeAccess) -> None:
    """OBS-2: an edit once, at the gateway of its author, and once more for everybody who is sent it."""
    here, elsewhere = new_hub(town, access), new_hub(town, access)
    ada, bob, eve = Guest(here, "ada"), Guest(here, "bob"), Guest(elsewhere, "eve")
    for guest in (ada, bob, eve):
        await guest.join()
    for seq in range(1, 6):
        ada.edit("x", seq)
    bob.edit("y", 1)
    await until(lambda: len(ada.versions()) == len(bob.versions()) == len(eve.versions()) == 6)
    tally, other = counts(here._fanout._tally), counts(elsewhere._fanout._tally)
    assert tally["edits socket"] == 6
    assert tally["events_sent change"] == 6  # ada hears of bob's edit, bob of ada's five
    assert "edits socket" not in other
    assert other["events_sent change"] == 6
    assert tally["events_sent signal"] >= 1
    for hub in (here, elsewhere):
        hub.close()


async def test_one_edit_of_a_session_is_timed_at_a_time(tmp_path: Path) -> None:
    """OBS-7: from the handler to the acknowledgement; those that are refused are not timed."""
    desk = Desk(Town(tmp_path))
    connection, wire = connected("ada")
    await desk.handlers.handle(connection, join())
    await until(lambda: bool(wire.of("room_joined")))
    for seq in range(1, 11):
        assert desk.handlers.handle_now(connection, edit(seq=seq))
    await until(lambda: sum(len(data["acks"]) for data in wire.of("ack")) == 10)
    timed = desk.hubs.tally.edit_seconds
    assert timed.upto()[-1] == 1
    assert 0 < timed.seconds < 10

    def answered(seqs: int) -> bool:
        return sum(len(data["acks"]) for data in wire.of("ack")) == seqs

    desk.handlers.handle_now(connection, edit(seq=12))  # 11 is missing
    await until(lambda: bool(wire.of("error")))
    assert connection.sessions["room"].timed_seq is None
    for seq in (11, 12):
        desk.handlers.handle_now(connection, edit(seq=seq))
        await until(lambda: answered(seq))  # noqa: B023 - awaited in the same round
    assert timed.upto()[-1] == 3
    desk.handlers.handle_now(connection, edit(seq=12))  # a repeat, which is answered alone
    await until(lambda: answered(13))
    for seq in (13, 14):
        desk.handlers.handle_now(connection, edit(seq=seq))
        await until(lambda: answered(seq + 1))  # noqa: B023 - awaited in the same round
    assert timed.upto()[-1] == 4
    assert counts(desk.hubs.tally)["refusals out_of_order"] == 1
    await desk.hubs.close()
    await desk.town.close()


async def test_joins_are_first_ones_or_returns(tmp_path: Path) -> None:
    """OBS-2: by whether the client holds something of the room."""
    desk = Desk(Town(tmp_path))
    for user_id, version in (("ada", None), ("bob", None), ("ada", 0)):
        connection, wire = connected(user_id)
        await desk.handlers.handle(connection, join(version=version))
        await until(lambda: bool(wire.of("room_joined")))  # noqa: B023 - awaited in the same round
    found = counts(desk.hubs.tally)
    assert (found["joins first"], found["joins return"]) == (2, 1)
    await desk.hubs.close()
    await desk.town.close()


async def test_refusals_are_counted_by_code_whoever_refuses(town: Town, access: FakeAccess) -> None:
    """OBS-2: the gateway itself, or the room."""
    tally, guest = GatewayTally(), Guest(new_hub(town, access), "ada")
    connection = new_connection(Wire().send, Closings(), tally=tally)
    for _ in range(3):
        connection.refuse(InvalidError("No."), None)
    connection.refuse(InvalidError("No.", code="not_joined"), None)
    for told in (refusal(UnavailableError("Full.", code="backlog_full"), "room", 1), event(protocol.Pong(ref=1))):
        tally.told_by_room(guest.session, told)
    assert tally.refusals == Counter(malformed=3, not_joined=1, backlog_full=1)


async def test_sockets_are_counted_by_transport() -> None:
    """OBS-2: those that are open, and all that were."""
    connections = OpenConnections()
    json_one, _ = connected()
    msgpack_one, _ = connected(binary=True)
    connections.hold(json_one)
    connections.hold(msgpack_one)
    found = counts(connections.tally)
    assert (found["sockets json"], found["sockets msgpack"]) == (1, 1)
    connections.drop(msgpack_one)
    found = counts(connections.tally)
    assert "sockets msgpack" not in found
    assert (found["sockets json"], found["sockets_opened msgpack"]) == (1, 1)


async def test_slow_readers_are_counted() -> None:
    """OBS-2: those that are closed for it, each once."""
    tally, wire = GatewayTally(), Wire()
    connection = new_connection(wire.send, Closings(), tally=tally)
    wire.stall()
    for _ in range(MAX_WAITING):
        connection.refuse(InvalidError("No."), None)
    assert connection.closed
    assert counts(tally)["slow_readers_closed"] == 1
    wire.flow()
    await asyncio.sleep(0)
