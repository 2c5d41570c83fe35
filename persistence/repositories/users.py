"""Profiles: who a user id is, and what they last said of their presence."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import ARRAY, Text, cast, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from persistence.repositories.base import BaseRepository
from persistence.tables import User
from rayrooms.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rayrooms.protocol import Status


class UserRepository(BaseRepository[User]):
    table: ClassVar[type[User]] = User

    async def find(self, user_id: str) -> User | None:
        return await self._one(select(User).where(User.id == user_id))

    async def get(self, user_id: str) -> User:
        """Raise NotFoundError(user_not_found) when they never signed in."""
        user = await self.find(user_id)
        if user is None:
            raise _not_found(user_id)
        return user

    async def upsert(self, user_id: str, name: str, email: str | None, colour: str) -> None:
        """Make the profile, or bring its name, email and colour up to date; status and last_seen stay."""
        profile = {"name": name, "email": email, "colour": colour}
        await self._session.exec(
            insert(User).values(id=user_id, **profile).on_conflict_do_update(index_elements=["id"], set_=profile)
        )

    async def set_status(self, user_id: str, status: Status) -> None:
        """Set the status, and last_seen to now; raises NotFoundError(user_not_found)."""
        changed = await self._session.exec(
            update(User)
            .where(col(User.id) == user_id)
            .values(status=status, last_seen=func.now())
            .returning(col(User.id))
        )
        if changed.first() is None:
            raise _not_found(user_id)

    async def set_statuses(self, statuses: Mapping[str, Status]) -> None:
        """Set the status of several, in one statement; whoever is not there is left out."""
        said = (
            func.unnest(cast(list(statuses), ARRAY(Text)), cast(list(statuses.values()), ARRAY(Text)))
            .table_valued("user_id", "status")
            .render_derived(name="said")
        )
        # Rows are locked in one order, whichever gateways write at once.
        rows = select(col(User.id)).where(col(User.id).in_(list(statuses))).order_by(col(User.id)).with_for_update()
        await self._session.exec(rows)
        await self._session.exec(
            update(User).where(col(User.id) == said.c.user_id).values(status=said.c.status, last_seen=func.now())
        )


def _not_found(user_id: str) -> NotFoundError:
    return NotFoundError(f"There is no user {user_id}.", code="user_not_found")
