"""Which nodes there are while Ray says so, and while it does not."""

from __future__ import annotations

import asyncio

import pytest

from actors.directory import ray_nodes
from actors.directory.listing import home_of
from actors.directory.placement import Node
from actors.directory.ray_nodes import RayNodes
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
