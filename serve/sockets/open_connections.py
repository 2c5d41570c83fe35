"""The connections that a gateway holds, of every kind, so that all can be told when it goes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rayrooms import protocol
from serve.sockets.payload import Payload
from serve.sockets.tally import GatewayTally

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serve.sockets.connection import Connection

SERVICE_RESTART = 1012
"""Close code of a server that goes: the client comes back, here or elsewhere."""


class OpenConnections:
    """All connections between handshake and end."""

    def __init__(self, tally: GatewayTally | None = None) -> None:
        self.tally = tally or GatewayTally()
        self._open: set[Connection] = set()

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
        payload = Payload.of(protocol.GoingAway(data=protocol.GoingAwayData(reason=reason)))
        for connection in list(self._open):
            connection.deliver(payload)
            connection.close(SERVICE_RESTART, reason)
