"""How a host puts its room to sleep under the people who are connected to it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import pytest

from actors.host import room_host
from actors.link import messages as link
from persistence import feed
from rayrooms.errors import UnavailableError

from .hosting import Gateway, Stage, edits, until
from .rooms import ADA, BOB

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def drowsy(stage: Stage, gateway: Gateway) -> AsyncIterator[asyncio.Task[bool]]:
    """The room wants to sleep and has asked the gateway to hold back."""
    await edits(gateway, 1)
    await stage.stored()
    sleeping = asyncio.create_task(stage.host.sleep())
    await until(lambda: bool(gateway.of(link.Drowse)))
    yield sleeping
    if not sleeping.done():
        gateway.send(link.Drowsy())
        await sleeping


async def test_it_sleeps_when_all_hold_back(stage: Stage, gateway: Gateway, drowsy: asyncio.Task[bool]) -> None:
    """SLEEP-1, SLEEP-3, DIR-5: stored with a snapshot; who was there is not noted as gone."""
    assert not drowsy.done()
    gateway.send(link.Drowsy())
    assert await drowsy
    await until(lambda: gateway.lost)
    assert [event.elsewhere for event in gateway.of(link.Asleep)] == [False]
    (snapshot,) = stage.feed.of(feed.Snapshot)
    assert (snapshot.version, snapshot.content) == (1, "x")
    assert [seen.active for seen in stage.feed.of(feed.MemberSeen)] == [True]
    assert gateway.broadcast("user_left") == []
    assert stage.host.status().address is None
    assert (await stage.activate(epoch=2)).epoch == 2


async def test_what_comes_before_the_answer_counts(stage: Stage, gateway: Gateway, drowsy: asyncio.Task[bool]) -> None:
    """SLEEP-3, G4: it was on its way when the room asked."""
    gateway.edit(ADA, ["late"], seq=2)
    gateway.send(link.Drowsy())
    assert await drowsy
    assert gateway.versions() == [1, 2]
    assert [record.version for record in stage.feed.of(feed.Op)] == [1, 2]
    assert stage.feed.of(feed.Snapshot)[-1].version == 2


async def test_each_is_told_whether_others_are_elsewhere(stage: Stage, gateway: Gateway) -> None:
    """SLEEP-5."""
    async with Gateway.linked(stage.address) as other, Gateway.linked(stage.address) as empty:
        await other.attach(BOB, "bob")
        await stage.stored()
        sleeping = asyncio.create_task(stage.host.sleep())
        for one in (gateway, other, empty):
            await until(partial(one.of, link.Drowse))
            one.send(link.Drowsy())
        assert await sleeping
        await until(lambda: gateway.lost and other.lost and empty.lost)
        assert [one.of(link.Asleep)[0].elsewhere for one in (gateway, other, empty)] == [True, True, True]


async def test_whoever_links_meanwhile_is_asked_too(stage: Stage, drowsy: asyncio.Task[bool], gateway: Gateway) -> None:
    """SLEEP-3."""
    async with Gateway.linked(stage.address) as late:
        await until(lambda: bool(late.of(link.Drowse)))
        gateway.send(link.Drowsy())
        joined = await late.attach(BOB, "bob")
        assert joined["version"] == 1
        late.send(link.Drowsy())
        assert await drowsy
        await until(lambda: late.lost)
        assert [event.elsewhere for event in gateway.of(link.Asleep)] == [True]


async def test_whoever_links_while_it_owes_an_answer_is_waited_for(
    stage: Stage, drowsy: asyncio.Task[bool], gateway: Gateway
) -> None:
    """SLEEP-3: all that a gateway sends before it answers counts, however late it came."""
    stage.archive.answering.clear()
    asked = asyncio.create_task(gateway.call(link.Submit, "eve", "Eve", "member", ["y"], None, None, None))
    await until(lambda: len(stage.host._tasks) > 1)
    gateway.send(link.Drowsy())
    falling = stage.host._falling
    assert falling is not None
    await until(lambda: falling.is_still)
    async with Gateway.linked(stage.address) as late:
        await until(lambda: bool(late.of(link.Drowse)))
        stage.archive.answering.set()
        assert (await asked).version == 2
        await late.attach(BOB, "bob")
        late.edit(BOB, ["z"], seq=1)
        await until(lambda: late.versions()[-1:] == [3])
        late.send(link.Drowsy())
        assert await drowsy
    assert stage.feed.of(feed.Snapshot)[-1].version == 3


async def test_who_does_not_answer_is_hung_up_on(
    stage: Stage, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SLEEP-3: a gateway that hangs keeps no room awake; its people are noted as gone until they come back."""
    monkeypatch.setattr(room_host, "_DROWSY_TIMEOUT", 0.05)
    await stage.stored()
    assert await stage.host.sleep()
    await until(lambda: gateway.lost)
    assert gateway.of(link.Asleep) == []


async def test_typing_ends(gateway: Gateway, drowsy: asyncio.Task[bool]) -> None:
    """SLEEP-1, ROOM-12: nobody could tell of it later."""
    gateway.send(link.SetTyping(ADA, is_typing=True))
    gateway.send(link.Drowsy())
    assert await drowsy
    assert [told["is_typing"] for told in gateway.broadcast("typing")] == [True, False]


async def test_it_stays_awake_for_an_answer_that_takes_long(
    stage: Stage, gateway: Gateway, drowsy: asyncio.Task[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SLEEP-3: a REST edit waits for the database."""
    monkeypatch.setattr(room_host, "_SETTLE_TIMEOUT", 0.05)
    stage.archive.answering.clear()
    asked = asyncio.create_task(gateway.call(link.Submit, "eve", "Eve", "member", ["late"], None, None, None))
    await until(lambda: len(stage.host._tasks) > 1)
    gateway.send(link.Drowsy())
    assert not await drowsy
    await until(lambda: len(gateway.of(link.Stay)) == 1)
    stage.archive.answering.set()
    assert (await asked).version == 2
    gateway.edit(ADA, ["on"], seq=2)
    await until(lambda: gateway.versions() == [1, 2, 3])
    assert not gateway.lost


async def test_a_room_that_cannot_be_stored_stays_awake(
    stage: Stage, gateway: Gateway, drowsy: asyncio.Task[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SLEEP-1, G3: and goes on over the same links."""
    monkeypatch.setattr(room_host, "_SLEEP_TIMEOUT", 0.05)
    stage.feed.storing = False
    gateway.send(link.Drowsy())
    with pytest.raises(UnavailableError) as refusal:
        await drowsy
    assert refusal.value.code == "database_unavailable"
    await until(lambda: len(gateway.of(link.Stay)) == 1)
    gateway.edit(ADA, ["on"], seq=2)
    await until(lambda: gateway.versions() == [1, 2])
    assert not gateway.lost


async def test_whoever_asks_whether_it_lives_is_answered(
    stage: Stage, gateway: Gateway, drowsy: asyncio.Task[bool]
) -> None:
    """LINK-3, SLEEP-3: while it waits for the database, its gateways do not take it for dead."""
    stage.feed.storing = False
    gateway.send(link.Drowsy())
    await until(lambda: stage.host.is_leaving)
    assert gateway.link is not None
    heard = gateway.link._heard
    gateway.send(link.Ping())
    await until(lambda: gateway.link is not None and gateway.link._heard > heard)
    with pytest.raises(UnavailableError):
        async with Gateway.linked(stage.address):
            pass
    stage.feed.store()
    assert await drowsy


async def test_a_blank_host_has_nothing_to_put_to_sleep(stage: Stage) -> None:
    """SLEEP-1."""
    await stage.host.release()
    assert not await stage.host.sleep()
