"""A client that follows a trace: it takes in what it received only when its recorded author had seen it. Pure."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from rayrooms import text
from rayrooms.client.events import EditRefused, TextChanged
from rayrooms.client.state import ClientState
from rayrooms.protocol import Acked, Change, Changes, ChangesData, RoomJoined

if TYPE_CHECKING:
    from rayrooms.protocol import AnyClientEvent, AnyServerEvent, Operation

_UNBOUNDED = 1_000_000_000
"""Edits in flight: each is to be sent at once and as itself, since a full window would compose those that wait."""


class ReplayError(Exception):
    """The server did what no replay can come to terms with; the message says what."""


class _Hidden(NamedTuple):
    """Someone's commit that the client has taken in and its author has not seen, upon the author's text."""

    client_id: str
    seq: int
    op: Operation


class Author:
    """A client of the library, and an author in front of it who looks up less often.

    What arrives waits in order, and `see` takes in as much of it as the author is to see: edits made before are sent
    with the version before, so they are as concurrent in the room as they were when recorded. A room that comes back
    from a crash brings a client up to date whatever its author has seen; then the author is spared what came too
    early: edits are carried over it on their way to the client.
    """

    def __init__(self, room_id: str, client_id: str) -> None:
        self.client_id = client_id
        self.state = ClientState(room_id, new_client_id=_no_other_id, client_id=client_id, window=_UNBOUNDED)
        self.recoveries = 0
        self._waiting: deque[Change] = deque()
        self._hidden: deque[_Hidden] = deque()
        self._seen: dict[str, int] = {}

    @property
    def last_seq(self) -> int:
        """The number of the last edit made, which is how many there are in the room's log once all are committed."""
        return self.state.replica.last_seq

    # -------------------------------------------------------------- the author

    def see(self, client_id: str, seq: int) -> bool:
        """Let the author see all up to that client's edit `seq`, if it has arrived; whether it has."""
        while self._seen.get(client_id, 0) < seq:
            if self._hidden:
                shown = self._hidden.popleft()
                self._seen[shown.client_id] = shown.seq
            elif self._waiting:
                self._take(self._waiting.popleft(), show=True)
            else:
                return False
        self._take_own()
        return True

    def see_all(self) -> None:
        """Let the author see everything that has arrived."""
        while self._hidden:
            shown = self._hidden.popleft()
            self._seen[shown.client_id] = shown.seq
        while self._waiting:
            self._take(self._waiting.popleft(), show=True)

    def edit(self, op: Operation) -> None:
        """Make an edit upon the text that the author sees. Raises InvalidError when it does not fit.

        One that only deletes what is gone already is none.
        """
        for _ in range(len(self._hidden)):
            hidden = self._hidden.popleft()
            self._hidden.append(hidden._replace(op=text.transform(hidden.op, op, "right")))
            op = text.transform(op, hidden.op, "left")
        if not text.is_noop(op):
            self.state.edit(op)
            self._own_events()

    # -------------------------------------------------------------- the connection

    def receive(self, message: AnyServerEvent) -> list[Change]:
        """A message of the server. Returns the commits in it, for whoever times their arrival.

        Raises ReplayError when the room's history turns out to be another than the one told so far.
        """
        match message:
            case Changes(data=data):
                changes = data.changes
            case Acked(data=data):
                changes = [Change(version=ack.version, client_id=self.client_id, seq=ack.seq) for ack in data.acks]
            case RoomJoined():
                return self._joined(message)
            case _:
                self.state.receive(message)
                self._own_events()
                changes = []
        if self.state.phase == "joined":
            self._waiting.extend(changes)
            self._take_own()
        else:
            self._waiting.clear()  # the answer to the next join brings them again
        return changes

    def take_outbox(self) -> list[AnyClientEvent]:
        """The messages to send since the last call, in order."""
        return self.state.take_outbox()

    def _joined(self, message: RoomJoined) -> list[Change]:
        data = message.data
        if self._knows_room and data.content is not None:
            raise ReplayError(
                f"The room came back at version {data.version} without all that it had told client {self.client_id}."
            )
        self.recoveries += self._knows_room
        changes = data.operations
        if self.state.phase == "joined":
            while self._waiting:
                self._take(self._waiting.popleft(), show=False)
            for change in changes:
                self._take(change, show=False)
            data.operations = []
            self.state.receive(message)
            self._own_events()
        else:
            self._waiting.clear()
            self._rejoined(message)
        return changes

    def _rejoined(self, message: RoomJoined) -> None:
        """The answer to an own request: it leads on from the version taken in last, all in one."""
        theirs = [
            change
            for change in message.data.operations
            if change.client_id != self.client_id and change.version > self.state.version
        ]
        self.state.receive(message)
        ops = [event.op for event in self.state.take_events() if isinstance(event, TextChanged)]
        if message.data.content is None:
            if len(ops) != len(theirs):
                raise ReplayError(f"Client {self.client_id} cannot tell whose change is whose after it rejoined.")
            self._hidden.extend(
                _Hidden(change.client_id, change.seq, op) for change, op in zip(theirs, ops, strict=True)
            )

    # -------------------------------------------------------------- parts

    @property
    def _knows_room(self) -> bool:
        return self.state.session_id is not None

    def _take_own(self) -> None:
        """Acknowledgements show the author nothing, so they need not wait."""
        while self._waiting and self._waiting[0].client_id == self.client_id:
            self._take(self._waiting.popleft(), show=True)

    def _take(self, change: Change, *, show: bool) -> None:
        """Hand one commit to the client; unless it is shown to the author too, remember what it did to the text."""
        known = change.version <= self.state.version
        self.state.receive(Changes(data=ChangesData(room_id=self.state.room_id, changes=[change])))
        if self.state.phase == "astray":
            raise ReplayError(
                f"Client {self.client_id} at version {self.state.version} cannot take in version {change.version}."
            )
        op: Operation = []
        for event in self.state.take_events():
            if isinstance(event, TextChanged):
                op = event.op
        if known or change.client_id == self.client_id:
            return
        if show:
            self._seen[change.client_id] = change.seq
        else:
            self._hidden.append(_Hidden(change.client_id, change.seq, op))

    def _own_events(self) -> None:
        for event in self.state.take_events():
            if isinstance(event, EditRefused):
                raise ReplayError(f"The room refused an edit of client {self.client_id}: {event.error}.")


def _no_other_id() -> str:
    raise ReplayError("The room has more edits of a client than that client made.")
