"""Signing in by name alone, where that is enabled, and staying signed in."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from persistence.repositories import UserRepository
from rayrooms.errors import ForbiddenError
from serve.auth.accounts import account_of, colour_of
from serve.auth.tokens import GUEST_PREFIX
from serve.schemas.auth import SignedIn
from serve.services.history import at_utc

if TYPE_CHECKING:
    from persistence.database import Database
    from persistence.settings import Settings
    from serve.auth.tokens import Identity, Tokens

_ID_BYTES = 8


class GuestService:
    """Each sign-in makes a new person: a name is no proof of being somebody."""

    def __init__(self, database: Database, tokens: Tokens, settings: Settings) -> None:
        self._database = database
        self._tokens = tokens
        self._enabled = settings.guests_enabled

    async def sign_in(self, name: str) -> SignedIn:
        """A token for a new guest. Raises ForbiddenError where guests are switched off."""
        self._require_enabled()
        user_id = f"{GUEST_PREFIX}{secrets.token_hex(_ID_BYTES)}"
        async with self._database.session() as session:
            await UserRepository(session).upsert(user_id, name, None, colour_of(user_id))
        return self._signed_in(user_id, name)

    async def renew(self, identity: Identity) -> SignedIn:
        """A fresh token for a guest whose token still holds, with the name that their profile has now.

        Raises ForbiddenError where guests are switched off, and for tokens of any other issuer, whatever they claim:
        how long those hold is not ours to say.
        """
        self._require_enabled()
        if not (identity.guest and identity.user_id.startswith(GUEST_PREFIX)):
            raise ForbiddenError("Only the tokens of guests are renewed here.")
        async with self._database.session() as session:
            account = await account_of(session, identity)
        return self._signed_in(account.id, account.name)

    def _require_enabled(self) -> None:
        if not self._enabled:
            raise ForbiddenError("Guests cannot sign in to this server.")

    def _signed_in(self, user_id: str, name: str) -> SignedIn:
        token = self._tokens.issue(user_id, name, guest=True)
        return SignedIn(
            token=token,
            user_id=user_id,
            name=name,
            expires_at=at_utc(self._tokens.verify(token).expires_at),
        )
