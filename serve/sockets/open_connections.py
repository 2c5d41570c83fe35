"""The connections that a gateway holds, of every kind, so that all can be told when it goes."""

from __future__ import annotations

import asyncio
import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from serve.sockets.connection import going_away

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serve.sockets.connection import Connection

_LEAST: Final = 10
_PAUSE: Final = 0.1
_WITHIN: Final = 10.0


class OpenConnections:
    """All connections between handshake and end."""

    def __init__(self) -> None:
        self._open: set[Connection] = set()

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def holding(self, connection: Connection) -> Iterator[None]:
        """Count a connection as open within the block."""
        self._open.add(connection)
        try:
            yield
        finally:
            self._open.discard(connection)

    async def send_away(self, reason: str) -> None:
        """Tell every connection that this server goes, and close it so that its client comes back elsewhere.

        A few at a time, each served until it is its turn: to let all of them in at once would keep the others waiting,
        who have to do it. At most 10 seconds in all; connections that are made meanwhile are sent away as well.
        """
        payload = going_away(reason)
        portion = max(_LEAST, math.ceil(len(self._open) * _PAUSE / _WITHIN))
        while staying := [connection for connection in self._open if not connection.closed]:
            for connection in staying[:portion]:
                connection.send_away(payload, reason)
            if len(staying) > portion:
                await asyncio.sleep(_PAUSE)
