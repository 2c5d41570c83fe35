"""The metrics agents of the cluster, one a node: where they are, and what each says now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import httpx
import ray
from ray.exceptions import RayError

from rayrooms.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

TIMEOUT = 3.0
"""Seconds within which an agent has to answer. It takes some 30 ms."""


class Agent(NamedTuple):
    """The agent of a node, which is known by its id and its address. Port 0: Ray runs none there."""

    node_id: str
    address: str
    port: int


class Scrape(NamedTuple):
    """What an agent said; None when it said nothing in time."""

    agent: Agent
    text: str | None


async def agents_of_cluster() -> list[Agent]:
    """Those of all nodes that are alive. Raises UnavailableError when Ray does not say in time which these are."""
    try:
        async with asyncio.timeout(TIMEOUT):
            nodes = await asyncio.to_thread(ray.nodes)
    except (TimeoutError, RayError) as error:
        raise UnavailableError("The cluster does not say which nodes it has.") from error
    return [
        Agent(node["NodeID"], node["NodeManagerAddress"], max(0, node["MetricsExportPort"]))
        for node in nodes
        if node["Alive"]
    ]


async def scrape_all(find: Callable[[], Awaitable[list[Agent]]]) -> list[Scrape]:
    """Ask all agents at the same time, each for at most TIMEOUT seconds."""
    # as for the health check: plain HTTP inside the cluster, whatever proxies the environment names
    transport = httpx.AsyncHTTPTransport(verify=False, trust_env=False)
    async with httpx.AsyncClient(transport=transport, timeout=TIMEOUT) as client:
        return list(await asyncio.gather(*(_scrape(client, agent) for agent in await find())))


async def _scrape(client: httpx.AsyncClient, agent: Agent) -> Scrape:
    if not agent.port:
        return Scrape(agent, None)
    host = f"[{agent.address}]" if ":" in agent.address else agent.address
    try:
        async with asyncio.timeout(TIMEOUT):
            answer = await client.get(f"http://{host}:{agent.port}/metrics")
            answer.raise_for_status()
    except (TimeoutError, httpx.HTTPError):
        return Scrape(agent, None)
    return Scrape(agent, answer.text)
