"""The connections that a gateway holds, of every kind, so that all can be told when it goes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from serve.sockets.connection import going_away
from serve.sockets.tally import GatewayTally

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serve.sockets.connection import Connection

GATEWAY_STOPS: Final = "the gateway stops"


class OpenConnections:
    """All connections between handshake and end."""

    def __init__(self, tally: GatewayTally | None = None) -> None:
        self.tally = tally or GatewayTally()
        self._open: set[Connection] = set()

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def holding(self, connection: Connection) -> Iterator[None]:
        """Count a connection as open within the block."""
        tally, transport = self.tally, connection.transport
        self._open.add(connection)
        tally.opened[transport] += 1
        tally.open[transport] += 1
        try:
            yield
        finally:
            self._open.discard(connection)
            tally.open[transport] -= 1

    def going_away(self, reason: str) -> None:
        """Tell every connection that this server goes, and close it so that its client comes back elsewhere."""
        for connection in list(self._open):
            self.let_go(connection, reason)

    def let_go(self, connection: Connection, reason: str) -> None:
        """The same for one connection, if it is still open."""
        if connection in self._open:
            connection.send_away(going_away(reason), reason)
