"""What a room says, delivered to its sessions at this gateway: encoded once, however many they are."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rayrooms import protocol
from serve.sockets.frames import CommitFrames
from serve.sockets.payload import Payload

if TYPE_CHECKING:
    from actors.link import messages as link
    from serve.sockets.session import RoomSession
    from serve.sockets.tally import GatewayTally

_SOON = 1.0
"""Seconds within which those are told what is durable who did not write it."""


class FanOut:
    """Delivers to those of `sessions` (by sid, kept by its owner) whom the room has let in."""

    def __init__(self, room_id: str, sessions: dict[int, RoomSession], tally: GatewayTally) -> None:
        self._room_id = room_id
        self._sessions = sessions
        self._frames = CommitFrames(room_id)
        self._tally = tally
        self._owed: dict[int, int] = {}
        """The last version of each author that is not known to be durable."""
        self._durable = 0
        self._telling_others: asyncio.TimerHandle | None = None

    def commits(self, commits: list[link.Commit]) -> None:
        """All commits of a batch go to each socket in one frame, and one encoding serves all who wrote none of them."""
        sessions, tally = self._sessions, self._tally
        own = {commit.sid: commit.version for commit in commits if commit.sid in sessions}
        self._owed |= own
        told = 0
        shared: Payload | None = None
        for session in list(sessions.values()):
            if not session.attached:
                continue
            told += 1
            if session.sid in own:
                session.connection.deliver(self._frames.for_author(session, commits))
                if session.timed_seq is not None:
                    tally.answered(session, commits)
            else:
                if shared is None:
                    shared = self._frames.for_reader(commits)
                session.connection.deliver(shared)
        edits = sum(commit.sid in own for commit in commits)
        tally.edits += edits
        tally.changes_sent += max(0, told * len(commits) - edits)

    def broadcast(self, event: link.Broadcast) -> None:
        """Tell all but one."""
        payload = Payload(event.payload)
        for session in list(self._sessions.values()):
            if session.attached and session.sid != event.but:
                session.connection.deliver(payload)
                self._tally.signals_sent += 1

    def mark(self, event: link.Mark) -> None:
        """Tell those what is durable who wait for it; all others soon, with what is durable then."""
        self._durable = event.version
        owed = [session for sid in self._owed if (session := self._sessions.get(sid)) is not None]
        self._tell_durable(owed)
        self._owed = {sid: version for sid, version in self._owed.items() if version > event.version}
        if self._telling_others is None and len(owed) < len(self._sessions):
            self._telling_others = asyncio.get_running_loop().call_later(_SOON, self._tell_others)

    def attached(self, session: RoomSession, version: int) -> None:
        """The room has let a session in at a version, which may be its client's own from before."""
        self._owed[session.sid] = version

    def _tell_others(self) -> None:
        self._telling_others = None
        self._tell_durable(list(self._sessions.values()))

    def _tell_durable(self, sessions: list[RoomSession]) -> None:
        version = self._durable
        payload: Payload | None = None
        for session in sessions:
            if session.attached and session.marked != version:
                session.marked = version
                if payload is None:
                    data = protocol.DurableData(room_id=self._room_id, version=version)
                    payload = Payload.of(protocol.Durable(data=data))
                session.connection.deliver(payload)
                self._tally.marks_sent += 1

    def close(self) -> None:
        """Nobody is here any more."""
        if self._telling_others is not None:
            self._telling_others.cancel()
            self._telling_others = None

    def to_one(self, sid: int, payload: bytes) -> None:
        """Tell one session, let in or not."""
        session = self._sessions.get(sid)
        if session is not None:
            session.connection.deliver(Payload(payload))
            self._tally.told_by_room(session, payload)
