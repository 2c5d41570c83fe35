"""Keeps users' stored status true to whether they are connected here."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import TYPE_CHECKING

from persistence.repositories import UserRepository
from rayrooms.errors import RayroomsError

if TYPE_CHECKING:
    from persistence.database import Database
    from rayrooms.protocol import Status
    from serve.auth.tokens import Identity

logger = logging.getLogger(__name__)

_GATHER = 0.2
"""Seconds for which changes are gathered: nobody who comes in waits behind the note that they did."""


class OnlineUsers:
    """Counts the connections of each user at this gateway and writes status and last seen when that changes.

    Changes of one moment are written together and only the last of each user, so a reload costs nothing. A database
    that is away is not waited for: the next change of the same user mends it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connections: Counter[str] = Counter()
        self._changed: dict[str, Status] = {}
        self._writing: asyncio.Task[None] | None = None

    def connections(self, user_id: str) -> int:
        """How many connections the user has at this gateway."""
        return self._connections[user_id]

    def came(self, identity: Identity) -> None:
        """A connection proved to be this user's."""
        self._connections[identity.user_id] += 1
        if self._connections[identity.user_id] == 1:
            self._note(identity.user_id, "online")

    def went(self, identity: Identity) -> None:
        """One of the user's connections is gone."""
        self._connections[identity.user_id] -= 1
        if self._connections[identity.user_id] <= 0:
            del self._connections[identity.user_id]
            self._note(identity.user_id, "offline")

    def _note(self, user_id: str, status: Status) -> None:
        self._changed[user_id] = status
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while self._changed:
            await asyncio.sleep(_GATHER)
            changed, self._changed = self._changed, {}
            try:
                async with self._database.session() as session:
                    await UserRepository(session).set_statuses(changed)
            except RayroomsError as error:
                about = {"code": error.code}
                logger.info("the status of %d users was not stored: %s", len(changed), error, extra=about)
