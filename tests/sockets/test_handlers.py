"""What the handlers refuse by themselves, before any room hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from persistence.tables import MAX_ID, Room
from rayrooms import protocol
from serve.sockets.handlers import Handlers
from serve.sockets.hubs import RoomHubs

from .fakes import NO_VACANCIES, FakeAccess, FakeOnline, FakeTokens, allowances, connected, until
from .town import Town

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from rayrooms.protocol import AnyClientEvent


class Desk:
    """The handlers of a gateway whose only room is "room"."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.online = FakeOnline()
        self.access = FakeAccess(Room(id="room", name="r", owner_id="ada", private=True))
        parts: list[Any] = [self.access, FakeTokens(), self.online, town]
        access, tokens, online, locator = parts
        self.hubs = RoomHubs(locator, access, NO_VACANCIES)
        self.allowances = allowances()
        self.handlers = Handlers(self.hubs, access, tokens, online, self.allowances)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    town = Town(tmp_path)
    desk = Desk(town)
    yield desk
    await desk.hubs.close()
    await town.close()


def join(**data: Any) -> protocol.JoinRoom:
    return protocol.JoinRoom(ref=1, data=protocol.JoinRoomData(**({"room_id": "room"} | data)))


def edit(**data: Any) -> protocol.CodeChange:
    return protocol.CodeChange(ref=2, data=protocol.CodeChangeData(**({"room_id": "room", "op": ["x"]} | data)))


async def test_edits_while_the_room_moves(desk: Desk) -> None:
    """PR-10, ROOM-20: one without a seq is refused, so that its author knows; one with a seq will be sent again."""
    connection, wire = connected("ada")
    await desk.handlers.handle(connection, join())
    await until(lambda: bool(wire.of("room_joined")))
    desk.town.slow.clear()
    await desk.town.bury()
    await until(lambda: not connection.sessions["room"].attached)
    for event in (edit(seq=1), edit()):
        await desk.handlers.handle(connection, event)
    assert [data["code"] for data in wire.of("error")] == ["room_unavailable"]
    desk.town.slow.set()
    await until(lambda: len(wire.of("room_joined")) == 2)
    await desk.handlers.handle(connection, edit(seq=1))
    await until(lambda: bool(wire.of("ack")))


def edit_message(message_id: str, content: str, user_id: str | None = None) -> protocol.EditMessage:
    data = protocol.EditMessageData(room_id="room", message_id=message_id, content=content, user_id=user_id)
    return protocol.EditMessage(ref=3, data=data)


def delete_message(message_id: str, user_id: str | None = None) -> protocol.DeleteMessage:
    data = protocol.DeleteMessageData(room_id="room", message_id=message_id, user_id=user_id)
    return protocol.DeleteMessage(ref=4, data=data)


async def test_messages_are_edited_and_deleted(desk: Desk) -> None:
    """WS-22, CHAT-2, CHAT-3: viewers too change what they wrote; all see it, who asked with the `ref`."""
    desk.access.ranks["ada"] = "viewer"
    (connection, wire), (other, seen) = connected("ada"), connected("bob")
    for one in (connection, other):
        await desk.handlers.handle(one, join())
    await until(lambda: bool(wire.of("room_joined") and seen.of("room_joined")))
    say = protocol.SendChat(ref=2, data=protocol.ChatData(room_id="room", content="hi"))
    await desk.handlers.handle(connection, say)
    await until(lambda: bool(seen.of("chat_message")))
    message_id = seen.of("chat_message")[0]["message"]["id"]
    await desk.handlers.handle(connection, edit_message(message_id, "hello"))
    await desk.handlers.handle(connection, delete_message(message_id))
    await until(lambda: len(wire.of("message_changed")) == len(seen.of("message_changed")) == 2)
    edited, deleted = (data["message"] for data in seen.of("message_changed"))
    assert (edited["content"], edited["edited"], edited.get("deleted", False)) == ("hello", True, False)
    assert (deleted["content"], deleted["deleted"], deleted["user_id"]) == ("", True, "ada")
    assert [event["ref"] for event in wire.events() if event["event"] == "message_changed"] == [3, 4]
    assert not [event for event in seen.events() if event["event"] == "message_changed" and "ref" in event]


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (edit_message("m", "x", "bob"), "forbidden"),
        (delete_message("m", "bob"), "forbidden"),
        (edit_message("x" * (MAX_ID + 1), "x"), "malformed"),
        (delete_message("x" * (MAX_ID + 1)), "malformed"),
        (edit_message("\0", "x"), "invalid_text"),
        (delete_message("\0"), "invalid_text"),
    ],
)
async def test_changes_of_messages_that_no_room_hears_of(desk: Desk, event: AnyClientEvent, code: str) -> None:
    """G8, PR-5, PR-7, PR-8: in another's name, or with an id that no message can have."""
    connection, wire = connected("ada")
    await desk.handlers.handle(connection, join())
    await until(lambda: bool(wire.of("room_joined")))
    await desk.handlers.handle(connection, event)
    (error,) = [message for message in wire.events() if message["event"] == "error"]
    assert (error["ref"], error["data"]["room_id"], error["data"]["code"]) == (event.ref, "room", code)


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (join(), "bad_token"),
        (edit(), "bad_token"),
        (protocol.GetSync(data=protocol.GetSyncData(room_id="room")), "bad_token"),
    ],
)
async def test_nobody_in_particular_may_do_nothing(desk: Desk, event: AnyClientEvent, code: str) -> None:
    """PR-2."""
    connection, wire = connected("ada")
    connection.identity = None
    await desk.handlers.handle(connection, event)
    assert [(data["code"]) for data in wire.of("error")] == [code]


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (join(client_id="x" * (MAX_ID + 1)), "malformed"),
        (join(room_id="x" * (MAX_ID + 1)), "malformed"),
        (join(client_id="\0"), "invalid_text"),
        (edit(), "not_joined"),
        (edit(user_id="bob"), "forbidden"),
    ],
)
async def test_refusals_carry_ref_and_room(desk: Desk, event: AnyClientEvent, code: str) -> None:
    """PR-5, PR-7, PR-8."""
    connection, wire = connected("ada")
    await desk.handlers.handle(connection, event)
    (message,) = wire.events()
    assert (message["event"], message["ref"], message["data"]["code"]) == ("error", event.ref, code)
    assert desk.town.epoch == 0, "no room was woken"


async def test_coming_and_going_is_counted_once(desk: Desk) -> None:
    """WS-18: a fresh token changes nothing, and a socket's end may be reported twice."""
    connection, wire = connected("ada")
    connection.identity = None
    for _ in range(2):
        await desk.handlers.connect(connection, "ada", None)
    await desk.handlers.handle(connection, join())
    await until(lambda: bool(wire.of("room_joined")))
    for _ in range(2):
        desk.handlers.disconnect(connection)
    assert desk.online.log == [("came", "ada"), ("went", "ada")]
    assert connection.sessions == {}
    assert desk.town.owner is not None
    owner = desk.town.owner
    await until(lambda: len(owner.core.sessions) == 0)


@pytest.mark.parametrize("binary", [False, True])
async def test_guests_are_told_from_the_others(desk: Desk, *, binary: bool) -> None:
    """WS-23: by everybody, at once and when joining later, also after the room went to another owner."""
    ada, ada_hears = connected("ada", binary=binary)
    guest, guest_hears = connected("guest", binary=binary)
    await desk.handlers.handle(ada, join())
    await until(lambda: bool(ada_hears.of("room_joined")))
    await desk.handlers.handle(guest, join())
    await until(lambda: bool(guest_hears.of("room_joined")))
    (joined,) = ada_hears.of("user_joined")
    assert (joined["user"]["user_id"], "verified" in joined["user"]) == ("guest", False)
    await desk.town.bury()
    await until(lambda: len(guest_hears.of("room_joined")) == 2)
    await until(lambda: len(guest_hears.of("room_joined")[-1]["users"] + guest_hears.of("user_joined")) == 2)
    for people in (
        guest_hears.of("room_joined")[0]["users"],
        guest_hears.of("room_joined")[1]["users"] + [one["user"] for one in guest_hears.of("user_joined")],
    ):
        assert {one["user_id"]: one.get("verified", False) for one in people} == {"ada": True, "guest": False}


async def test_who_is_kept_out_wakes_nothing(desk: Desk) -> None:
    """WS-15, G10."""
    desk.access.ranks["eve"] = None
    connection, wire = connected("eve")
    await desk.handlers.handle(connection, join())
    assert [data["code"] for data in wire.of("error")] == ["room_not_found"]
    assert desk.town.epoch == 0
