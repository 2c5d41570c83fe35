"""The metrics agents of the cluster, one a node: where they are, and what each says now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import httpx

from actors.directory.listing import nodes_alive

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
    return [Agent(node.node_id, node.ip, node.metrics_port) for node in await nodes_alive(within=TIMEOUT)]


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
