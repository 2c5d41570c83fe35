"""G8: bad input of any kind harms only its sender's request.

Each refusal comes with its code and the `ref` of the message; after it the same socket edits as before, and nobody else
in the room has heard of it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from .people import together

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .people import Person
    from .sockets import Socket

Pair = tuple["Socket", "Socket"]


@pytest.fixture(scope="module")
async def pair(ada: Person, bob: Person) -> AsyncIterator[Pair]:
    async with together(await ada.make_room(), ada, bob) as (first, second):
        yield first, second


@pytest.fixture(scope="module")
async def binary_pair(ada: Person, bob: Person) -> AsyncIterator[Pair]:
    async with together(await ada.make_room(), ada, bob, codec="msgpack") as (first, second):
        yield first, second


async def undisturbed(pair: Pair) -> None:
    """The sender goes on with the next seq, and the other has heard of nothing but that edit."""
    sender, other = pair
    assert await other.quiet() == []
    await sender.send("get_sync")
    version = (await sender.expect("sync_response"))["version"]
    assert await sender.edit(["."], version=version) == version + 1
    assert (await other.expect("code_change"))["changes"][0]["version"] == version + 1


def event(name: str, **data: Any) -> dict[str, Any]:
    return {"event": name, "data": data, "ref": 77}


HUGE = 2**64
MALFORMED: dict[str, dict[str, Any]] = {
    "no data": {"event": "code_change", "ref": 77},
    "data of a wrong type": {"event": "code_change", "data": [], "ref": 77},
    "no room": {"event": "join_room", "data": {}, "ref": 77},
    "room of a wrong type": event("join_room", room_id=7),
    "version of a wrong type": event("code_change", op=["x"], version="1"),
    "fractional version": event("code_change", op=["x"], version=1.5),
    "seq of a wrong type": event("code_change", op=["x"], seq="1"),
    "seq too large": event("code_change", op=["x"], seq=HUGE),
    "seq zero": event("code_change", op=["x"], seq=0),
    "seq negative": event("code_change", op=["x"], seq=-3),
    "operation of a wrong type": event("code_change", op="x"),
    "component of a wrong type": event("code_change", op=[None]),
    "component too large": event("code_change", op=[HUGE, "x"]),
    "delete of a wrong type": event("code_change", op=[{"d": []}]),
    "delete without d": event("code_change", op=[{}]),
    "no edit at all": event("code_change"),
    "insert without content": event("code_change", type="insert", position=0),
    "insert without position": event("code_change", type="insert", content="x"),
    "negative position": event("code_change", type="insert", position=-1, content="x"),
    "negative length": event("code_change", type="delete", position=0, length=-1),
    "unknown type of edit": event("code_change", type="move", position=0),
    "cursor without place": event("cursor_update"),
    "cursor outside": event("cursor_update", position=10**9),
    "cursor before the start": event("cursor_update", ranges=[[-1, 0]]),
    "cursor too large": event("cursor_update", position=HUGE),
    "range with one end": event("cursor_update", ranges=[[1]]),
    "too many ranges": event("cursor_update", ranges=[[0, 0]] * 65),
    "unknown presence": event("presence_update", status="asleep"),
    "typing of a wrong type": event("typing", is_typing="yes"),
    "empty chat": event("chat_message", content="  "),
    "chat of a wrong type": event("chat_message", content=None),
    "no emoji": event("add_reaction", message_id="m", emoji=""),
    "edit of a message without a text": event("edit_message", message_id="m"),
    "delete of a message that is no id": event("delete_message", message_id=7),
    "client id too long": event("join_room", client_id="x" * 65),
    "reserved client id": event("join_room", client_id="api.someone"),
}
MALFORMED["no emoji"]["data"]["message_id"] = "posted"

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "unknown event": (event("destroy"), "unknown_event"),
    "not joined": (event("code_change", room_id="elsewhere", op=["x"]), "not_joined"),
    "unknown room": (event("join_room", room_id="no-such-room"), "room_not_found"),
    "future version": (event("code_change", op=["x"], version=10**6), "future_version"),
    "negative version": (event("code_change", op=["x"], version=-1), "future_version"),
    "future cursor": (event("cursor_update", position=0, version=10**6), "future_version"),
    "future sync": (event("get_sync", version=10**6), "future_version"),
    "past the end": (event("code_change", op=[10**6, "x"]), "invalid_operation"),
    "position past the end": (
        event("code_change", type="insert", position=10**6, content="x"),
        "invalid_operation",
    ),
    "delete past the end": (event("code_change", type="delete", position=0, length=10**6), "invalid_operation"),
    "delete of another text": (event("code_change", op=[{"d": "no such text"}]), "invalid_operation"),
    "zero skip": (event("code_change", op=[0, "x"]), "invalid_operation"),
    "negative skip": (event("code_change", op=[-1, "x"]), "invalid_operation"),
    "empty insert": (event("code_change", op=[""]), "invalid_operation"),
    "trailing skip": (event("code_change", op=["x", 1]), "invalid_operation"),
    "NUL in an edit": (event("code_change", op=["a\0b"]), "invalid_text"),
    "NUL in an edit by position": (event("code_change", type="insert", position=0, content="\0"), "invalid_text"),
    "NUL in a chat message": (event("chat_message", content="a\0b"), "invalid_text"),
    "NUL in a reaction": (event("add_reaction", message_id="m", emoji="\0"), "message_not_found"),
    "NUL in a message id": (event("add_reaction", message_id="\0", emoji="👍"), "invalid_text"),
    "NUL in the id of an edited message": (event("edit_message", message_id="\0", content="x"), "invalid_text"),
    "NUL in the id of a deleted message": (event("delete_message", message_id="\0"), "invalid_text"),
    "NUL in a reply": (event("chat_message", content="a", reply_to="\0"), "invalid_text"),
    "NUL in a room id": (event("join_room", room_id="a\0b"), "invalid_text"),
    "NUL in a client id": (event("join_room", client_id="a\0b"), "invalid_text"),
    "another's client id": (event("code_change", op=["x"], client_id="another", seq=1), "forbidden"),
    "another's user id": (event("code_change", op=["x"], user_id="another"), "forbidden"),
    "another's cursor": (event("cursor_update", position=0, user_id="another"), "forbidden"),
    "another's chat": (event("chat_message", content="x", user_id="another"), "forbidden"),
    "another's edit of a message": (
        event("edit_message", message_id="m", content="x", user_id="another"),
        "forbidden",
    ),
    "another's delete of a message": (event("delete_message", message_id="m", user_id="another"), "forbidden"),
    "a gap of seqs": (event("code_change", op=["x"], seq=10**6), "out_of_order"),
    "reply to nothing": (event("chat_message", content="x", reply_to="nothing"), "message_not_found"),
    "reaction to nothing": (event("add_reaction", message_id="nothing", emoji="👍"), "message_not_found"),
    "edit of no message": (event("edit_message", message_id="nothing", content="x"), "message_not_found"),
    "delete of no message": (event("delete_message", message_id="nothing"), "message_not_found"),
    "chat too long": (event("chat_message", content="x" * 8001), "message_too_large"),
}
REFUSED |= {name: (message, "malformed") for name, message in MALFORMED.items()}


def addressed(message: dict[str, Any], socket: Socket) -> dict[str, Any]:
    """The message, for the socket's room unless it says otherwise."""
    if isinstance(message.get("data"), dict) and message["data"]:
        return {**message, "data": {"room_id": socket.room_id, **message["data"]}}
    return message


@pytest.mark.parametrize("name", REFUSED)
async def test_refused(pair: Pair, name: str) -> None:
    """G8, PR-5, PR-7, PR-8: refused with its code and ref, undone for nobody."""
    sender, _ = pair
    message, code = REFUSED[name]
    if name == "no emoji":
        await sender.send("chat_message", content="x")
        posted = await sender.expect("chat_message")
        await pair[1].expect("chat_message")
        message = event("add_reaction", message_id=posted["message"]["id"], emoji="")
    await sender.send_frame(json.dumps(addressed(message, sender)))
    assert (await sender.error(code))["ref"] == 77
    if message["event"] == "join_room" and name in {"client id too long", "reserved client id", "NUL in a client id"}:
        await _back_in(pair)
    await undisturbed(pair)


async def _back_in(pair: Pair) -> None:
    """A join that is refused late may have ended the session that it was to replace."""
    sender, other = pair
    session_id = (await sender.join(sender.room_id))["session_id"]
    await other.expect("user_joined", user=lambda who: who["session_id"] == session_id)


@pytest.mark.parametrize(
    "name",
    [
        "unknown event",
        "seq too large",
        "component too large",
        "past the end",
        "NUL in an edit",
        "not joined",
        "no data",
    ],
)
async def test_refused_in_msgpack(binary_pair: Pair, name: str) -> None:
    """G8, PR-1: as in JSON."""
    sender, _ = binary_pair
    message, code = REFUSED[name]
    if name == "component too large":
        message = event("code_change", op=[2**63, "x"])  # as large as msgpack goes
    if name == "seq too large":
        message = event("code_change", op=["x"], seq=2**64 - 1)
    await sender.send_frame(msgspec.msgpack.encode(addressed(message, sender)))
    assert (await sender.error(code))["ref"] == 77
    await undisturbed(binary_pair)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("", "malformed"),
        ("nonsense", "malformed"),
        ("{", "malformed"),
        ("null", "malformed"),
        ("[1, 2]", "malformed"),
        ('{"data": {}}', "malformed"),
        ('{"event": 7}', "malformed"),
        ("[" * 100_000, "malformed"),
        ('{"event": "ping", "more": ' + "[" * 100_000, "malformed"),
        ('{"event": "chat_message", "data": {"room_id": "r", "content": "\\ud800"}}', "invalid_text"),
        ('{"event": "code_change", "data": {"room_id": "r", "op": ["a\\udfff"]}}', "invalid_text"),
        (b"", "malformed"),
        (b"\xc1\xff\x00", "malformed"),
        (msgspec.msgpack.encode(["ping"]), "malformed"),
    ],
)
async def test_unreadable_frames(pair: Pair, frame: str | bytes, code: str) -> None:
    """G8, PR-7: what is no message at all; lone surrogates cannot even be decoded."""
    await pair[0].send_frame(frame)
    await pair[0].error(code)
    await undisturbed(pair)


@pytest.mark.parametrize("letter", ["x", "👋"])
async def test_oversize_message(pair: Pair, letter: str) -> None:
    """PR-6: over 256 KiB in bytes, whatever the letters; refused unread."""
    text = letter * (256 * 1024 // len(letter.encode()) + 1)
    await pair[0].send_frame(json.dumps(event("chat_message", room_id="r", content=text), ensure_ascii=False))
    await pair[0].error("message_too_large")
    await undisturbed(pair)


async def test_repeated_seq_is_answered_with_its_first_version(pair: Pair) -> None:
    """G2, ROOM-3: sent again as it was or with another content, it is committed once."""
    sender, other = pair
    await sender.send("get_sync")
    before = await sender.expect("sync_response")
    seq = (await sender.join(sender.room_id, client_id="repeater"))["last_seq"] + 1
    await other.expect("user_joined")
    version = await sender.edit(["x"], seq=seq, client_id="repeater")
    for op in (["x"], ["something else"]):
        await sender.send("code_change", ref=6, op=op, seq=seq, client_id="repeater")
        again = await sender.expect_message("ack")
        assert (again["ref"], again["data"]["acks"]) == (6, [{"version": version, "seq": seq}])
    await sender.send("get_sync")
    assert (await sender.expect("sync_response"))["content"] == "x" + before["content"]
    assert (await other.quiet()) == ["code_change"]
    await undisturbed(pair)


async def test_a_gap_of_seqs_is_refused_with_its_seq(pair: Pair) -> None:
    """ROOM-4, G6: a lost edit is never overtaken."""
    sender, _ = pair
    await sender.send("code_change", op=["x"], seq=10**6, ref=3)
    message = await sender.error("out_of_order", seq=10**6)
    assert message["ref"] == 3
    await undisturbed(pair)
