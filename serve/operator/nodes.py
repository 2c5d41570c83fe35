"""`drain` and `reopen`: take a machine out of the cluster without anybody noticing, or let it back."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

import psutil

from rayrooms.errors import NotFoundError, UnavailableError
from serve.operator.command import Command
from serve.operator.output import say, some
from serve.operator.server import admin_client

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Collection, Sequence

    from persistence.settings import Settings
    from serve.operator.server import AdminClient
    from serve.schemas.admin import NodeStatus

SELF: Final = "SELF"
_DRAINED_WITHIN: Final = 620.0
_GATEWAYS_WITHIN: Final = 90.0
_POLL: Final = 0.5


def chosen(nodes: Sequence[NodeStatus], name: str, own: Collection[str] = ()) -> NodeStatus:
    """The node that is meant by its id, the beginning of that, or its address; `SELF` is the one at an `own` address.

    Raises NotFoundError when it is none, or more than one.
    """
    if name == SELF:
        found = [node for node in nodes if node.address in own]
    else:
        found = [node for node in nodes if node.address == name or node.node_id.startswith(name)]
    if len(found) != 1:
        how_many = "more than one" if found else "no"
        raise NotFoundError(f"There is {how_many} node {name}.", code="node_not_found")
    return found[0]


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("node", help="its id, the beginning of that, or its address; SELF is this machine")


def _drain_arguments(parser: ArgumentParser) -> None:
    _arguments(parser)
    parser.add_argument("--keep-gateway", action="store_true", help="move its rooms only; its people stay connected")


async def _drain(settings: Settings, options: Namespace) -> int:
    async with admin_client(settings, options, timeout=_DRAINED_WITHIN) as admin:
        node = await _find(admin, options.node)
        drained = await admin.drain(node.node_id, keep_gateway=options.keep_gateway)
        if not drained.keeps_gateway:
            await _until_no_gateway(admin, node.node_id)
    if options.json:
        say(drained.model_dump_json())
    elif drained.keeps_gateway:
        say(f"{some(drained.rooms, 'room')} moved; {node.address} gets no more and keeps its gateway")
    else:
        say(f"{some(drained.rooms, 'room')} moved, no gateway left; {node.address} may be stopped")
    return 0


async def _reopen(settings: Settings, options: Namespace) -> int:
    async with admin_client(settings, options) as admin:
        node = await _find(admin, options.node)
        await admin.reopen_node(node.node_id)
    if not options.json:
        say(f"{node.address} takes rooms again")
    return 0


async def _find(admin: AdminClient, name: str) -> NodeStatus:
    nodes = (await admin.status()).nodes
    if nodes is None:
        raise UnavailableError("The server does not say which nodes there are.")
    return chosen(nodes, name, own_addresses())


def own_addresses() -> set[str]:
    """The addresses of this machine."""
    return {address.address for interface in psutil.net_if_addrs().values() for address in interface}


async def _until_no_gateway(admin: AdminClient, node_id: str) -> None:
    """Wait until Serve has another gateway elsewhere and the one there has sent its people away."""
    deadline = time.monotonic() + _GATEWAYS_WITHIN
    while True:
        try:
            gateways = (await admin.status()).gateways
        except UnavailableError:  # the gateway that would answer may be the one that goes
            gateways = None
        if gateways is not None and all(gateway.node_id != node_id for gateway in gateways):
            return
        if time.monotonic() > deadline:
            raise UnavailableError("Its rooms are elsewhere, but its gateway is not gone yet; try again.")
        await asyncio.sleep(_POLL)


COMMANDS = (
    Command("drain", "Move a machine's rooms and people to others, before it is stopped.", _drain_arguments, _drain),
    Command("reopen", "Let a machine that was drained take rooms again.", _arguments, _reopen),
)
