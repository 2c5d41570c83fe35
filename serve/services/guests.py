"""Signing in by name alone, where that is enabled."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from persistence.repositories import UserRepository
from rayrooms.errors import ForbiddenError
from serve.auth.accounts import colour_of
from serve.schemas.auth import SignedIn
from serve.services.history import at_utc

if TYPE_CHECKING:
    from persistence.database import Database
    from persistence.settings import Settings
    from serve.auth.tokens import Tokens

_ID_BYTES = 8


class GuestService:
    """Each sign-in makes a new person: a name is no proof of being somebody."""

    def __init__(self, database: Database, tokens: Tokens, settings: Settings) -> None:
        self._database = database
        self._tokens = tokens
        self._enabled = settings.guests_enabled

    async def sign_in(self, name: str) -> SignedIn:
        """A token for a new guest. Raises ForbiddenError where guests are switched off."""
        if not self._enabled:
            raise ForbiddenError("Guests cannot sign in to this server.")
        user_id = f"guest-{secrets.token_hex(_ID_BYTES)}"
        async with self._database.session() as session:
            await UserRepository(session).upsert(user_id, name, None, colour_of(user_id))
        token = self._tokens.issue(user_id, name)
        return SignedIn(
            token=token,
            user_id=user_id,
            name=name,
            expires_at=at_utc(self._tokens.verify(token).expires_at),
        )
