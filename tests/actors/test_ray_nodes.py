"""Which nodes there are while Ray says so, and while it does not."""

from __future__ import annotations

import asyncio
import threading

import pytest
import ray

from actors.directory import ray_nodes
from actors.directory.listing import home_of
from actors.directory.placement import Node
from actors.directory.ray_nodes import RayNodes
from persistence.actor import persistence_name
from rayrooms.errors import UnavailableError

from .fakes import turns

HEAD = Node("a", "10.0.0.1", 4.0, is_head=True)
OTHER = Node("b", "10.0.0.2", 4.0)
THIRD = Node("c", "10.0.0.3", 4.0)


class Listing:
    """Answers as Ray does, or not at all."""

    def __init__(self, *nodes: Node) -> None:
        self.nodes = nodes
        self.answers = asyncio.Event()
        self.asked = 0

    async def __call__(self, *, within: float) -> list[Node]:
        self.asked += 1
        try:
            async with asyncio.timeout(within):
                await self.answers.wait()
        except TimeoutError as error:
            raise UnavailableError("Ray does not say which nodes there are.") from error
        return list(self.nodes)


@pytest.fixture
def listing(monkeypatch: pytest.MonkeyPatch) -> Listing:
    listing = Listing(HEAD, OTHER)
    monkeypatch.setattr(ray_nodes, "nodes_alive", listing)
    monkeypatch.setattr(ray_nodes, "_BELIEVED", 0.0)
    monkeypatch.setattr(ray_nodes, "_LIST_TIMEOUT", 0.2)
    monkeypatch.setattr(ray_nodes, "_LIST_PATIENCE", 0.02)
    return listing


async def test_the_nodes_that_there_were_while_ray_does_not_say(listing: Listing) -> None:
    """NODE-4: nobody waits for it for long, and it is asked once at a time."""
    nodes = RayNodes()
    listing.answers.set()
    assert (await nodes.alive()).keys() == {"a", "b"}
    listing.answers.clear()
    listing.nodes = (THIRD,)
    asked = listing.asked
    async with asyncio.timeout(0.1):
        for answer in await asyncio.gather(*(nodes.alive() for _ in range(5))):
            assert answer.keys() == {"a", "b"}
        assert (await nodes.alive()).keys() == {"a", "b"}
    assert listing.asked == asked + 1
    listing.answers.set()
    await turns()
    assert (await nodes.alive()).keys() == {"c"}


async def test_it_goes_on_when_ray_had_no_answer_at_all(listing: Listing) -> None:
    """NODE-4: what was given up is asked for again."""
    nodes = RayNodes()
    listing.answers.set()
    await nodes.alive()
    listing.answers.clear()
    asked = listing.asked
    async with asyncio.timeout(2.0):
        while listing.asked < asked + 2:
            assert (await nodes.alive()).keys() == {"a", "b"}
            await turns()


async def test_who_knows_no_node_yet_is_told_so(listing: Listing) -> None:
    """NODE-4: there is nothing to go by."""
    nodes = RayNodes()
    with pytest.raises(UnavailableError):
        await nodes.alive()
    listing.answers.set()
    assert (await nodes.alive()).keys() == {"a", "b"}


@pytest.mark.parametrize(
    ("draining", "home"),
    [(set(), HEAD), ({"a"}, OTHER), ({"a", "b"}, THIRD), ({"b"}, HEAD), ({"a", "b", "c"}, HEAD)],
)
def test_the_directory_lives_on_the_head_unless_that_is_drained(draining: set[str], home: Node) -> None:
    """NODE-4: which node lists its nodes first does not matter."""
    for nodes in ([HEAD, OTHER, THIRD], [THIRD, OTHER, HEAD]):
        assert home_of(nodes, draining) is home


class Persistence:
    """The persistence actors that there are, by name, and who has been asked."""

    def __init__(self, *names: str) -> None:
        self.actors = {name: object() for name in names}
        self.made: list[str] = []

    def get(self, name: str) -> object:
        if name not in self.actors:
            raise ValueError(name)
        return self.actors[name]

    def make(self, node_id: str) -> object:
        self.made.append(node_id)
        return self.actors.setdefault(persistence_name(node_id), object())


@pytest.fixture
def persistence(monkeypatch: pytest.MonkeyPatch) -> Persistence:
    persistence = Persistence(persistence_name("a"))
    monkeypatch.setattr(ray, "get_actor", persistence.get)
    monkeypatch.setattr(ray_nodes, "_make_persistence", persistence.make)
    return persistence


async def test_nobody_waits_for_what_a_node_that_has_just_come_may_hold(persistence: Persistence) -> None:
    """NODE-5: its persistence actor is there, but was not heard yet; one that was there before counts at once."""
    nodes = RayNodes()
    assert await nodes.may_hold_records("a")
    assert not await nodes.may_hold_records("b")
    assert persistence.made == []
    assert nodes.is_new("b")
    actors = await asyncio.gather(*(nodes.persistence("b") for _ in range(3)))
    assert len(set(actors)) == 1
    assert not await nodes.may_hold_records("b")
    assert nodes.is_new("b")
    nodes.heard("b")
    assert await nodes.may_hold_records("b")
    assert not nodes.is_new("b")
    assert not nodes.is_new("a")


async def test_one_that_was_given_up_is_looked_up_again(persistence: Persistence) -> None:
    """NODE-5: it may hold something all the same."""
    nodes = RayNodes()
    await nodes.persistence("a")
    nodes.forget("a")
    assert await nodes.may_hold_records("a")
    assert persistence.made == []
    nodes.forget("a")
    del persistence.actors[persistence_name("a")]
    assert not await nodes.may_hold_records("a")
    await nodes.persistence("a")
    assert persistence.made == ["a"]
    assert not await nodes.may_hold_records("a")


async def test_a_silent_ray_keeps_one_thread_for_each_node(monkeypatch: pytest.MonkeyPatch) -> None:
    """NODE-4: however many rooms wait for what it knows of a node, and give up."""
    asked: list[str] = []
    answers = threading.Event()

    def get(name: str) -> object:
        asked.append(name)
        answers.wait(5)
        return name

    monkeypatch.setattr(ray, "get_actor", get)
    nodes = RayNodes()
    looks = [asyncio.create_task(nodes.may_hold_records(node_id)) for node_id in "aabab"]
    looks.append(asyncio.create_task(nodes.persistence("a")))
    async with asyncio.timeout(5):
        while len(asked) < 2:
            await turns()
    looks[0].cancel()
    await turns()
    assert sorted(asked) == [persistence_name("a"), persistence_name("b")]
    assert not nodes.is_known("a")
    answers.set()
    found = await asyncio.gather(*looks, return_exceptions=True)
    assert found[1:] == [True, True, True, True, persistence_name("a")]
    assert nodes.is_known("a")
    assert len(asked) == 2
