"""RoomClient over real sockets, against a small server around the real room core."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from actors.core.state import RoomLimits
from rayrooms import text
from rayrooms.client.events import (
    ChatChanged,
    CursorMoved,
    EditRefused,
    Event,
    PresenceChanged,
    RequestRefused,
    StatusChanged,
    TextChanged,
)
from rayrooms.client.room import RoomClient
from rayrooms.errors import (
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnauthenticatedError,
    UnavailableError,
)
from rayrooms.protocol import Range
from tests.client.conftest import QUICK
from tests.client.server import ROOM, RoomServer

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager


def enter(server: RoomServer, name: str = "ada", **options: object) -> AbstractAsyncContextManager[RoomClient]:
    return RoomClient.open(server.url, ROOM, **{"token": f"token-{name}", "timing": QUICK, **options})  # type: ignore[arg-type]  # the tests' own options


@pytest.mark.parametrize("binary", [True, False])
async def test_two_clients_write_together(server: RoomServer, *, binary: bool) -> None:
    """CL-20, G1: over JSON and over msgpack, two writers end with one text, and all of it becomes durable."""
    async with enter(server, "ada", binary=binary) as ada, enter(server, "bob", binary=binary) as bob:
        for number in range(50):
            ada.insert(len(ada.text), f"a{number} é😀 ")
            bob.insert(0, f"b{number} ")
            if number % 7 == 0:
                await asyncio.sleep(0)
        ada.replace(0, 1, "日本")
        await ada.wait_durable(5)
        await bob.wait_durable(5)
        await ada.sync(5)
        await bob.wait_text(ada.text, 5)
        assert server.host.core.content == ada.text
        assert ada.saved == bob.saved == "saved"
        assert server.subprotocols == (["rayrooms.msgpack"] * 2 if binary else ["rayrooms.json"] * 2)


async def test_edits_offline_are_sent_later(server: RoomServer) -> None:
    """CL-21, G2, G4: what is typed without a connection is queued, sent after reconnecting, and committed once."""
    async with enter(server) as ada, enter(server, "bob") as bob:
        ada.insert(0, "before ")
        await server.cut()
        await ada.wait_for(lambda: ada.status == "offline", 5)
        ada.insert(len(ada.text), "during ")
        ada.insert(len(ada.text), "it")
        assert ada.saved.startswith("offline (")
        await ada.wait_durable(5)
        await bob.wait_text("before during it", 5)
        assert server.host.core.content == "before during it"


async def test_reconnects_with_a_fresh_token(server: RoomServer) -> None:
    """CL-22: each connection asks the provider anew, and one refused token is not the end."""
    count = 0

    async def provide() -> str:
        nonlocal count
        count += 1
        return f"token-ada/{count}"

    server.bad_tokens.add("token-ada/2")
    async with enter(server, token=None, token_provider=provide) as ada:
        await server.cut()
        await ada.wait_for(lambda: ada.status == "offline", 5)
        await ada.wait_for(lambda: ada.status == "online", 5)
    assert server.tokens == ["token-ada/1", "token-ada/2", "token-ada/3"]


@pytest.mark.parametrize("limit", ["dead_after", "unacked_after"])
async def test_a_silent_server_is_given_up(server: RoomServer, limit: str) -> None:
    """CL-23: when nothing comes, or edits are not acknowledged, the client connects anew and sends them again."""
    timing = replace(QUICK, **{limit: 0.1})
    async with enter(server, timing=timing) as ada:
        server.is_silent = True
        ada.insert(0, "x")
        await ada.wait_for(lambda: ada.status == "offline", 5)
        server.is_silent = False
        await ada.wait_durable(5)
        assert server.host.core.content == "x"
        assert len(server.tokens) >= 2


async def test_pings_keep_a_quiet_connection(server: RoomServer) -> None:
    """CL-24: a quiet client pings, and the answers keep it from giving up."""
    async with enter(server, timing=replace(QUICK, ping_every=0.02, dead_after=0.3)) as ada:
        statuses: list[StatusChanged] = []
        ada.on_status(statuses.append)
        await ada.wait_for(lambda: server.host.counters["pings"] >= 30, 5)
        assert not statuses


async def test_going_away_reconnects(server: RoomServer) -> None:
    """CL-25: told that the server goes, the client comes back by itself."""
    async with enter(server) as ada:
        entries = ada._state.entries
        await server.say_going_away()
        await ada.wait_for(lambda: ada._state.entries > entries, 5)
        assert ada.status == "online"


async def test_room_that_moves(server: RoomServer) -> None:
    """CL-26, G4: when the room restarts and even loses what was not durable, its clients put that back."""
    server.persists = False
    async with enter(server) as ada, enter(server, "bob") as bob:
        ada.insert(0, "one ")
        await ada.wait_acked(5)
        bob.insert(0, "two ")
        await bob.wait_acked(5)
        server.host.stop(hold=False)
        server.host.start(lose_tail=True, reattach=True)
        server.persists = True
        await server.pump()
        await ada.wait_durable(5)
        await bob.wait_durable(5)
        assert sorted(server.host.core.content.split()) == ["one", "two"]
        await ada.wait_text(server.host.core.content, 5)
        await bob.wait_text(server.host.core.content, 5)


async def test_refused_edit_is_taken_back_and_told() -> None:
    """CL-27: an edit that the room will never take disappears from the text again, and the application is told."""
    server = RoomServer(RoomLimits(max_document=10))
    await server.start()
    try:
        async with enter(server) as ada:
            refused: list[EditRefused | RequestRefused] = []
            ada.on_refused(refused.append)
            ada.insert(0, "1234567")
            ada.insert(7, "too long")
            ada.insert(0, "ok")
            await ada.wait_for(lambda: bool(refused), 5)
            await ada.wait_durable(5)
            assert ada.text == server.host.core.content == "ok1234567"
            assert [event.error.code for event in refused] == ["document_too_large"]
            assert isinstance(refused[0], EditRefused)
            assert "too long" in refused[0].op
    finally:
        await server.stop()


async def test_refusals_to_enter_are_raised(server: RoomServer) -> None:
    """CL-28: a token that does not hold and a room that does not exist raise from `open`."""
    with pytest.raises(UnauthenticatedError):
        async with enter(server, token="nonsense"):
            pass
    server.host.missing = True
    with pytest.raises(NotFoundError) as caught:
        async with enter(server):
            pass
    assert caught.value.code == "room_not_found"


async def test_unreachable_server_is_raised(server: RoomServer) -> None:
    """CL-28: what kept the client out is said when it gives up."""
    url = server.url
    await server.stop()
    with pytest.raises(UnavailableError, match="cannot be reached"):
        async with RoomClient.open(url, ROOM, token="token-ada", timing=QUICK, open_timeout=1.0):
            pass
    await server.start()


async def test_losing_the_room_closes_the_client(server: RoomServer) -> None:
    """CL-29: a room that is gone on rejoining closes the client; whoever waits or edits learns why."""
    async with enter(server, wait_on_close=False) as ada:
        server.host.missing = True
        server.is_silent = True
        ada.insert(0, "x")
        waiting = asyncio.create_task(ada.wait_durable(5))
        await server.cut()
        server.is_silent = False
        with pytest.raises(NotFoundError):
            await waiting
        assert ada.status == "closed"
        with pytest.raises(NotFoundError):
            ada.insert(0, "y")


async def test_close_waits_until_durable(server: RoomServer) -> None:
    """CL-30: leaving waits for what is unsaved, and says so when it cannot."""
    async with enter(server) as ada:
        ada.insert(0, "kept")
    assert server.host.database.durable == server.host.core.version == 1
    server.persists = False
    with pytest.raises(UnavailableError, match="not saved"):
        async with enter(server, timing=replace(QUICK, close_timeout=0.05)) as ada:
            ada.insert(0, "lost?")


async def test_an_error_in_the_block_is_not_hidden(server: RoomServer) -> None:
    """CL-30: what went wrong in the block is raised, whatever leaving the room says."""
    server.persists = False

    async def fail() -> None:
        async with enter(server, timing=replace(QUICK, close_timeout=0.05)) as ada:
            ada.insert(0, "x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()


async def test_cursors_presence_and_chat(server: RoomServer) -> None:
    """CL-31: cursors, typing, presence, chat and reactions reach the others; cursors follow edits on both sides."""
    async with enter(server, "ada") as ada, enter(server, "bob") as bob:
        seen: list[Event] = []
        bob.on_cursor(seen.append)
        bob.on_presence(seen.append)
        bob.on_chat(seen.append)
        ada.insert(0, "hello world")
        ada.set_cursor([Range(6, 11)])
        await bob.wait_for(lambda: ada.session_id in bob.cursors, 5)
        bob.insert(0, "> ")
        assert bob.cursors == {ada.session_id: [Range(8, 13)]}
        await ada.wait_text("> hello world", 5)
        ada.set_typing(is_typing=True)
        ada.set_presence("away")
        await bob.wait_for(lambda: any(one.typing and one.status == "away" for one in bob.users), 5)
        ada.send_chat("hi")
        await bob.wait_for(lambda: bool(bob.messages), 5)
        bob.react(bob.messages[0].id, "👍")
        await ada.wait_for(lambda: bool(ada.messages and ada.messages[0].reactions), 5)
        assert ada.messages[0].reactions == {"👍": ["bob"]}
        assert {type(event) for event in seen} == {CursorMoved, PresenceChanged, ChatChanged}


async def test_messages_are_edited_and_deleted(server: RoomServer) -> None:
    """CL-42: both sides see how the message now stands; what the room refuses is told to who asked."""
    async with enter(server, "ada") as ada, enter(server, "bob") as bob:
        refused: list[EditRefused | RequestRefused] = []
        bob.on_refused(refused.append)
        ada.send_chat("hi")
        await bob.wait_for(lambda: bool(bob.messages), 5)
        message_id = bob.messages[0].id
        bob.edit_message(message_id, "not mine")
        bob.delete_message(message_id)
        await bob.wait_for(lambda: len(refused) == 2, 5)
        assert {one.error.code for one in refused} == {"forbidden"}
        ada.edit_message(message_id, "hello")
        await bob.wait_for(lambda: bob.messages[0].edited, 5)
        assert bob.messages[0].content == "hello"
        ada.delete_message(message_id)
        await bob.wait_for(lambda: bob.messages[0].deleted, 5)
        await ada.wait_for(lambda: ada.messages == bob.messages, 5)
        assert [(one.id, one.content) for one in ada.messages] == [(message_id, "")]


async def test_chat_is_not_queued(server: RoomServer) -> None:
    """CL-32: without a connection, chat is refused at once."""
    async with enter(server) as ada:
        await server.cut()
        await ada.wait_for(lambda: ada.status == "offline", 5)
        with pytest.raises(UnavailableError):
            ada.send_chat("hello?")


async def test_refused_requests_are_told(server: RoomServer) -> None:
    """CL-32: a chat message that the room refuses is told, and nothing else is disturbed."""
    async with enter(server) as ada:
        refused: list[EditRefused | RequestRefused] = []
        ada.on_refused(refused.append)
        ada.send_chat("   ")
        await ada.wait_for(lambda: bool(refused), 5)
        assert isinstance(refused[0], RequestRefused)
        assert ada.status == "online"


async def test_bad_calls_are_refused_at_once(server: RoomServer) -> None:
    """CL-33, G8: what cannot be applied changes nothing and reaches nobody."""
    async with enter(server) as ada:
        ada.insert(0, "abc")
        with pytest.raises(InvalidError):
            ada.delete(2, 5)
        with pytest.raises(InvalidError):
            ada.insert(0, "\0")
        with pytest.raises(InvalidError):
            ada.set_cursor([Range(0, 99)])
        await ada.wait_acked(5)
        assert ada.text == server.host.core.content == "abc"
        assert server.host.core.version == 1


async def test_viewers_cannot_edit(server: RoomServer) -> None:
    """CL-14: a viewer's edit is refused before it is made."""
    server.user("eve").role = "viewer"
    async with enter(server, "eve") as eve:
        with pytest.raises(ForbiddenError):
            eve.insert(0, "x")
        assert eve.text == ""


async def test_events_arrive_in_order(server: RoomServer) -> None:
    """CL-34: the changes lead to the text one after the other, also when a callback edits or fails."""
    async with enter(server, "ada") as ada, enter(server, "bob") as bob:
        shadow = ""

        def follow(event: TextChanged) -> None:
            nonlocal shadow
            shadow = text.apply(shadow, event.op)

        def answer(event: TextChanged) -> None:
            if not event.own:
                bob.insert(0, "!")
            raise ZeroDivisionError

        bob.on_change(answer)
        bob.on_change(follow)
        for _ in range(5):
            ada.insert(0, "x")
        await bob.wait_for(lambda: bob.text.count("x") == 5, 5)
        await bob.wait_acked(5)
        assert shadow == bob.text
        assert bob.text.count("!") >= 1


async def test_stream_of_events(server: RoomServer) -> None:
    """CL-34: events can be iterated over, until the client is closed."""
    kinds: list[type] = []

    async def read(room: RoomClient) -> None:
        kinds.extend([type(event) async for event in room.events()])

    async with enter(server) as ada:
        reader = asyncio.create_task(read(ada))
        await asyncio.sleep(0)
        ada.insert(0, "x")
        await ada.wait_durable(5)
    await asyncio.wait_for(reader, 5)
    assert kinds == [TextChanged, StatusChanged]


async def test_sync_is_a_barrier(server: RoomServer) -> None:
    """CL-35: after `sync`, whatever was committed before it is in the text, also across a lost connection."""
    async with enter(server, "ada") as ada, enter(server, "bob") as bob:
        ada.insert(0, "x")
        await ada.wait_acked(5)
        assert await bob.sync(5) == 1
        assert bob.text == "x"
        server.is_silent = True
        asking = asyncio.create_task(bob.sync(5))
        await asyncio.sleep(0)
        await server.cut()
        server.is_silent = False
        assert await asking == 1


async def test_guest_history_and_snapshot(server: RoomServer) -> None:
    """CL-36: a name is enough to enter as a guest; history and snapshot come over REST, page by page."""
    async with RoomClient.open(server.url, ROOM, name="Ada", timing=QUICK) as ada:
        for letter in "abcde":
            ada.insert(0, letter)
        await ada.wait_durable(5)
        assert [one.version for one in await ada.history(1)] == [2, 3, 4, 5]
        assert [one.op for one in await ada.history(0, 1)] == [["a"]]
        snapshot = await ada.snapshot()
        assert (snapshot.content, snapshot.version, snapshot.size_bytes) == ("edcba", 5, 5)


async def test_one_identity_is_needed(server: RoomServer) -> None:
    """CL-36: who one is must be said exactly once."""
    with pytest.raises(InvalidError):
        async with RoomClient.open(server.url, ROOM):
            pass
    with pytest.raises(InvalidError):
        async with RoomClient.open(server.url, ROOM, token="token-ada", name="Ada"):
            pass
