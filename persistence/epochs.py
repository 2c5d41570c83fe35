"""The owner epoch of a room that stands in for an earlier one of its id: higher than that of any owner it ever had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlmodel.ext.asyncio.session import AsyncSession

_FRESH: Final = text("""
    SELECT greatest(CAST(:stored AS bigint), CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)) + 1
""")


async def fresh_epoch(session: AsyncSession, stored: int = 0) -> int:
    """An epoch that nobody had. `stored` is that of the room as it stands, 0 where there is none.

    A room that was deleted leaves no epoch behind, and an owner that knows nothing of the deletion may still live. But
    epochs rise by one with each activation, which takes far more than a millisecond; so the milliseconds since 1970 are
    above all that were ever counted, and above those of earlier rooms.
    """
    row = (await (await session.connection()).execute(_FRESH, {"stored": stored})).one()
    return int(row[0])
