"""What one turn of a room produces, in order: records for the feed and messages for each link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from actors.link.messages import Broadcast, Commit, Commits, Mark
from persistence.wire import frame

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actors.link.messages import (
        Asleep,
        Attached,
        Detached,
        Drowse,
        Failure,
        Reply,
        RoleChanged,
        Stay,
        Unicast,
        Welcome,
    )
    from persistence.feed import Record

    Addressed = Attached | Detached | RoleChanged | Unicast | Reply | Failure | Welcome | Drowse | Stay | Asleep

_encode = msgspec.msgpack.Encoder().encode


def alone(message: Addressed) -> bytes:
    """A frame of one message."""
    return frame([_encode(message)])


class Pipe(Protocol):
    """One end of a room link: it takes whole frames and hands them to the kernel as it can."""

    def write(self, data: bytes) -> None: ...


class Outbox:
    """Collects the output of a turn. What goes to all links is encoded once, however many links there are."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._commits: list[Commit] = []
        self._lanes: dict[Pipe, list[bytes]] = {}

    def open(self, pipe: Pipe) -> None:
        """A link came up: it gets what is said to all from now on."""
        self._settle()
        self._lanes[pipe] = []

    def close(self, pipe: Pipe) -> None:
        self._lanes.pop(pipe, None)

    def pipes(self) -> list[Pipe]:
        return list(self._lanes)

    def commit(self, commit: Commit) -> None:
        """A commit for all links; neighbours share one message."""
        self._commits.append(commit)

    def broadcast(self, payload: bytes, but: int = 0) -> None:
        self._to_all(Broadcast(payload, but))

    def mark(self, version: int) -> None:
        self._to_all(Mark(version))

    def send(self, pipe: Pipe, message: Addressed) -> None:
        """A message for one link, in order with what goes to all."""
        self._settle()
        lane = self._lanes.get(pipe)
        if lane is not None:
            lane.append(_encode(message))

    def take(self) -> Iterable[tuple[Pipe, bytes]]:
        """The frame for each link that has something to be told, and empty the outbox (but for its records)."""
        self._settle()
        frames = []
        for pipe, lane in self._lanes.items():
            if lane:
                frames.append((pipe, frame(lane)))
                self._lanes[pipe] = []
        return frames

    def take_records(self) -> list[Record]:
        records, self.records = self.records, []
        return records

    def _settle(self) -> None:
        if self._commits:
            commits, self._commits = self._commits, []
            self._append(Commits(commits))

    def _to_all(self, message: Broadcast | Mark) -> None:
        self._settle()
        self._append(message)

    def _append(self, message: Broadcast | Mark | Commits) -> None:
        if self._lanes:
            data = _encode(message)
            for lane in self._lanes.values():
                lane.append(data)
