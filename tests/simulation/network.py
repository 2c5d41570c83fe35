"""The modelled network: a first-in-first-out channel each way for a connection, which may be cut at any time."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from rayrooms.codec import codec_for
from rayrooms.protocol import SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK, CodeChange
from tests.simulation.host import Connection

if TYPE_CHECKING:
    from rayrooms.client.state import ClientState
    from rayrooms.protocol import AnyClientEvent
    from tests.simulation.host import RoomHost

_JSON, _MSGPACK = codec_for(SUBPROTOCOL_JSON), codec_for(SUBPROTOCOL_MSGPACK)


class Wire:
    """One connection between a client and the host. All that passes is encoded and decoded, so nothing is shared."""

    def __init__(self, connection: Connection, number: int) -> None:
        self.connection = connection
        self._codec = _MSGPACK if number % 2 else _JSON
        self._up: deque[bytes | str] = deque()
        self._down: deque[bytes | str] = deque()
        self._carried: list[tuple[int, bytes | str]] = []
        self.is_cut = False

    def put(self, messages: list[AnyClientEvent]) -> None:
        """The client has written these."""
        if not self.is_cut:
            self._up.extend(self._codec.encode(message) for message in messages)

    def _collect(self) -> None:
        written, self.connection.outbox = self.connection.outbox, []
        if not self.is_cut:
            self._down.extend(self._codec.encode(message) for message in written)

    def carry_up(self, host: RoomHost, count: int) -> int:
        """Bring up to `count` messages to the host; returns how many there were."""
        carried = 0
        while self._up and carried < count:
            frame = self._up.popleft()
            self._carried.append((self.connection.sid, frame))
            host.receive(self.connection, self._codec.decode_client(frame))
            carried += 1
        return carried

    def carry_down(self, state: ClientState, count: int) -> int:
        """Bring up to `count` messages to the client; returns how many there were."""
        self._collect()
        carried = 0
        while self._down and carried < count:
            state.receive(self._codec.decode_server(self._down.popleft()))
            carried += 1
        return carried

    def cut(self, keep_up: float, keep_down: float) -> None:
        """Lose all but the first part of what is under way either way, and all that is written from now on."""
        self._collect()
        self.is_cut = True
        for queue, keep in ((self._up, keep_up), (self._down, keep_down)):
            for _ in range(len(queue) - int(len(queue) * keep)):
                queue.pop()

    def repeat(self, host: RoomHost, count: int) -> None:
        """Some of the last edits reach the room a second time, each for the session that it was first brought to."""
        for sid, frame in self._carried[-count:]:
            message = self._codec.decode_client(frame)
            if isinstance(message, CodeChange):
                host.receive(Connection(self.connection.user, sid, self.connection.client_id), message)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._up and not self._down and not self.connection.outbox
