"""What the server has of a room once all is quiet, and whether everybody sees just that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rayrooms import text
from tests.live.people import until

if TYPE_CHECKING:
    from tests.live.people import Person

    from .visitor import Visitor

_PAGE = 500


async def converged(room_id: str, *visitors: Visitor) -> str:
    """Wait until everybody's edits are saved and everybody sees the same; returns it, which the log must lead to."""
    for visitor in visitors:
        await visitor.is_saved()
    stored = await visitors[0].stored(room_id)
    for visitor in visitors:
        await visitor.sees(stored)
    assert await replayed(visitors[0].person, room_id) == stored
    return stored


async def replayed(person: Person, room_id: str) -> str:
    """What the log makes of an empty document. Each edit must stand in it once, in its author's order."""
    entries = await log(person, room_id)
    assert [entry["version"] for entry in entries] == list(range(1, len(entries) + 1))
    document = ""
    seqs: dict[str, int] = {}
    for entry in entries:
        document, _ = text.apply_checked(document, entry["op"])
        author, seq = entry["client_id"], entry["seq"]
        assert seq == seqs.get(author, 0) + 1, f"{author}: {seq} after {seqs.get(author)}"
        seqs[author] = seq
    return document


async def log(person: Person, room_id: str) -> list[dict[str, Any]]:
    """All operations of a room, oldest first."""
    entries: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = await person.api("GET", f"/api/sync/{room_id}/operations", from_version=after, limit=_PAGE)
        entries += page["operations"]
        after = page["next"]
    return entries


async def stores(person: Person, room_id: str, document: str) -> None:
    """Wait until the server has this document."""

    async def is_stored() -> bool:
        return await person.text(room_id) == document

    await until(is_stored)
