"""How a host lets go of its room: stored first, or not at all."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from actors.host import room_host
from actors.host.config import Activation
from actors.link import messages as link
from persistence import feed
from rayrooms.errors import UnavailableError

from .hosting import FakeArchive, Gateway, Stage, edits, on_stage, until
from .rooms import ADA, stored

if TYPE_CHECKING:
    from pathlib import Path


class TestRelease:
    async def test_it_waits_until_all_is_durable(self, stage: Stage, gateway: Gateway) -> None:
        """DIR-5, G3: edits, a snapshot of the last version, and who is not there any more."""
        stage.feed.storing = False
        await edits(gateway, 2)
        releasing = asyncio.create_task(stage.host.release())
        await until(lambda: bool(stage.feed.of(feed.Snapshot)))
        await until(lambda: gateway.lost)
        assert not releasing.done()
        stage.feed.store()
        await releasing
        (snapshot,) = stage.feed.of(feed.Snapshot)
        assert (snapshot.version, snapshot.content, snapshot.clients) == (2, "xx", {"ada": (2, 2, "ada")})
        assert [(seen.user_id, seen.active) for seen in stage.feed.of(feed.MemberSeen)] == [
            ("ada", True),
            ("ada", False),
        ]
        status = stage.host.status()
        assert (status.address, status.sessions) == (None, 0)

    async def test_who_was_there_is_stored_as_gone(self, stage: Stage, gateway: Gateway) -> None:
        """WS-15, DIR-5: although nothing else had to be stored."""
        await until(lambda: stage.host._feed is not None and stage.host._feed.backlog_records == 0)
        await stage.host.release()
        assert gateway.of(link.Attached)
        assert [seen.active for seen in stage.feed.of(feed.MemberSeen)] == [True, False]

    async def test_an_unchanged_room_needs_no_snapshot(self, path: Path) -> None:
        async with on_stage(path, FakeArchive(stored(["x"]))) as stage:
            await stage.host.release()
            assert stage.feed.records == []

    async def test_edits_that_come_too_late_are_not_taken(self, stage: Stage, gateway: Gateway) -> None:
        """G4: unanswered, they are their author's to send again to the next owner."""
        stage.feed.storing = False
        await edits(gateway, 1)
        releasing = asyncio.create_task(stage.host.release())
        gateway.edit(ADA, ["late"], seq=2)
        await until(lambda: bool(stage.feed.of(feed.Snapshot)))
        stage.feed.store()
        await releasing
        assert [record.version for record in stage.feed.of(feed.Op)] == [1]
        assert gateway.versions() == [1]

    async def test_a_rest_edit_that_waited_for_the_database_comes_too_late(
        self, stage: Stage, gateway: Gateway
    ) -> None:
        """G4: as above, when the room goes while it asks what it does not remember of the author."""
        stage.feed.storing = False
        await edits(gateway, 1)
        stage.archive.answering.clear()
        asked = asyncio.create_task(gateway.call(link.Submit, "eve", "Eve", "member", ["late"], None, None, None))
        await until(lambda: len(stage.host._tasks) > 1)
        room = stage.core
        releasing = asyncio.create_task(stage.host.release())
        await until(lambda: bool(stage.feed.of(feed.Snapshot)))
        stage.archive.answering.set()
        await until(lambda: len(stage.host._tasks) == 1)
        stage.feed.store()
        await releasing
        with pytest.raises(UnavailableError):
            await asked
        assert room.version == 1
        assert [record.version for record in stage.feed.of(feed.Op)] == [1]

    async def test_a_room_that_cannot_be_stored_goes_on(
        self, stage: Stage, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """G3, DIR-5."""
        monkeypatch.setattr(room_host, "_RELEASE_TIMEOUT", 0.05)
        stage.feed.storing = False
        await edits(gateway, 1)
        with pytest.raises(UnavailableError) as refusal:
            await stage.host.release()
        assert refusal.value.code == "database_unavailable"
        async with Gateway.linked(stage.address) as again:
            joined = await again.attach(ADA, "ada")
            assert (joined["content"], joined["last_seq"]) == ("x", 1)

    async def test_an_abandoned_room_writes_no_more(self, stage: Stage, gateway: Gateway) -> None:
        """WS-16."""
        await edits(gateway, 1)
        await stage.host.abandon()
        await until(lambda: gateway.lost and stage.feed.ended == 1)
        assert stage.feed.of(feed.Snapshot) == []
        assert (await stage.host.activate(Activation("room", 2, "other"), stage.config)).epoch == 2
