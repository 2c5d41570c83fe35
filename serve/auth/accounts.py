"""The users row behind an identity: made when someone is first seen, whoever signed their token."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from persistence.repositories import UserRepository

if TYPE_CHECKING:
    from sqlmodel.ext.asyncio.session import AsyncSession

    from persistence.tables import User
    from serve.auth.tokens import Identity

PALETTE = (
    "#b3261e",
    "#b0500a",
    "#8a6100",
    "#5c6f00",
    "#2b7a2b",
    "#007a64",
    "#00728f",
    "#1b62b8",
    "#4a52c4",
    "#7542b8",
    "#9c3492",
    "#b0305f",
)
"""Caret and name colours: each readable as text on white and under white text (contrast over 4.5)."""


def colour_of(user_id: str) -> str:
    """The colour that someone gets before they choose one: the same each time."""
    return PALETTE[zlib.crc32(user_id.encode()) % len(PALETTE)]


async def account_of(session: AsyncSession, identity: Identity) -> User:
    """The user's row; made from their token when it is not there. A changed profile wins over the token."""
    users = UserRepository(session)
    found = await users.find(identity.user_id)
    if found is not None:
        return found
    await users.upsert(identity.user_id, identity.name, identity.email, colour_of(identity.user_id))
    return await users.get(identity.user_id)
