"""`status` and `rooms`: what the running server says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serve.operator.command import Command
from serve.operator.output import plain, say, size, some, table
from serve.operator.server import admin_client

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from persistence.settings import Settings
    from serve.schemas.admin import AdminRoom, ClusterStatus, NodeStatus
    from serve.schemas.health import PartHealth

_UNKNOWN = "no answer"
_SHORT_ID = 12


def _no_arguments(_parser: ArgumentParser) -> None:
    """Nothing of its own."""


async def _status(settings: Settings, options: Namespace) -> int:
    async with admin_client(settings, options) as admin:
        status = await admin.status()
    if options.json:
        say(status.model_dump_json())
    else:
        for line in _told(status):
            say(line)
    return 0 if status.health.status == "ok" else 1


def _told(status: ClusterStatus) -> Iterator[str]:
    parts = status.health.parts
    yield f"database   {_part(parts.database)}, {_how_many(status.backlog_records, 'record')} waiting"
    yield f"directory  {_part(parts.directory)}"
    yield f"ingress    {_part(parts.ingress)}"
    yield f"rooms      {_how_many(status.rooms_awake, '')} awake of {_how_many(status.rooms_stored, '')}"
    yield f"sockets    {_how_many(status.sockets, '')}"
    yield ""
    if status.nodes is None:
        yield f"nodes: {_UNKNOWN}"
    else:
        rows = [(node.node_id[:_SHORT_ID], node.address, str(node.rooms), *_writer(node)) for node in status.nodes]
        head = ("NODE", "ADDRESS", "ROOMS", "WRITER", "WAITING", "LAG P99")
        yield from table(head, rows, numbers=("ROOMS", "WAITING", "LAG P99"))
    yield ""
    if status.gateways is None:
        yield f"gateways: {_UNKNOWN}"
    else:
        replicas = [
            (one.gateway_id, one.node_id[:_SHORT_ID], str(one.pid), str(one.sockets), str(one.rooms))
            for one in status.gateways
        ]
        columns = ("GATEWAY", "NODE", "PID", "SOCKETS", "ROOMS")
        yield from table(columns, replicas, numbers=("PID", "SOCKETS", "ROOMS"))


def _part(part: PartHealth) -> str:
    return part.status if part.detail is None else f"{part.status}: {plain(part.detail)}"


def _how_many(count: int | None, what: str) -> str:
    if count is None:
        return _UNKNOWN
    return some(count, what) if what else str(count)


def _writer(node: NodeStatus) -> tuple[str, str, str]:
    writer = node.writer
    if writer is None:
        return _UNKNOWN, "-", "-"
    return (
        "ok" if writer.database_ok else "cannot write",
        f"{writer.backlog_records} ({size(writer.backlog_bytes)})",
        f"{writer.lag_p99_ms:.0f} ms",
    )


def _rooms_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--awake", action="store_true", help="only those in memory")


async def _rooms(settings: Settings, options: Namespace) -> int:
    rows = []
    async with admin_client(settings, options) as admin:
        async for room in admin.rooms(awake=options.awake):
            if options.json:
                say(room.model_dump_json())
            else:
                rows.append(_row(room))
    if not options.json:
        head = ("ROOM", "STATE", "USERS", "VERSION", "UNSAVED", "EDITS", "PER S", "MEMORY", "EPOCH", "PLACE", "NAME")
        numbers = ("USERS", "VERSION", "UNSAVED", "EDITS", "PER S", "MEMORY", "EPOCH")
        for line in table(head, rows, numbers=numbers):
            say(line)
    return 0


def _row(room: AdminRoom) -> tuple[str, ...]:
    activity, place = room.activity, room.place
    shown = ("-", str(room.stored_version), "-", "-", "-", "-")
    if activity is not None:
        shown = (
            str(activity.users),
            str(activity.version),
            str(activity.version - activity.durable_version),
            str(activity.edits),
            f"{activity.edits_per_second:.1f}",
            size(activity.memory_bytes) if activity.memory_bytes else "-",
        )
    where = ("-", "-") if place is None else (str(place.epoch), place.address)
    return (room.room_id, room.state.replace("_", " "), *shown, *where, room.name)


COMMANDS = (
    Command("status", "Tell how the server is: its parts, machines and gateways.", _no_arguments, _status),
    Command("rooms", "List all rooms, and what those do that are awake.", _rooms_arguments, _rooms),
)
