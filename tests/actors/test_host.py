"""The room host: what it tells whom and when, towards gateways and towards the feed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import pytest

from actors.core.state import ClientMark, RoomLimits
from actors.host import room_host
from actors.host.config import Activation
from actors.host.room_host import RoomHost
from actors.link import messages as link
from persistence import feed, feed_client
from persistence.wire import frame
from rayrooms.errors import ForbiddenError, InvalidError, UnavailableError
from rayrooms.protocol import ChatMessage

from .hosting import FakeArchive, Gateway, Stage, edits, on_stage, until
from .rooms import ADA, BOB, NOW, stored

if TYPE_CHECKING:
    from pathlib import Path


class TestCommitting:
    async def test_a_commit_is_recorded_and_told_to_every_gateway(self, stage: Stage, gateway: Gateway) -> None:
        """ROOM-1, ROOM-17."""
        async with Gateway.linked(stage.address) as other:
            await other.attach(BOB, "bob")
            gateway.edit(ADA, ["hi"], seq=1)
            await until(lambda: gateway.versions() == other.versions() == [1])
            commit = other.of(link.Commits)[0].commits[0]
            assert (commit.sid, commit.seq) == (ADA, 1)
            change = msgspec.json.decode(commit.change)
            assert (change["op"], change["user_id"], change["client_id"]) == (["hi"], "ada", "ada")
        (record,) = stage.feed.of(feed.Op)
        assert (record.version, record.op, record.client_id, record.seq) == (1, b'["hi"]', "ada", 1)

    async def test_nothing_is_told_before_the_feed_has_it(self, stage: Stage, gateway: Gateway) -> None:
        """G4, ROOM-17: while the feed is away all that the room says waits, and then comes in its order."""
        await edits(gateway, 1)
        await stage.feed.stop()
        stage.feed.welcoming = False
        await stage.feed.start()
        await until(lambda: len(stage.feed.hellos) == 2)
        before = len(gateway.heard)
        for seq in (2, 3, 4):
            gateway.edit(ADA, ["x"], seq=seq)
        gateway.send(link.SetPresence(ADA, "away"))
        call = asyncio.create_task(gateway.call(link.Peek))
        await until(lambda: stage.feed.of(feed.Op)[-1].version == 4)
        assert len(gateway.heard) == before
        assert not call.done()
        stage.feed.welcome()
        assert (await call).version == 4
        assert gateway.versions() == [1, 2, 3, 4]
        assert isinstance(gateway.heard[-1], link.Broadcast | link.Mark)

    async def test_what_is_not_durable_is_sent_again(self, stage: Stage, gateway: Gateway) -> None:
        """G4: to a persistence actor that was restarted, with the same numbers."""
        stage.feed.storing = False
        await edits(gateway, 3)
        first = {record.n: record for record in stage.feed.records}
        await stage.feed.stop()
        stage.feed.records.clear()
        await stage.feed.start()
        stage.feed.storing = False
        await until(lambda: len(stage.feed.of(feed.Op)) == 3)
        assert {record.n: record for record in stage.feed.of(feed.Op)}.items() <= first.items()
        assert {(hello.room_id, hello.epoch) for hello in stage.feed.hellos} == {("room", 1)}

    async def test_the_watermark_follows_the_feed(self, stage: Stage, gateway: Gateway) -> None:
        """ROOM-18."""
        stage.feed.storing = False
        await edits(gateway, 3)
        assert gateway.of(link.Mark) == []
        stage.feed.store()
        await until(lambda: bool(gateway.of(link.Mark)))
        assert gateway.of(link.Mark)[-1].version == 3
        async with Gateway.linked(stage.address) as other:
            assert (await other.attach(BOB, "bob"))["durable"] == 3

    async def test_the_watermark_of_a_busy_room_comes_with_the_next_edits(
        self, stage: Stage, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """ROOM-18: behind the edit that it waited for, in one frame with it."""
        monkeypatch.setattr(feed_client, "_SOON", 60.0)
        stage.feed.storing = False
        await edits(gateway, 3)
        await edits(gateway, 1, first=4)
        heard = len(gateway.heard)
        stage.feed.store()
        stage.feed.storing = False
        await gateway.call(link.Peek)
        assert gateway.heard[heard:] == []
        await edits(gateway, 1, first=5)
        commits, mark = gateway.heard[heard:]
        assert isinstance(commits, link.Commits)
        assert mark == link.Mark(4)

    async def test_a_snapshot_is_written_every_so_many_commits(self, path: Path) -> None:
        """G10: what has to be replayed stays bounded."""
        async with on_stage(path, snapshot_every=5) as stage, Gateway.linked(stage.address) as gateway:
            await gateway.attach(ADA, "ada")
            await edits(gateway, 12)
            snapshots = stage.feed.of(feed.Snapshot)
            assert [(one.version, one.content) for one in snapshots] == [(5, "x" * 5), (10, "x" * 10)]
            assert snapshots[-1].clients == {"ada": (10, 10, "ada")}

    async def test_conflicts_are_recorded(self, stage: Stage, gateway: Gateway) -> None:
        """ROOM-14."""
        await gateway.attach(BOB, "bob")
        gateway.edit(ADA, ["a"], version=0)
        gateway.edit(BOB, ["b"], version=0)
        await until(lambda: len(stage.feed.of(feed.Conflict)) == 1)
        (conflict,) = stage.feed.of(feed.Conflict)
        assert (conflict.version, conflict.other_version, conflict.kind) == (2, 1, "insert-insert")
        assert (conflict.user_id, conflict.other_user_id) == ("bob", "ada")

    async def test_a_refusal_reaches_its_sender_alone(self, gateway: Gateway) -> None:
        """G8, PR-5."""
        await gateway.attach(BOB, "bob")
        gateway.edit(ADA, [99, "x"], seq=1)
        gateway.edit(BOB, ["y"], seq=1)
        await until(lambda: gateway.versions() == [1])
        (error,) = gateway.told(ADA)
        assert (error["ref"], error["data"]["code"], error["data"]["seq"]) == (7, "invalid_operation", 1)
        assert gateway.told(BOB) == []


class TestBacklog:
    async def test_edits_are_refused_when_too_much_waits(self, path: Path) -> None:
        """G7, G10: edits, chat and REST edits; taken again once the database has caught up."""
        async with on_stage(path, backlog_max_records=10) as stage, Gateway.linked(stage.address) as gateway:
            stage.feed.storing = False
            await gateway.attach(ADA, "ada")
            for seq in range(1, 21):
                gateway.edit(ADA, ["x"], seq=seq)
            gateway.send(link.Post(ADA, "hi", None, 8))
            with pytest.raises(UnavailableError) as refusal:
                await gateway.call(link.Submit, "eve", "Eve", "member", ["x"], None, None, None)
            assert refusal.value.code == "backlog_full"
            taken = len(gateway.versions())
            assert 5 < taken <= 10
            assert set(gateway.errors(ADA)) == {"backlog_full"}
            stage.feed.store()
            await until(lambda: bool(gateway.of(link.Mark)))
            gateway.edit(ADA, ["y"], seq=taken + 1)
            await until(lambda: len(gateway.versions()) == taken + 1)

    async def test_bytes_count_too(self, path: Path) -> None:
        """G7, G10."""
        async with on_stage(path, backlog_max_bytes=10_000) as stage, Gateway.linked(stage.address) as gateway:
            stage.feed.storing = False
            await gateway.attach(ADA, "ada")
            gateway.edit(ADA, ["x" * 10_000])
            await until(lambda: gateway.versions() == [1])
            gateway.edit(ADA, ["y"])
            await until(lambda: gateway.errors(ADA) == ["backlog_full"])


class TestOwnership:
    async def test_a_fenced_host_ends(self, stage: Stage, gateway: Gateway) -> None:
        """G5, ROOM-19: its gateways are hung up on, and its process is told to end."""
        await edits(gateway, 1)
        stage.feed.fence(2)
        await until(lambda: gateway.lost)
        assert len(stage.ended) == 1
        assert stage.host.status().address is None

    @pytest.mark.parametrize(("secret", "epoch"), [("guess", 1), ("gueß", 1), ("secret", 2), ("secret", 0)])
    async def test_a_gateway_must_know_the_secret_and_the_epoch(self, stage: Stage, secret: str, epoch: int) -> None:
        """HOST-1: whoever looks for another owner, or was told nothing by the directory, is not spoken to."""
        address = msgspec.structs.replace(stage.address, secret=secret, epoch=epoch)
        with pytest.raises(UnavailableError):
            async with Gateway.linked(address):
                pass

    async def test_nobody_is_welcome_at_a_blank_host(self, stage: Stage) -> None:
        """HOST-1."""
        address = stage.address
        await stage.host.release()
        with pytest.raises(UnavailableError):
            async with Gateway.linked(address):
                pass

    async def test_a_message_before_the_greeting_ends_the_link(self, stage: Stage) -> None:
        """HOST-1."""
        reader, writer = await asyncio.open_connection(stage.address.host, stage.address.port)
        writer.write(frame([msgspec.msgpack.encode(link.Peek(1))]))
        assert await reader.read() == b""
        writer.close()

    @pytest.mark.parametrize("noise", [b"\xff\xff\xff\xff", b"\x01\x00\x00\x00\xc1", b"\x02\x00\x00\x00\x91\x07"])
    async def test_noise_ends_only_the_link_that_it_came_on(self, stage: Stage, gateway: Gateway, noise: bytes) -> None:
        """G8, HOST-2."""
        reader, writer = await asyncio.open_connection(stage.address.host, stage.address.port)
        writer.write(noise)
        assert await reader.read() == b""
        writer.close()
        await edits(gateway, 1)

    async def test_a_host_owns_one_room_at_a_time(self, stage: Stage) -> None:
        """HOST-3."""
        with pytest.raises(UnavailableError):
            await stage.activate(epoch=2)
        assert stage.address.epoch == 1

    async def test_a_room_that_cannot_be_loaded_leaves_the_host_blank(self, stage: Stage) -> None:
        """G9, HOST-3: an error, and the next room finds it ready."""
        await stage.host.release()
        stage.archive.away = True
        with pytest.raises(UnavailableError):
            await stage.activate(epoch=2)
        assert stage.host.status().address is None
        stage.archive.away = False
        assert (await stage.activate(epoch=3)).epoch == 3

    async def test_a_host_may_listen_elsewhere_than_gateways_are_told(self, stage: Stage) -> None:
        """HOST-4: what stands at the told address passes on to the same port."""
        host = RoomHost(
            stage.archive,
            node_ip="127.0.0.2",
            listen_ip="127.0.0.3",
            feed_path=stage.feed.path,
            node_id="node",
            on_end=stage.ended.append,
            on_idle=stage._idle,
        )
        await host.start()
        address = await host.activate(Activation("room", 1, "secret"), stage.config)
        assert (address.host, address.port) == ("127.0.0.2", host.port)
        async with Gateway.linked(msgspec.structs.replace(address, host="127.0.0.3")) as gateway:
            assert (await gateway.call(link.Peek)).version == 0
        with pytest.raises(UnavailableError):
            async with Gateway.linked(address):
                pass
        await host.close()


class TestSessions:
    async def test_a_lost_gateway_takes_its_people_along(self, stage: Stage, gateway: Gateway) -> None:
        """WS-12."""
        async with Gateway.linked(stage.address) as other:
            await other.attach(BOB, "bob")
        await until(lambda: bool(gateway.broadcast("user_left")))
        assert gateway.broadcast("user_left")[0]["user_id"] == "bob"
        assert stage.host.status().sessions == 1

    async def test_a_superseded_session_is_told(self, stage: Stage, gateway: Gateway) -> None:
        """ROOM-5: also through another gateway."""
        async with Gateway.linked(stage.address) as other:
            await other.attach(BOB, "ada")
            await until(lambda: bool(gateway.of(link.Detached)))
            detached = gateway.of(link.Detached)[0]
            assert detached.sid == ADA
            assert msgspec.json.decode(detached.payload)["data"]["reason"] == "superseded"

    async def test_members_that_change_are_told(self, stage: Stage, gateway: Gateway) -> None:
        """ROOM-16."""
        await gateway.attach(BOB, "bob")
        await gateway.call(link.MemberChanged, "bob", "viewer")
        assert [(event.sid, event.role) for event in gateway.of(link.RoleChanged)] == [(BOB, "viewer")]
        assert gateway.broadcast("user_joined")[-1]["user"]["role"] == "viewer"
        gateway.edit(BOB, ["x"])
        await until(lambda: gateway.errors(BOB) == ["read_only"])
        await gateway.call(link.MemberChanged, "bob", None)
        assert [event.sid for event in gateway.of(link.Detached)] == [BOB]
        assert stage.host.status().sessions == 1

    async def test_members_are_recorded_as_active_while_they_are_there(self, stage: Stage, gateway: Gateway) -> None:
        """WS-15: with two windows, until the last is closed."""
        await gateway.attach(BOB, "ada", client_id="second window")
        gateway.send(link.Detach(ADA))
        gateway.send(link.Detach(BOB))
        await until(lambda: len(stage.feed.of(feed.MemberSeen)) == 4)
        assert [seen.active for seen in stage.feed.of(feed.MemberSeen)] == [True, True, True, False]

    async def test_typing_that_falls_silent_ends(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """ROOM-12."""
        monkeypatch.setattr(room_host, "_TICK", 0.01)
        limits = RoomLimits(typing_timeout=0.05)
        async with on_stage(path, limits=limits) as stage, Gateway.linked(stage.address) as gateway:
            await gateway.attach(ADA, "ada")
            gateway.send(link.SetTyping(ADA, is_typing=True))
            await until(lambda: len(gateway.broadcast("typing")) == 2)
            assert [told["is_typing"] for told in gateway.broadcast("typing")] == [True, False]

    async def test_a_room_that_nobody_edits_says_that_it_is_idle(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """SLEEP-1: although somebody is there; what they say in chat counts as an edit."""
        monkeypatch.setattr(room_host, "_TICK", 0.01)
        async with on_stage(path, idle_after=0.2) as stage, Gateway.linked(stage.address) as gateway:
            await gateway.attach(ADA, "ada")
            woken = stage.host.status().last_edit
            await edits(gateway, 1)
            edited = stage.host.status().last_edit
            gateway.send(link.Post(ADA, "hi", None, None))
            await until(lambda: bool(gateway.told(ADA)))
            assert woken < edited < stage.host.status().last_edit
            await until(lambda: stage.idle[:1] == ["room"])
            assert stage.host.status().sessions == 1


class TestLookups:
    """What memory does not know any more is asked of the database."""

    async def test_a_repeat_from_long_ago(self, path: Path) -> None:
        """G2, ROOM-3: answered with its first version, although only the database knows it."""
        state = stored(["x"])
        state.clients = {"ada": ClientMark(9, 1, "ada")}
        archive = FakeArchive(state)
        archive.results[("ada", 4)] = 1
        async with on_stage(path, archive) as stage, Gateway.linked(stage.address) as gateway:
            await gateway.attach(ADA, "ada")
            gateway.edit(ADA, ["x"], seq=4)
            await until(lambda: bool(gateway.told(ADA)))
            (ack,) = gateway.told(ADA)
            assert (ack["event"], ack["ref"], ack["data"]["acks"]) == ("ack", 7, [{"version": 1, "seq": 4}])
            archive.away = True
            gateway.edit(ADA, ["x"], seq=5)
            await until(lambda: gateway.errors(ADA) == ["database_unavailable"])
            assert gateway.versions() == []

    async def test_a_client_from_long_ago(self, stage: Stage, gateway: Gateway) -> None:
        """G2: it goes on with its own numbers."""
        stage.archive.clients["old"] = ClientMark(9, 0, "bob")
        joined = await gateway.attach(BOB, "bob", client_id="old", version=0)
        assert joined["last_seq"] == 9
        gateway.edit(BOB, ["x"], seq=10)
        await until(lambda: gateway.versions() == [1])

    async def test_who_cannot_be_looked_up_is_not_let_in(self, stage: Stage, gateway: Gateway) -> None:
        """G2: rather than counted as new."""
        stage.archive.away = True
        gateway.ask_in(BOB, "bob", client_id="old", version=0)
        await until(lambda: bool(gateway.of(link.Detached)))
        (rejected,) = gateway.of(link.Detached)
        assert msgspec.json.decode(rejected.payload)["data"]["code"] == "database_unavailable"
        assert stage.host.status().sessions == 1

    async def test_others_are_not_kept_waiting(self, stage: Stage, gateway: Gateway) -> None:
        """G8."""
        stage.archive.answering.clear()
        gateway.ask_in(BOB, "bob", client_id="old", version=0)
        await edits(gateway, 2)
        stage.archive.answering.set()
        await until(lambda: len(gateway.of(link.Attached)) == 2)

    async def test_an_old_chat_message(self, stage: Stage, gateway: Gateway) -> None:
        """ROOM-13: can be replied to and reacted to."""
        old = ChatMessage(
            id="old", user_id="eve", name="Eve", content="hi", created_at=datetime.fromtimestamp(NOW, UTC), reactions={}
        )
        stage.archive.messages["old"] = old
        gateway.send(link.React(ADA, "old", "👍", 1))
        await until(lambda: bool(gateway.broadcast("reaction_added")))
        gateway.send(link.Post(ADA, "indeed", "old", 2))
        await until(lambda: bool(gateway.broadcast("chat_message")))
        assert stage.feed.of(feed.Message)[0].reactions == {"👍": ["ada"]}
        assert stage.feed.of(feed.Message)[1].reply_to == "old"

    async def test_a_chat_message_that_never_was(self, gateway: Gateway) -> None:
        gateway.send(link.React(ADA, "never", "👍", 1))
        gateway.send(link.Post(ADA, "indeed", "never", 2))
        await until(lambda: gateway.errors(ADA) == ["message_not_found"] * 2)


class TestCalls:
    """What REST routes ask of a live room."""

    async def test_state(self, stage: Stage, gateway: Gateway) -> None:
        assert (await gateway.call(link.Peek)).last_update is None
        await edits(gateway, 2)
        state = await gateway.call(link.Peek)
        assert (state.content, state.version, state.epoch) == ("xx", 2, 1)
        assert state.pid == stage.address.pid
        assert state.last_update == stage.feed.of(feed.Op)[-1].at

    @pytest.mark.parametrize(
        ("after", "upto", "versions"),
        [(0, None, [1, 2, 3]), (1, 2, [2]), (3, None, []), (0, 99, [1, 2, 3]), (9, None, [])],
    )
    async def test_tail(self, gateway: Gateway, after: int, upto: int | None, versions: list[int]) -> None:
        await edits(gateway, 3)
        assert [op.version for op in (await gateway.call(link.Tail, after, upto)).ops] == versions

    async def test_chat_and_people(self, gateway: Gateway) -> None:
        gateway.send(link.Post(ADA, "hi", None, None))
        assert [message.content for message in (await gateway.call(link.ReadChat)).messages] == ["hi"]
        assert [one.user_id for one in (await gateway.call(link.ReadParticipants)).participants] == ["ada"]

    async def test_an_edit_is_live_and_numbered_by_the_server(self, gateway: Gateway) -> None:
        """WS-14."""
        for version in (1, 2):
            done = await gateway.call(link.Submit, "eve", "Eve", "member", ["x"], None, None, None)
            assert done.version == version
        assert gateway.versions() == [1, 2]

    async def test_an_edit_with_its_own_number_is_committed_once(self, gateway: Gateway) -> None:
        """G2."""
        for _ in range(2):
            done = await gateway.call(link.Submit, "eve", "Eve", "member", ["x"], 0, "script", 1)
            assert done.version == 1
        assert gateway.versions() == [1]

    @pytest.mark.parametrize(("client_id", "seq"), [("script", None), (None, 1), ("api.eve", 1)])
    async def test_half_a_number_is_refused(self, gateway: Gateway, client_id: str | None, seq: int | None) -> None:
        """G8."""
        with pytest.raises(InvalidError):
            await gateway.call(link.Submit, "eve", "Eve", "member", ["x"], None, client_id, seq)

    async def test_viewers_cannot_edit_by_rest_either(self, gateway: Gateway) -> None:
        """ROOM-16."""
        with pytest.raises(ForbiddenError) as refusal:
            await gateway.call(link.Submit, "eve", "Eve", "viewer", ["x"], None, None, None)
        assert refusal.value.code == "read_only"

    async def test_a_snapshot_is_answered_once_it_is_durable(self, stage: Stage, gateway: Gateway) -> None:
        await edits(gateway, 1)
        stage.feed.storing = False
        call = asyncio.create_task(gateway.call(link.TakeSnapshot))
        await until(lambda: bool(stage.feed.of(feed.Snapshot)))
        assert not call.done()
        stage.feed.store()
        await call

    async def test_a_call_ends_with_its_link(self, stage: Stage, gateway: Gateway) -> None:
        """LINK-2: nobody waits for an owner that is gone."""
        stage.feed.storing = False
        call = asyncio.create_task(gateway.call(link.TakeSnapshot))
        await until(lambda: bool(stage.feed.of(feed.Snapshot)))
        await stage.host.abandon()
        with pytest.raises(UnavailableError):
            await call
        with pytest.raises(UnavailableError):
            await gateway.call(link.Peek)
