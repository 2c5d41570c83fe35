"""Packets as text, and the events inside: what python-socketio makes of ours, and we of what it makes."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from socketio import packet as reference

from rayrooms import protocol
from rayrooms.errors import InvalidError
from serve.socketio import packets
from serve.socketio.events import client_event, emission_of
from serve.socketio.packets import Packet, PacketType, parse

texts = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("0", Packet(PacketType.CONNECT, "/", None, "")),
        ('0{"token":"t"}', Packet(PacketType.CONNECT, "/", None, '{"token":"t"}')),
        ("0/admin,", Packet(PacketType.CONNECT, "/admin", None, "")),
        ("0/admin", Packet(PacketType.CONNECT, "/admin", None, "")),
        ('0/admin?a=b,{"x":1}', Packet(PacketType.CONNECT, "/admin?a=b", None, '{"x":1}')),
        ("1", Packet(PacketType.DISCONNECT, "/", None, "")),
        ('2["a"]', Packet(PacketType.EVENT, "/", None, '["a"]')),
        ('20["a\n,/b"]', Packet(PacketType.EVENT, "/", 0, '["a\n,/b"]')),
        ('2/admin,12["a"]', Packet(PacketType.EVENT, "/admin", 12, '["a"]')),
        ('31["a"]', Packet(PacketType.ACK, "/", 1, '["a"]')),
        ('51-["a"]', Packet(PacketType.BINARY_EVENT, "/", None, '["a"]')),
        ('52-/admin,7["a"]', Packet(PacketType.BINARY_EVENT, "/admin", 7, '["a"]')),
    ],
)
def test_packets_are_read(text: str, read: Packet) -> None:
    """SIO-1."""
    assert parse(text) == read


@pytest.mark.parametrize("text", ["", "7", "a", "-1", "[]", " 2", "٢[]"])
def test_what_is_no_packet(text: str) -> None:
    """SIO-6, G8."""
    with pytest.raises(InvalidError) as refusal:
        parse(text)
    assert refusal.value.code == "malformed"


@given(texts)
def test_anything_is_read_or_refused(text: str) -> None:
    """SIO-6, G8: never anything worse than a refusal."""
    try:
        packet = parse(text)
        client_event(packet.body, 1)
    except InvalidError:
        pass


@given(st.none() | st.integers(0, 10**14), texts, st.booleans())
def test_events_are_read_as_the_reference_writes_them(number: int | None, content: str, is_reply: bool) -> None:  # noqa: FBT001 - drawn
    """SIO-1, SIO-2."""
    data = {"room_id": "r", "content": content} | ({"reply_to": content} if is_reply else {})
    encoded = reference.Packet(reference.EVENT, ["chat_message", data], "/", number).encode()
    assert isinstance(encoded, str)
    packet = parse(encoded)
    assert (packet.kind, packet.namespace, packet.ack) == (PacketType.EVENT, "/", number)
    chat = protocol.ChatData(room_id="r", content=content, reply_to=content if is_reply else None)
    assert client_event(packet.body, 7) == protocol.SendChat(data=chat, ref=7)


@given(texts)
def test_events_are_written_as_the_reference_reads_them(content: str) -> None:
    """SIO-1, SIO-2."""
    message = protocol.ChatMessage(id="m", user_id="u", name=content, content=content, created_at=datetime.now(UTC))
    data = protocol.ChatMessageData(room_id="r", message=message)
    emission = emission_of(msgspec.json.encode(protocol.ChatPosted(data=data, ref=3)))
    assert (emission.event, emission.ref, emission.room_id) == ("chat_message", 3, "r")
    (frame,) = emission.frames
    assert frame.size == len(frame.message["text"].encode())
    read = _as_reference(frame.message["text"])
    assert read.data == ["chat_message", msgspec.to_builtins(data)]


def _as_reference(text: str) -> reference.Packet:
    assert text[0] == "4"
    return reference.Packet(encoded_packet=text[1:])


def test_other_packets_are_what_the_reference_reads() -> None:
    """SIO-1, SIO-3."""
    opening = packets.opening("s", ping_interval=25, ping_timeout=20.5, max_payload=9)
    assert json.loads(opening[1:]) == {
        "sid": "s",
        "upgrades": [],
        "pingInterval": 25000,
        "pingTimeout": 20500,
        "maxPayload": 9,
    }
    assert _as_reference(packets.connected("s")).data == {"sid": "s"}
    refusal = packets.Refusal("No.", {"code": "bad_token", "message": "No."})
    error = _as_reference(packets.connect_error(refusal, "/admin"))
    assert (error.packet_type, error.namespace) == (reference.CONNECT_ERROR, "/admin")
    assert error.data == {"message": "No.", "data": {"code": "bad_token", "message": "No."}}
    answer = _as_reference(packets.acknowledgement(12, '{"a":"👋"}'.encode()))
    assert (answer.packet_type, answer.id, answer.data) == (reference.ACK, 12, [{"a": "👋"}])


def test_commits_come_one_by_one() -> None:
    """SIO-2, WS-2: each change with its room; own ones are told apart by having no operation."""
    changes = [
        protocol.Change(version=1, client_id="ada", seq=1),
        protocol.Change(version=2, client_id="bob", seq=4, op=[3, "x👋"], user_id="b"),
    ]
    json_text = msgspec.json.encode(protocol.Changes(data=protocol.ChangesData(room_id='r"', changes=changes)))
    emission = emission_of(json_text)
    assert [_as_reference(frame.message["text"]).data for frame in emission.frames] == [
        ["code_change", {"room_id": 'r"', "version": 1, "client_id": "ada", "seq": 1}],
        [
            "code_change",
            {"room_id": 'r"', "version": 2, "client_id": "bob", "seq": 4, "op": [3, "x👋"], "user_id": "b"},
        ],
    ]
    assert [own.seq for own in emission.own] == [1]


def test_acknowledgements_of_edits_come_one_by_one() -> None:
    """SIO-2, WS-2."""
    acks = [protocol.Ack(version=5, seq=2), protocol.Ack(version=6, seq=3)]
    data = protocol.AckData(room_id="r", client_id="ada", acks=acks)
    emission = emission_of(msgspec.json.encode(protocol.Acked(data=data)))
    assert [_as_reference(frame.message["text"]).data[1] for frame in emission.frames] == [
        {"room_id": "r", "client_id": "ada", "version": 5, "seq": 2},
        {"room_id": "r", "client_id": "ada", "version": 6, "seq": 3},
    ]
    assert [own.seq for own in emission.own] == [2, 3]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "malformed"),
        ("{}", "malformed"),
        ("[]", "malformed"),
        ("[", "malformed"),
        ("[7,{}]", "malformed"),
        ('["get_sync"]', "malformed"),
        ('["get_sync",{"room_id":"r"},{}]', "malformed"),
        ('["get_sync",{"room_id":"r"}],"ref":9', "malformed"),
        ('["get_sync",[]]', "malformed"),
        ('["get_sync",null]', "malformed"),
        ('["nonsense",{}]', "unknown_event"),
        ('["chat_message",{"room_id":"r","content":"\\ud800"}]', "invalid_text"),
        ('["get_sync",' + "[" * 100_000, "malformed"),
        ('["get_sync",{"room_id":"r","x":' + "[" * 100_000 + "]" * 100_000 + "}]", "malformed"),
    ],
)
def test_what_is_no_event(body: str, code: str) -> None:
    """SIO-6, PR-7, G8."""
    with pytest.raises(InvalidError) as refusal:
        client_event(body, 1)
    assert refusal.value.code == code
