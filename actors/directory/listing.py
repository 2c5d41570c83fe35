"""Which nodes Ray believes in, as all parts of the server see them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import ray
from ray.exceptions import RayError

from actors.directory.placement import Node
from rayrooms.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

_HEAD = "node:__internal_head__"
"""A resource that only the head has."""


async def nodes_alive(*, within: float) -> list[Node]:
    """The nodes that Ray takes for alive. Raises UnavailableError when it does not say within so many seconds."""
    try:
        async with asyncio.timeout(within):
            return await asyncio.to_thread(_alive)
    except (TimeoutError, RayError) as error:
        raise UnavailableError("Ray does not say which nodes there are.") from error


def home_node() -> str:
    """The id of the node on which what there is only once is to live. Waits for Ray."""
    worker: Any = ray._private.worker.global_worker  # noqa: SLF001 - as Serve asks; there is no other way
    return home_of(_alive(), worker.gcs_client.get_draining_nodes()).node_id


def home_of(nodes: Iterable[Node], draining: Container[str]) -> Node:
    """The head; another node while the head is draining, and not every other node too."""
    return min(nodes, key=lambda node: (node.node_id in draining, not node.is_head, node.node_id))


def _alive() -> list[Node]:
    listed: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
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
