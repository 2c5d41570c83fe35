"""Backup files, taken apart and put together again; what is done to their rooms meanwhile."""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import TYPE_CHECKING, Any

from persistence.backup import examine
from persistence.repositories import AuditRepository, RoomRepository
from rayrooms.errors import InvalidError

if TYPE_CHECKING:
    from pathlib import Path

    from persistence.database import Database


async def delete(database: Database, room_id: str) -> None:
    async with database.session() as session:
        await RoomRepository(session).delete(room_id)
        await AuditRepository(session).record(room_id, "room_deleted", "ada")


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def why_refused(path: Path) -> str | None:
    try:
        examine(path)
    except InvalidError as error:
        return error.message
    return None


def write(path: Path, lines: list[dict[str, Any]]) -> None:
    """Write lines as a backup, with an end that is true of them."""
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines[:-1])
    kinds = [line["kind"] for line in lines]
    counts = {name: kinds.count(name.removesuffix("s")) for name in lines[-1]["counts"]}
    end = {"kind": "end", "counts": counts, "sha256": hashlib.sha256(body).hexdigest()}
    path.write_bytes(gzip.compress(body + json.dumps(end).encode() + b"\n"))
