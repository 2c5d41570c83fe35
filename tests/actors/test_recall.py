"""Chat in a room's host: what is told to whom and stored, and messages that have left memory."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from actors.core.state import RoomLimits
from actors.host import recall
from actors.link import messages as link
from persistence import feed
from rayrooms.protocol import ChatMessage

from .hosting import FakeArchive, Gateway, Stage, on_stage, until
from .rooms import ADA, BOB, NOW

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


def old_message(message_id: str = "old", user_id: str = "ada") -> ChatMessage:
    at = datetime.fromtimestamp(NOW, UTC)
    return ChatMessage(id=message_id, user_id=user_id, name="A", content="secret", created_at=at, reactions={})


class SlowAtFirst(FakeArchive):
    """The answer to the first question takes until the gate opens."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.asked = 0

    async def message(self, room_id: str, message_id: str) -> ChatMessage | None:
        await self._answer(room_id)
        self.asked += 1
        if self.asked == 1:
            await self.gate.wait()
        return old_message(message_id)


@pytest.fixture
async def stage(path: Path) -> AsyncIterator[Stage]:
    """A room that keeps two messages in memory; the database holds one from before, Ada's."""
    async with on_stage(path, limits=RoomLimits(chat_tail=2)) as stage:
        stage.archive.messages["old"] = old_message()
        yield stage


async def post(gateway: Gateway, content: str) -> str:
    """Ada says something; returns the message's id."""
    before = len(gateway.broadcast("chat_message"))
    gateway.send(link.Post(ADA, content, None, None))
    await until(lambda: len(gateway.broadcast("chat_message")) > before)
    message_id: str = gateway.broadcast("chat_message")[-1]["message"]["id"]
    return message_id


async def answers(gateway: Gateway, count: int) -> list[dict[str, object]]:
    """The `message_changed` events for Ada alone, once there are so many."""

    def those() -> list[dict[str, object]]:
        return [event for event in gateway.told(ADA) if event["event"] == "message_changed"]

    await until(lambda: len(those()) >= count)
    return those()


class TestChanges:
    async def test_a_change_is_stored_and_told(self, stage: Stage, gateway: Gateway) -> None:
        """WS-22: to all others without a `ref`, to who asked with it."""
        message_id = await post(gateway, "hi")
        gateway.send(link.EditMessage(ADA, message_id, "hello", 7))
        gateway.send(link.DeleteMessage(ADA, message_id, 8))
        edited, deleted = await answers(gateway, 2)
        assert (edited["ref"], deleted["ref"]) == (7, 8)
        told = gateway.broadcast("message_changed")
        assert [data["message"]["content"] for data in told] == ["hello", ""]
        assert [edited["data"], deleted["data"]] == told
        assert all(event.but == ADA for event in gateway.of(link.Broadcast) if b"message_changed" in event.payload)
        records = [(one.id, one.content, one.edited, one.deleted) for one in stage.feed.of(feed.Message)]
        assert records[1:] == [(message_id, "hello", True, False), (message_id, "", True, True)]

    async def test_what_changes_nothing_is_only_answered(self, stage: Stage, gateway: Gateway) -> None:
        """CHAT-2, CHAT-3: the same text again, and deleting again."""
        message_id = await post(gateway, "hi")
        gateway.send(link.EditMessage(ADA, message_id, "hi", 1))
        gateway.send(link.DeleteMessage(ADA, message_id, 2))
        gateway.send(link.DeleteMessage(ADA, message_id, 3))
        assert [event["ref"] for event in await answers(gateway, 3)] == [1, 2, 3]
        assert len(gateway.broadcast("message_changed")) == 1
        assert len(stage.feed.of(feed.Message)) == 2

    async def test_a_refusal_goes_to_its_sender(self, stage: Stage, gateway: Gateway) -> None:
        """G8, CHAT-2, CHAT-3."""
        await gateway.attach(BOB, "bob")
        message_id = await post(gateway, "hi")
        gateway.send(link.EditMessage(BOB, message_id, "no", 1))
        gateway.send(link.DeleteMessage(BOB, message_id, 2))
        await until(lambda: gateway.errors(BOB) == ["forbidden", "forbidden"])
        assert gateway.broadcast("message_changed") == []
        assert len(stage.feed.of(feed.Message)) == 1

    async def test_a_full_backlog_takes_no_changes(self, path: Path) -> None:
        """G7, G10."""
        async with on_stage(path, backlog_max_records=3) as stage, Gateway.linked(stage.address) as gateway:
            stage.feed.storing = False
            await gateway.attach(ADA, "ada")
            message_id = await post(gateway, "hi")
            for ref in range(1, 9):
                gateway.send(link.EditMessage(ADA, message_id, f"text {ref}", ref))
            await until(lambda: gateway.errors(ADA)[-1:] == ["backlog_full"])
            stage.feed.store()
            await until(lambda: stage.host._feed is not None and stage.host._feed.backlog_records == 0)
            gateway.send(link.DeleteMessage(ADA, message_id, 9))
            await until(lambda: gateway.told(ADA)[-1]["ref"] == 9)
            assert gateway.told(ADA)[-1]["event"] == "message_changed"


class TestOlderMessages:
    async def test_are_changed_too(self, stage: Stage, gateway: Gateway) -> None:
        """CHAT-4: edited by their authors, deleted also by who manages the room."""
        await gateway.attach(BOB, "bob", "admin")
        gateway.send(link.EditMessage(ADA, "old", "new", 1))
        (edited,) = await answers(gateway, 1)
        assert edited["ref"] == 1
        gateway.send(link.DeleteMessage(BOB, "old", 2))
        await until(lambda: len(gateway.broadcast("message_changed")) == 2)
        records = [(one.id, one.content, one.edited, one.deleted) for one in stage.feed.of(feed.Message)]
        assert records == [("old", "new", True, False), ("old", "", True, True)]

    async def test_keep_the_order_of_requests(self, stage: Stage, gateway: Gateway) -> None:
        """CHAT-4: those that come while the database is asked wait behind the one that asked."""
        stage.archive.answering.clear()
        for ref in range(1, 4):
            gateway.send(link.EditMessage(ADA, "old", f"text {ref}", ref))
        await post(gateway, "meanwhile")
        stage.archive.answering.set()
        gateway.send(link.EditMessage(ADA, "old", "text 4", 4))
        assert [event["ref"] for event in await answers(gateway, 4)] == [1, 2, 3, 4]
        assert stage.feed.of(feed.Message)[-1].content == "text 4"

    async def test_a_stale_answer_is_never_acted_upon(self, stage: Stage, gateway: Gateway) -> None:
        """CHAT-5: what is deleted stays so although the database, which is behind, still tells what it said."""
        stage.feed.storing = False
        gateway.send(link.DeleteMessage(ADA, "old", 1))
        await answers(gateway, 1)
        for number in range(4):
            await post(gateway, f"{number}")
        gateway.send(link.React(ADA, "old", "👍", 2))
        gateway.send(link.EditMessage(ADA, "old", "back", 3))
        gateway.send(link.DeleteMessage(ADA, "old", 4))
        await answers(gateway, 2)
        assert gateway.errors(ADA) == ["message_not_found"] * 2
        read = (await gateway.call(link.ReadChat)).messages
        assert [(one.content, one.deleted) for one in read if one.id == "old"] == [("", True)]
        assert not any(record.content == "secret" for record in stage.feed.of(feed.Message))

    async def test_an_answer_on_its_way_cannot_grow_stale(self, path: Path) -> None:
        """CHAT-5: nothing is changed behind the back of who asks the database."""
        archive = SlowAtFirst()
        async with on_stage(path, archive) as stage, Gateway.linked(stage.address) as gateway:
            await gateway.attach(ADA, "ada")
            gateway.send(link.React(ADA, "old", "👍", 1))
            gateway.send(link.DeleteMessage(ADA, "old", 2))
            await post(gateway, "meanwhile")
            await until(lambda: stage.host._feed is not None and stage.host._feed.backlog_records == 0)
            archive.gate.set()
            await answers(gateway, 1)
            await until(lambda: stage.host._feed is not None and stage.host._feed.backlog_records == 0)
            last = [record for record in stage.feed.of(feed.Message) if record.id == "old"][-1]
            assert (last.content, last.reactions, last.deleted) == ("", {}, True)
            assert [event["event"] for event in gateway.told(ADA) if event.get("ref")] == [
                "reaction_added",
                "message_changed",
            ]

    async def test_memory_lets_go_of_what_is_durable(self, stage: Stage, gateway: Gateway) -> None:
        """G10, CHAT-5: of all that was said, as soon as the database has it."""
        stage.feed.storing = False
        for number in range(6):
            await post(gateway, f"{number}")
        assert len((await gateway.call(link.ReadChat)).messages) == 6
        stage.feed.store()
        await until(lambda: len(stage.core.chat.held()) == 2)

    async def test_only_so_many_wait(self, stage: Stage, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
        """G10, CHAT-4: what is about messages in memory goes on meanwhile."""
        monkeypatch.setattr(recall, "MAX_WAITING", 3)
        stage.archive.answering.clear()
        for ref in range(5):
            gateway.send(link.React(ADA, "old", f"{ref}", ref))
        await until(lambda: gateway.errors(ADA) == ["rate_limited"] * 2)
        message_id = await post(gateway, "hi")
        gateway.send(link.EditMessage(ADA, message_id, "hello", 9))
        await answers(gateway, 1)
        stage.archive.answering.set()
        await until(lambda: len(gateway.broadcast("reaction_added")) == 3)
        assert list(stage.feed.of(feed.Message)[-1].reactions) == ["0", "1", "2"]

    async def test_while_the_database_is_away(self, stage: Stage, gateway: Gateway) -> None:
        """G7, CHAT-4: the refusal says so, and the next request is not harmed by it."""
        stage.archive.away = True
        gateway.send(link.DeleteMessage(ADA, "old", 1))
        await until(lambda: gateway.errors(ADA) == ["database_unavailable"])
        stage.archive.away = False
        gateway.send(link.DeleteMessage(ADA, "old", 2))
        (deleted,) = await answers(gateway, 1)
        assert deleted["ref"] == 2
