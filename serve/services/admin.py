"""What those who run the server see of it: its parts and all its rooms, but nothing of what is in them."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from persistence.repositories import EveryRoomRepository, RoomRepository
from rayrooms.errors import ForbiddenError, NotFoundError, RayroomsError
from serve.schemas.admin import (
    AdminRoom,
    AdminRoomPage,
    ClusterStatus,
    DrainedNode,
    GatewayStatus,
    NodeStatus,
    RoomActivity,
    RoomPlace,
    WriterStatus,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Collection, Mapping

    from actors.directory.overview import AwakeRoom, Gateway
    from persistence.database import Database
    from persistence.repositories import StoredRoom
    from persistence.writer import WriterStats
    from serve.auth.tokens import Identity
    from serve.cluster import NodeDrained, NodeState
    from serve.services.health import HealthService

T = TypeVar("T")


class Cluster(Protocol):
    """The machines and processes of the server. All methods raise UnavailableError when who knows does not answer."""

    async def nodes(self) -> list[NodeState]:
        """The machines, with what their persistence actors say."""

    async def gateways(self) -> list[Gateway]:
        """The gateway replicas."""

    async def awake(self) -> dict[str, str]:
        """All rooms that are awake, by id, each with the id of its node."""

    async def look_at(self, room_ids: list[str]) -> list[AwakeRoom]:
        """What those of the rooms do that are awake, by id."""

    async def drained_nodes(self) -> frozenset[str]:
        """The ids of the nodes that get no rooms."""

    async def drain(self, node_id: str, *, keep_gateway: bool) -> NodeDrained:
        """Move a node's rooms to others, and its people to other gateways unless it keeps its own."""

    async def reopen_node(self, node_id: str) -> None:
        """Let a node take rooms again."""

    async def reopen(self, room_id: str) -> None:
        """Let go of a live room as it is; whoever is in it is taken to a new owner, who reads what is stored."""


class AdminService:
    """For the holders of an admin token, and for the users whom the settings name."""

    def __init__(
        self, database: Database, cluster: Cluster, health: HealthService, *, admins: Collection[str] = ()
    ) -> None:
        self._database = database
        self._cluster = cluster
        self._health = health
        self._admins = frozenset(admins)

    async def status(self, identity: Identity) -> ClusterStatus:
        """The server at this moment; a part that fails is left out, and the rest told."""
        self._require(identity)
        health, nodes, drained, gateways, awake, stored = await asyncio.gather(
            self._health.check(),
            _if_it_answers(self._cluster.nodes()),
            _if_it_answers(self._cluster.drained_nodes()),
            _if_it_answers(self._cluster.gateways()),
            _if_it_answers(self._cluster.awake()),
            _if_it_answers(self._count()),
        )
        rooms = Counter((awake or {}).values())
        return ClusterStatus(
            health=health,
            nodes=None if nodes is None else [_node(node, rooms[node.node_id], drained) for node in nodes],
            gateways=None if gateways is None else [_gateway(gateway) for gateway in gateways],
            rooms_awake=None if awake is None else len(awake),
            rooms_stored=stored,
            sockets=None if gateways is None else sum(gateway.sockets for gateway in gateways),
            backlog_records=sum(node.writer.buffered_records for node in nodes or () if node.writer is not None),
        )

    async def rooms(self, identity: Identity, *, awake: bool, after: str, limit: int) -> AdminRoomPage:
        """The rooms whose ids come after `after`, by id: all, or with `awake` those in memory."""
        self._require(identity)
        if awake:
            found = sorted(room_id for room_id in await self._cluster.awake() if room_id > after)[: limit + 1]
        else:
            async with self._database.session() as session:
                found = await EveryRoomRepository(session).ids(after, limit=limit + 1)
        room_ids = found[:limit]
        live = {room.room_id: room for room in await self._cluster.look_at(room_ids)} if room_ids else {}
        async with self._database.session() as session:
            stored = await EveryRoomRepository(session).stored(room_ids)
        return AdminRoomPage(
            items=[_room(room, live) for room in stored],
            limit=limit,
            next=room_ids[-1] if len(found) > limit else None,
        )

    async def reopen(self, identity: Identity, room_id: str) -> None:
        """Have a room opened anew from what is stored, as after a restore. Raises NotFoundError(room_not_found)."""
        self._require(identity)
        async with self._database.session() as session:
            await RoomRepository(session).get(room_id)
        await self._cluster.reopen(room_id)

    async def drain(self, identity: Identity, node_id: str, *, keep_gateway: bool) -> DrainedNode:
        """Empty a machine before it is taken away, or have it only give up its rooms.

        Raises NotFoundError(node_not_found), ConflictError when it is the only one, and UnavailableError.
        """
        self._require(identity)
        await self._require_node(node_id)
        drained = await self._cluster.drain(node_id, keep_gateway=keep_gateway)
        return DrainedNode(node_id=drained.node_id, rooms=drained.rooms, keeps_gateway=drained.keeps_gateway)

    async def reopen_node(self, identity: Identity, node_id: str) -> None:
        """Let a machine that was drained take rooms again.

        Raises NotFoundError(node_not_found), and UnavailableError.
        """
        self._require(identity)
        await self._require_node(node_id)
        await self._cluster.reopen_node(node_id)

    async def _require_node(self, node_id: str) -> None:
        if all(node.node_id != node_id for node in await self._cluster.nodes()):
            raise NotFoundError("There is no such node.", code="node_not_found")

    async def _count(self) -> int:
        async with self._database.session() as session:
            return await EveryRoomRepository(session).count()

    def _require(self, identity: Identity) -> None:
        """Raises ForbiddenError for everybody else, guests always."""
        if identity.guest or not (identity.sees_server or identity.user_id in self._admins):
            raise ForbiddenError("This is for those who run the server.")


async def _if_it_answers(asked: Awaitable[T]) -> T | None:
    try:
        return await asked
    except RayroomsError:
        return None


def _node(node: NodeState, rooms: int, drained: frozenset[str] | None) -> NodeStatus:
    return NodeStatus(
        node_id=node.node_id,
        address=node.address,
        rooms=rooms,
        takes_rooms=None if drained is None else node.node_id not in drained,
        writer=None if node.writer is None else _writer(node.writer),
    )


def _writer(stats: WriterStats) -> WriterStatus:
    return WriterStatus(
        database_ok=stats.database_ok,
        feeds=stats.feeds,
        backlog_records=stats.buffered_records,
        backlog_bytes=stats.buffered_bytes,
        committed_records=stats.committed_records,
        lag_p99_ms=round(stats.lag_p99_ms, 3),
    )


def _gateway(gateway: Gateway) -> GatewayStatus:
    return GatewayStatus(
        gateway_id=gateway.gateway_id,
        node_id=gateway.node_id,
        pid=gateway.pid,
        sockets=gateway.sockets,
        rooms=gateway.rooms,
    )


def _room(stored: StoredRoom, live: Mapping[str, AwakeRoom]) -> AdminRoom:
    room, awake = stored.room, live.get(stored.room.id)
    activity = None if awake is None else _activity(awake)
    return AdminRoom(
        room_id=room.id,
        name=room.name,
        owner_id=room.owner_id,
        private=room.private,
        created_at=room.created_at,
        stored_version=stored.version,
        edited_at=stored.edited_at,
        state="asleep" if awake is None else "no_answer" if activity is None else "awake",
        place=None if awake is None else _place(awake),
        activity=activity,
    )


def _place(awake: AwakeRoom) -> RoomPlace:
    host = f"[{awake.host}]" if ":" in awake.host else awake.host
    return RoomPlace(node_id=awake.node_id, address=f"{host}:{awake.port}", epoch=awake.epoch, pid=awake.pid)


def _activity(awake: AwakeRoom) -> RoomActivity | None:
    figures = awake.figures
    if figures is None:
        return None
    return RoomActivity(
        users=figures.users,
        sessions=awake.sessions,
        version=figures.version,
        durable_version=figures.durable,
        edits=figures.edits,
        edits_per_second=round(figures.edits_per_second, 2),
        last_edit=datetime.fromtimestamp(awake.last_edit, UTC),
        memory_bytes=figures.memory_bytes,
    )
