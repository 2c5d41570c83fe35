"""People: their profile, and whether they are there."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from persistence.repositories import PersonalRepository, UserRepository
from serve.auth.accounts import account_of
from serve.auth.roles import require_self
from serve.schemas.users import Profile, UserStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from persistence.database import Database
    from persistence.tables import User
    from rayrooms.protocol import Status
    from serve.auth.tokens import Identity
    from serve.schemas.users import ProfileChange
    from serve.services.live import LiveRooms

STATEMENT_HOLDS = timedelta(minutes=5)
"""How long a status holds that someone set; after that their connections tell."""
_ROOMS_ASKED = 20


class UserService:
    """Everyone sees and changes only themselves."""

    def __init__(self, database: Database, live: LiveRooms) -> None:
        self._database = database
        self._live = live

    async def profile(self, identity: Identity, user_id: str) -> Profile:
        """Raises ForbiddenError for anyone else's."""
        require_self(identity, user_id)
        async with self._database.session() as session:
            user = await account_of(session, identity)
        return await self._profile(user)

    async def change_profile(self, identity: Identity, user_id: str, change: ProfileChange) -> Profile:
        """Change what `change` names. Memberships keep the profile as it was when they began."""
        require_self(identity, user_id)
        named = change.model_fields_set
        async with self._database.session() as session:
            old = await account_of(session, identity)
            await UserRepository(session).upsert(
                user_id,
                change.name if "name" in named else old.name,
                change.email if "email" in named else old.email,
                change.colour if "colour" in named else old.colour,
            )
        return await self.profile(identity, user_id)

    async def status(self, identity: Identity, user_id: str) -> UserStatus:
        """What they said in the last minutes, else what their connections show; `last_seen`: the last sign of life."""
        require_self(identity, user_id)
        async with self._database.session() as session:
            user = await account_of(session, identity)
        return await self._status(user)

    async def set_status(self, identity: Identity, user_id: str, status: Status) -> UserStatus:
        """Say how one is there; it counts as a sign of life."""
        require_self(identity, user_id)
        async with self._database.session() as session:
            await account_of(session, identity)
            await UserRepository(session).set_status(user_id, status)
        return await self.status(identity, user_id)

    async def _profile(self, user: User) -> Profile:
        now = await self._status(user)
        return Profile(
            user_id=user.id,
            name=user.name,
            email=user.email,
            colour=user.colour,
            status=now.status,
            last_seen=now.last_seen,
            created_at=user.created_at,
        )

    async def _status(self, user: User) -> UserStatus:
        now = datetime.now(UTC)
        async with self._database.session() as session:
            personal = PersonalRepository(session)
            active = await personal.active(user.id, limit=_ROOMS_ASKED)
            last_visit = await personal.last_seen(user.id)
        shown = _combined(await asyncio.gather(*(self._shown_in(membership.room_id, user.id) for membership in active)))
        signs_of_life = [time for time in (user.last_seen, last_visit) if time is not None]
        if shown != "offline":
            signs_of_life.append(now)
        status = shown
        if user.last_seen is not None and now - user.last_seen < STATEMENT_HOLDS:
            status = cast("Status", user.status)
        return UserStatus(user_id=user.id, status=status, last_seen=max(signs_of_life, default=None))

    async def _shown_in(self, room_id: str, user_id: str) -> Status:
        """What someone's sessions in a room show; in a room that sleeps under them, that they do nothing."""
        participants = await self._live.participants(room_id)
        if participants is None:
            return "away"
        return _combined(participant.status for participant in participants if participant.user_id == user_id)


def _combined(statuses: Iterable[Status]) -> Status:
    """The liveliest of someone's statuses."""
    present = set(statuses)
    return "online" if "online" in present else "away" if "away" in present else "offline"
