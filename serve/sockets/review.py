"""Looks once more at whom a room let in: their memberships may have changed while they were on their way in.

A live room is told of each change, and those who are in it then follow. But somebody may come in right after that, with
the database's answer from right before it. A look at the database once they are in sees what was missed so.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from rayrooms.errors import NotFoundError, RayroomsError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from rayrooms.protocol import Role
    from serve.auth.access import RoomAccess
    from serve.sockets.session import RoomSession

logger = logging.getLogger(__name__)

_TOGETHER: Final = 0.1
"""Seconds in which those who come in are looked at together: a class does in one moment."""
_RETRY: Final = 1.0


class Review:
    """Of the sessions of one room at this gateway. `correct(user_id, role)` tells the room as what somebody stands."""

    def __init__(
        self,
        room_id: str,
        sessions: Mapping[int, RoomSession],
        access: RoomAccess,
        correct: Callable[[str, Role | None], Awaitable[object]],
    ) -> None:
        self._room_id = room_id
        self._sessions = sessions
        self._access = access
        self._correct = correct
        self._due: set[int] = set()
        self._looking: asyncio.Task[None] | None = None

    def of(self, session: RoomSession) -> None:
        """The room let this one in."""
        self._due.add(session.sid)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())

    def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()

    async def _look(self) -> None:
        delay = _TOGETHER
        try:
            while self._due:
                await asyncio.sleep(delay)
                delay = _TOGETHER
                sids, self._due = self._due, set()
                try:
                    await self._compare(sids)
                except NotFoundError:
                    return  # who deletes a room sends everybody out of it
                except RayroomsError as error:
                    extra = {"room_id": self._room_id, "code": error.code}
                    logger.warning("who came into room %s is looked at later: %s", self._room_id, error, extra=extra)
                    self._due |= sids
                    delay = _RETRY
        finally:
            self._looking = None

    async def _compare(self, sids: set[int]) -> None:
        people = [session.identity for session in self._here(sids)]
        if not people:
            return
        roles = await self._access.roles(self._room_id, people)
        for session in self._here(sids):
            user_id = session.identity.user_id
            if session.role != roles[user_id] and session.sid in self._sessions:
                self._due.add(session.sid)  # another change may overtake what the room is told now
                await self._correct(user_id, roles[user_id])

    def _here(self, sids: set[int]) -> list[RoomSession]:
        """Those who are in the live room. About all others the database is asked before they are."""
        here = (self._sessions.get(sid) for sid in sids)
        return [session for session in here if session is not None and session.attached]
