"""Placement: each new actor goes to the node with the fewest for its cores."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.directory.placement import Node, Placement
from rayrooms.errors import UnavailableError


def place(placement: Placement, nodes: list[Node], count: int) -> list[str]:
    chosen = []
    for _ in range(count):
        node_id = placement.choose(nodes).node_id
        placement.added(node_id)
        chosen.append(node_id)
    return chosen


def test_actors_are_spread_by_cores() -> None:
    """NODE-1: a node with twice the cores gets twice the actors."""
    nodes = [Node("big", "10.0.0.1", 4.0), Node("small", "10.0.0.2", 2.0)]
    chosen = place(Placement(), nodes, 30)
    assert (chosen.count("big"), chosen.count("small")) == (20, 10)


def test_a_node_that_lost_actors_gets_the_next_ones() -> None:
    """NODE-1: what counts is how many there are, not how many there were."""
    nodes = [Node("a", "10.0.0.1"), Node("b", "10.0.0.2")]
    placement = Placement()
    place(placement, nodes, 6)
    for _ in range(3):
        placement.ended("a")
    assert place(placement, nodes, 3) == ["a", "a", "a"]


def test_a_node_that_is_shut_gets_none_until_it_is_opened() -> None:
    """NODE-2."""
    nodes = [Node("a", "10.0.0.1"), Node("b", "10.0.0.2")]
    placement = Placement()
    placement.shut_down("a")
    assert set(place(placement, nodes, 4)) == {"b"}
    placement.open_up("a")
    assert place(placement, nodes, 4) == ["a"] * 4
    placement.shut_down("a")
    placement.shut_down("b")
    with pytest.raises(UnavailableError) as refusal:
        placement.choose(nodes)
    assert refusal.value.code == "room_unavailable"


@given(st.lists(st.sampled_from(["add", "a", "b", "c"]), max_size=60))
def test_no_node_is_ever_two_actors_ahead_by_placing(steps: list[str]) -> None:
    """NODE-1: on equal nodes a new actor always goes where the fewest are."""
    nodes = [Node(name, "") for name in "abc"]
    placement = Placement()
    for step in steps:
        if step == "add":
            chosen = placement.choose(nodes).node_id
            assert placement.actors(chosen) == min(placement.actors(node.node_id) for node in nodes)
            placement.added(chosen)
        else:
            placement.ended(step)
    assert all(placement.actors(node.node_id) >= 0 for node in nodes)
