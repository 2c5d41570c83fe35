"""BlockingRoom: the same from threads without an event loop."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from rayrooms.client.blocking import BlockingRoom
from rayrooms.errors import InvalidError, NotFoundError
from rayrooms.protocol import Range
from tests.client.conftest import QUICK
from tests.client.server import ROOM

if TYPE_CHECKING:
    from rayrooms.client.events import ChatChanged, TextChanged
    from tests.client.server import RoomServer


MET: dict[str, object] = {
    "version": 4,
    "other_version": 3,
    "user_id": "ada",
    "other_user_id": "bob",
    "kind": "insert-insert",
    "strategy": "transform",
    "created_at": "2026-01-05T09:30:00Z",
}


async def test_blocking_room(server: RoomServer) -> None:
    """CL-40: a program without an event loop can do what RoomClient does, and closing waits until all is saved."""

    def work() -> None:
        changes: list[TextChanged] = []
        with (
            BlockingRoom(server.url, ROOM, token="token-ada", timing=QUICK) as ada,
            BlockingRoom(server.url, ROOM, token="token-bob", timing=QUICK, binary=False) as bob,
        ):
            off = bob.on_change(changes.append)
            ada.insert(0, "hello")
            ada.replace(0, 1, "J")
            ada.delete(4, 1)
            assert ada.wait_text("Jell", 5) == "Jell"
            ada.wait_acked(5)
            ada.wait_durable(5)
            assert (ada.saved, ada.status) == ("saved", "online")
            bob.wait_text("Jell", 5)
            assert len(changes) == 3
            off()
            bob.edit([4, "o"])
            bob.set_cursor([Range(1, 2)])
            bob.send_chat("hi")
            bob.wait_acked(5)
            bob.sync(5)  # what the room said before its answer has arrived
            message_id = bob.messages[0].id
            bob.react(message_id, "👍")
            bob.edit_message(message_id, "hello")
            bob.sync(5)
            assert (bob.messages[0].content, bob.messages[0].reactions) == ("hello", {"👍": ["bob"]})
            bob.delete_message(message_id)
            bob.sync(5)
            assert bob.messages[0].deleted
            assert ada.sync(5) == bob.version == 4
            assert ada.snapshot().content == ada.text == "Jello"
            assert [one.version for one in ada.history(2)] == [3, 4]
            assert len(ada.users) == 2
            assert [one.deleted for one in ada.chat_history()] == [True]
            server.conflicts.append(MET)
            assert [(one.version, one.kind) for one in ada.conflicts()] == [(4, "insert-insert")]
            assert (ada.role, ada.language) == ("member", "text")
            posted: list[ChatChanged] = []
            off = ada.on_chat(posted.append)
            bob.set_typing(is_typing=True)
            bob.set_presence("away")
            bob.send_chat("bye")
            bob.sync(5)
            ada.sync(5)
            off()
            assert [one.message.content for one in posted] == ["bye"]
            (seen,) = [one for one in ada.users if one.user_id == "bob"]
            assert (seen.status, seen.typing) == ("away", True)
            with pytest.raises(InvalidError):
                ada.insert(99, "x")
            ada.insert(0, "> ")
        assert len(changes) == 3
        ada.close()

    before = threading.active_count()
    await asyncio.to_thread(work)
    assert server.host.core.content == "> Jello"
    assert server.host.database.durable == server.host.core.version
    assert not [thread for thread in threading.enumerate() if thread.name == f"room {ROOM}"], before


async def test_blocking_room_that_is_refused(server: RoomServer) -> None:
    """CL-40: what keeps it out is raised, and its thread ends."""
    server.host.missing = True
    with pytest.raises(NotFoundError):
        await asyncio.to_thread(BlockingRoom, server.url, ROOM, token="token-ada", timing=QUICK)
    assert not [thread for thread in threading.enumerate() if thread.name == f"room {ROOM}"]
