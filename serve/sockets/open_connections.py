"""The connections that a gateway holds, of every kind, so that all can be told when it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serve.sockets.tally import GatewayTally

if TYPE_CHECKING:
    from serve.sockets.connection import Connection


class OpenConnections:
    """All connections between handshake and end."""

    def __init__(self, tally: GatewayTally | None = None) -> None:
        self.tally = tally or GatewayTally()
        self._open: set[Connection] = set()

    def __len__(self) -> int:
        return len(self._open)

    def hold(self, connection: Connection) -> None:
        """Count a connection as open."""
        self._open.add(connection)
        self.tally.opened[connection.transport] += 1
        self.tally.open[connection.transport] += 1

    def drop(self, connection: Connection) -> None:
        """It has ended."""
        self._open.remove(connection)
        self.tally.open[connection.transport] -= 1

    def leave_all(self) -> None:
        """Tell every connection that this server goes, and close it so that its client comes back elsewhere."""
        for connection in list(self._open):
            connection.leave()
