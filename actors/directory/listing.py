"""Which nodes Ray believes in, as all parts of the server see them."""

from __future__ import annotations

import asyncio
from typing import Any

import ray
from ray.exceptions import RayError

from actors.directory.placement import Node
from rayrooms.errors import UnavailableError

_HEAD = "node:__internal_head__"
"""A resource that only the head has."""


async def nodes_alive(*, within: float) -> list[Node]:
    """The nodes that Ray takes for alive. Raises UnavailableError when it does not say within so many seconds."""
    try:
        async with asyncio.timeout(within):
            listed = await asyncio.to_thread(ray.nodes)
    except (TimeoutError, RayError) as error:
        raise UnavailableError("Ray does not say which nodes there are.") from error
    return [_node(node) for node in listed if node["Alive"]]


def _node(listed: dict[str, Any]) -> Node:
    resources: dict[str, float] = listed["Resources"]
    return Node(
        node_id=listed["NodeID"],
        ip=listed["NodeManagerAddress"],
        cpus=float(resources.get("CPU", 1.0)),
        is_head=_HEAD in resources,
        metrics_port=max(0, listed["MetricsExportPort"]),
    )
