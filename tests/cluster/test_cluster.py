"""Two nodes with addresses of their own: rooms on both, people at both, one killed, one cut off, the head emptied."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.chaos.crowd import Crowd

from .bed import Bed, short_directory
from .entrance import open_entrances
from .hosts import Network
from .trials import Trials, processes_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .trials import Outcome

ROOMS = 6
WRITERS = 2

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("ip") is None, reason="network namespaces need root and iproute2"
)


@pytest.fixture(scope="module")
async def trials() -> AsyncIterator[Trials]:
    network = Network(2)
    with short_directory() as directory:
        bed = Bed(directory, network.hosts, database_ip=network.database_ip, warm_pool="3", room_idle="600")
        try:
            network.up()
            await bed.start()
            async with open_entrances(bed, network.people_ip) as urls:
                crowd = Crowd(*urls, rooms=ROOMS, writers=WRITERS, seed=1, habits=("steady",), pace=0.5)
                try:
                    await crowd.open()
                    yield Trials(bed, network, crowd, print)
                finally:
                    await crowd.close()
        finally:
            await bed.close()
            network.down()


def nothing_is_wrong(outcome: Outcome) -> None:
    assert outcome.troubles == []
    assert (outcome.lost, outcome.doubled) == (0, 0)
    assert outcome.versions > 0
    assert len(outcome.moved) + len(outcome.others) == ROOMS * WRITERS


async def test_rooms_live_on_both_nodes_and_people_of_both_are_in_them(trials: Trials) -> None:
    """CLU-1, NODE-1, G1, G2: each room has somebody at either node."""
    places = await trials.places()
    by_node = sorted(list(places.values()).count(node.host.ip) for node in trials.bed.nodes)
    assert len(places) == ROOMS
    assert by_node[0] >= 1
    await trials.calm(2.0)
    nothing_is_wrong(trials.outcomes[-1])


async def test_a_node_that_is_killed_loses_no_edit(trials: Trials) -> None:
    """CLU-2, G1 to G4: of a client that lives; and what was told to be durable is there."""
    node = trials.bed.nodes[1]
    await trials.kill(node, again_after=0.0)
    nothing_is_wrong(trials.outcomes[-1])
    assert trials.outcomes[-1].rooms >= 1


async def test_a_node_that_is_cut_off_writes_nothing_more(trials: Trials) -> None:
    """CLU-3, G3, G5: it reaches Postgres all the time; its rooms have other owners, and it ends its own."""
    node = trials.bed.nodes[1]
    await trials.fill(node)
    await trials.cut_off(node, database=False, seconds=12.0)
    nothing_is_wrong(trials.outcomes[-1])
    assert trials.outcomes[-1].rooms >= 1


async def test_the_head_is_emptied(trials: Trials) -> None:
    """CLU-4, CLU-5, OPS-16, NODE-2 to NODE-4: by the operator's command, while everybody types."""
    head, other = trials.bed.nodes
    await trials.drain_head()
    outcome = trials.outcomes[-1]
    nothing_is_wrong(outcome)
    assert outcome.rooms >= 1
    assert outcome.longest < 15.0
    assert set((await trials.places()).values()) == {other.host.ip}
    assert [node for node in (head, other) if processes_of(node, "ray::DirectoryActor")] == [other]
    assert [node for node in (head, other) if processes_of(node, "ray::ServeReplica")] == [other]
