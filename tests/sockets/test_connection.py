"""A connection never waits for its reader, and a reader that stops costs bounded memory."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
import pytest

from rayrooms import protocol
from rayrooms.errors import InvalidError
from serve.sockets.connection import TRY_AGAIN_LATER
from serve.sockets.payload import Payload

from .fakes import Closings, Wire, connected, new_connection, until

if TYPE_CHECKING:
    from starlette.types import Message


def payload(number: int, padding: str = "") -> Payload:
    return Payload.of(protocol.Durable(data=protocol.DurableData(room_id=f"r{padding}", version=number)))


def versions(wire: Wire) -> list[int]:
    return [data["version"] for data in wire.of("durable")]


async def test_what_the_socket_takes_is_sent_at_once() -> None:
    """WS-20: without a task and without giving up the turn."""
    connection, wire = connected()
    before = len(asyncio.all_tasks())
    for number in range(10):
        connection.deliver(payload(number))
    assert versions(wire) == list(range(10))
    assert len(asyncio.all_tasks()) == before


async def test_a_stalled_socket_gets_everything_in_order_when_it_flows_again() -> None:
    """PR-9, WS-20."""
    connection, wire = connected()
    connection.deliver(payload(0))
    wire.stall()
    for number in range(1, 6):
        connection.deliver(payload(number))
    assert versions(wire) == [0]
    wire.flow()
    await until(lambda: len(wire.sent) == 6)
    connection.deliver(payload(6))
    await until(lambda: len(wire.sent) == 7)
    assert versions(wire) == list(range(7))


async def test_stalls_may_come_again_and_again() -> None:
    """PR-9, G10: what was sent does not count as waiting any more, whatever letters it is made of."""
    connection, wire = connected()
    sent = 0
    for _ in range(20):
        wire.stall()
        for _ in range(4):
            connection.deliver(payload(sent, "👋" * 50))
            sent += 1
        wire.flow()
        await until(lambda: len(wire.sent) == sent)  # noqa: B023 - awaited in the same round
    assert versions(wire) == list(range(sent))
    assert not connection.closed


async def test_a_reader_that_is_too_slow_is_closed() -> None:
    """PR-9, G10: nothing more is kept for it, and its end is announced without waiting for it."""
    wire, closings = Wire(), Closings()
    connection = new_connection(wire.send, closings)
    wire.stall()
    for number in range(100):
        connection.deliver(payload(number))
    assert connection.closed
    await until(lambda: closings.closed == [connection])
    assert wire.sent == []
    wire.flow()
    await until(lambda: wire.closed() == TRY_AGAIN_LATER)
    assert versions(wire) in ([], [0]), "what was already on its way"


async def test_a_closed_connection_says_no_more() -> None:
    """WS-21: and is closed once."""
    wire, closings = Wire(), Closings()
    connection = new_connection(wire.send, closings)
    connection.close(1012, "going")
    connection.close(1013, "again")
    connection.deliver(payload(1))
    connection.refuse(InvalidError("No."), None)
    await until(lambda: bool(closings.closed))
    assert wire.sent == [{"type": "websocket.close", "code": 1012, "reason": "going"}]
    assert closings.closed == [connection]


@pytest.mark.parametrize("stalled", [False, True])
async def test_a_broken_socket_breaks_nothing_else(*, stalled: bool) -> None:
    """G8, WS-21: the receiving side will report its end."""
    connection, wire = connected()
    wire.broken = True
    if stalled:
        wire.stall()
    connection.deliver(payload(1))
    connection.deliver(payload(2))
    wire.flow()
    await until(lambda: connection.closed)
    connection.deliver(payload(3))
    assert wire.sent == []


async def test_a_send_that_only_yields_is_finished() -> None:
    """WS-20: servers may give up their turn without waiting for anything."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        await asyncio.sleep(0)
        sent.append(message)

    connection = new_connection(send, Closings())
    for number in range(3):
        connection.deliver(payload(number))
    await until(lambda: len(sent) == 3)


async def test_a_refusal_is_an_error_event() -> None:
    """PR-5."""
    connection, wire = connected()
    connection.refuse(InvalidError("Not so."), 7, "room", 3)
    assert wire.events() == [
        {
            "event": "error",
            "ref": 7,
            "data": {"code": "malformed", "message": "Not so.", "room_id": "room", "seq": 3},
        }
    ]


async def test_one_payload_serves_both_kinds_of_sockets() -> None:
    """PR-1: encoded once for each kind, however many sockets there are."""
    shared = payload(5)
    (text, texts), (binary, binaries) = connected(), connected(binary=True)
    for connection in (text, text, binary, binary):
        connection.deliver(shared)
    assert texts.events() == binaries.events()
    assert texts.sent[0]["text"] is texts.sent[1]["text"]
    assert binaries.sent[0]["bytes"] is binaries.sent[1]["bytes"]
    assert shared.size == len(texts.sent[0]["text"])
    decoded = msgspec.msgpack.decode(binaries.sent[0]["bytes"], type=protocol.AnyServerEvent)
    assert decoded == protocol.Durable(data=protocol.DurableData(room_id="r", version=5))
