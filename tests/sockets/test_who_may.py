"""Who may send which event: every one that there is, by everybody, against one table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rayrooms import protocol
from rayrooms.codec import codec_for

from .fakes import connected, until
from .test_handlers import Desk
from .town import Town

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from .fakes import Wire

CALLERS = ("nobody", "stranger", "viewer", "member", "admin", "owner")
OK = "ok"
TABLE = """
    ping              ok         ok              ok         ok         ok         ok
    connect           ok         ok              ok         ok         ok         ok
    join_room         bad_token  room_not_found  ok         ok         ok         ok
    code_change       bad_token  not_joined      read_only  ok         ok         ok
    cursor_update     bad_token  not_joined      ok         ok         ok         ok
    presence_update   bad_token  not_joined      ok         ok         ok         ok
    typing            bad_token  not_joined      ok         ok         ok         ok
    chat_message      bad_token  not_joined      ok         ok         ok         ok
    add_reaction      bad_token  not_joined      ok         ok         ok         ok
    edit_message      bad_token  not_joined      forbidden  forbidden  forbidden  forbidden
    delete_message    bad_token  not_joined      forbidden  forbidden  ok         ok
    get_sync          bad_token  not_joined      ok         ok         ok         ok
    leave_room        bad_token  not_joined      ok         ok         ok         ok
"""
"""The message that is edited, deleted and reacted to is somebody else's. In the order in which they are sent."""


def rows() -> dict[str, list[str]]:
    found = {}
    for line in TABLE.strip().splitlines():
        event, *codes = line.split()
        assert len(codes) == len(CALLERS)
        found[event] = codes
    return found


def kinds() -> dict[str, type[protocol.ClientEvent]]:
    """Every event of a client, by name."""
    return {kind.__struct_config__.tag: kind for kind in protocol.ClientEvent.__subclasses__()}  # type: ignore[misc]


def data(name: str, caller: str, message_id: str) -> dict[str, Any]:
    """What the event says."""
    of_message = {"room_id": "room", "message_id": message_id}
    said: dict[str, dict[str, Any]] = {
        "ping": {},
        "connect": {"token": caller},
        "join_room": {"room_id": "room"},
        "code_change": {"room_id": "room", "op": ["x"]},
        "cursor_update": {"room_id": "room", "position": 0},
        "presence_update": {"room_id": "room", "status": "away"},
        "typing": {"room_id": "room", "is_typing": True},
        "chat_message": {"room_id": "room", "content": "hi"},
        "add_reaction": of_message | {"emoji": "👍"},
        "edit_message": of_message | {"content": "changed"},
        "delete_message": of_message,
        "get_sync": {"room_id": "room"},
        "leave_room": {"room_id": "room"},
    }
    return said[name]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    town = Town(tmp_path)
    desk = Desk(town)
    yield desk
    await desk.hubs.close()
    await town.close()


def event(name: str, ref: int, values: dict[str, Any]) -> Any:
    """As it comes from the wire."""
    message = {"event": name, "ref": ref} | ({"data": values} if values else {})
    return codec_for(protocol.SUBPROTOCOL_JSON).decode_client(json.dumps(message))


async def outcome(desk: Desk, connection: Any, wire: Wire, name: str, ref: int, values: dict[str, Any]) -> str:
    """The code of its refusal, or OK once all that it caused has been told."""
    await desk.handlers.handle(connection, event(name, ref, values))
    if "room" in connection.sessions:  # the room answers in order
        await until(lambda: connection.sessions["room"].attached)
        await desk.handlers.handle(connection, event("get_sync", 1000 + ref, {"room_id": "room"}))
        await until(lambda: any(one.get("ref") == 1000 + ref for one in wire.events()))
    codes = [one["data"]["code"] for one in wire.events() if one["event"] == "error" and one.get("ref") == ref]
    assert len(codes) <= 1
    return codes[0] if codes else OK


async def test_the_table_is_whole() -> None:
    """WS-24: it names every event of a client, and no other."""
    assert set(rows()) == set(kinds())


@pytest.mark.parametrize("caller", CALLERS)
async def test_who_may_send(desk: Desk, caller: str) -> None:
    """WS-24, AUTH-4, WS-15, ROOM-16, CHAT-2, CHAT-3: what everybody is answered is what the table says."""
    desk.access.ranks |= {"nobody": None, "stranger": None, "viewer": "viewer", "admin": "admin", "owner": "owner"}
    writer, written = connected("writer")
    await desk.handlers.handle(writer, event("join_room", 1, {"room_id": "room"}))
    await until(lambda: bool(written.of("room_joined")))
    await desk.handlers.handle(writer, event("chat_message", 2, {"room_id": "room", "content": "mine"}))
    await until(lambda: bool(written.of("chat_message")))
    message_id = written.of("chat_message")[0]["message"]["id"]
    connection, wire = connected(caller)
    found = {}
    for ref, name in enumerate(rows(), 10):
        if caller == "nobody":
            connection.identity = None
        found[name] = await outcome(desk, connection, wire, name, ref, data(name, caller, message_id))
    assert found == {name: codes[CALLERS.index(caller)] for name, codes in rows().items()}
    allowed = rows()["code_change"][CALLERS.index(caller)] == OK
    assert desk.town.owner is not None
    assert desk.town.owner.core.content == ("x" if allowed else "")
