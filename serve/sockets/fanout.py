"""What a room says, delivered to its sessions at this gateway: encoded once, however many they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rayrooms import protocol
from serve.sockets.frames import CommitFrames
from serve.sockets.payload import Payload

if TYPE_CHECKING:
    from actors.link import messages as link
    from serve.sockets.session import RoomSession
    from serve.sockets.tally import GatewayTally


class FanOut:
    """Delivers to those of `sessions` (by sid, kept by its owner) whom the room has let in."""

    def __init__(self, room_id: str, sessions: dict[int, RoomSession], tally: GatewayTally) -> None:
        self._room_id = room_id
        self._sessions = sessions
        self._frames = CommitFrames(room_id)
        self._tally = tally

    def commits(self, commits: list[link.Commit]) -> None:
        """All commits of a batch go to each socket in one frame, and one encoding serves all who wrote none of them."""
        sessions, tally = self._sessions, self._tally
        own = [commit.sid for commit in commits if commit.sid in sessions]
        authors = set(own)
        told = 0
        shared: Payload | None = None
        for session in list(sessions.values()):
            if not session.attached:
                continue
            told += 1
            if session.sid in authors:
                session.connection.deliver(self._frames.for_author(session, commits))
                if session.timed_seq is not None:
                    tally.answered(session, commits)
            else:
                if shared is None:
                    shared = self._frames.for_reader(commits)
                session.connection.deliver(shared)
        tally.edits += len(own)
        tally.changes_sent += max(0, told * len(commits) - len(own))

    def broadcast(self, event: link.Broadcast) -> None:
        """Tell all but one."""
        payload = Payload(event.payload)
        for session in list(self._sessions.values()):
            if session.attached and session.sid != event.but:
                session.connection.deliver(payload)
                self._tally.signals_sent += 1

    def mark(self, event: link.Mark) -> None:
        """Tell all what is durable."""
        data = protocol.DurableData(room_id=self._room_id, version=event.version)
        payload = Payload.of(protocol.Durable(data=data))
        for session in list(self._sessions.values()):
            if session.attached:
                session.connection.deliver(payload)
                self._tally.marks_sent += 1

    def to_one(self, sid: int, payload: bytes) -> None:
        """Tell one session, let in or not."""
        session = self._sessions.get(sid)
        if session is not None:
            session.connection.deliver(Payload(payload))
            self._tally.told_by_room(session, payload)
