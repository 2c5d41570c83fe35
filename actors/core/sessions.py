"""The connected sessions of a room: who is here, where their cursors are, who is typing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rayrooms import text
from rayrooms.protocol import Cursor, Participant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actors.core.bridge import Bridge
    from actors.core.log import Log
    from rayrooms.protocol import Range, Role, Status


@dataclass(slots=True)
class User:
    """Who acts, as the gateway vouches for it."""

    user_id: str
    name: str
    colour: str
    role: Role
    verified: bool = False


@dataclass(slots=True)
class Session:
    """One attachment of a client to the room. `sid` is unique among all gateways, never 0."""

    sid: int
    user: User
    client_id: str
    bridge: Bridge
    status: Status = "online"
    typing_until: float = 0.0
    ranges: list[Range] = field(default_factory=list)
    ranges_version: int = 0

    @property
    def session_id(self) -> str:
        """The session's name on the wire."""
        return f"{self.sid:x}"


class Sessions:
    """All sessions by sid, with the client ids that they hold."""

    def __init__(self) -> None:
        self._by_sid: dict[int, Session] = {}
        self._by_client: dict[str, Session] = {}

    def __len__(self) -> int:
        return len(self._by_sid)

    def __iter__(self) -> Iterator[Session]:
        return iter(self._by_sid.values())

    def get(self, sid: int) -> Session | None:
        return self._by_sid.get(sid)

    def holder(self, client_id: str) -> Session | None:
        """The session that holds `client_id` now."""
        return self._by_client.get(client_id)

    def add(self, session: Session) -> None:
        self._by_sid[session.sid] = session
        self._by_client[session.client_id] = session

    def remove(self, sid: int) -> Session | None:
        session = self._by_sid.pop(sid, None)
        if session is not None and self._by_client.get(session.client_id) is session:
            del self._by_client[session.client_id]
        return session

    def user_ids(self) -> set[str]:
        """The distinct users who are here."""
        return {session.user.user_id for session in self}

    def expire_typing(self, now: float) -> list[Session]:
        """End the typing of those who did not renew it; returns them."""
        over = [session for session in self if 0 < session.typing_until <= now]
        for session in over:
            session.typing_until = 0.0
        return over


def carry(session: Session, log: Log) -> None:
    """Bring a session's selections to the head of the log.

    Done when somebody asks rather than at every commit, since most commits come between two looks. `carry_all` keeps
    the distance within the log's window.
    """
    if session.ranges and session.ranges_version < log.head:
        start = max(session.ranges_version, log.base)
        for commit in log.after(start):
            own = commit.client_id == session.client_id
            session.ranges = [text.transform_range(item, commit.op, own=own) for item in session.ranges]
    session.ranges_version = log.head


def participant(session: Session, log: Log, now: float) -> Participant:
    """What others see of a session, its cursor right for the head of the log."""
    carry(session, log)
    user = session.user
    return Participant(
        session_id=session.session_id,
        user_id=user.user_id,
        name=user.name,
        colour=user.colour,
        role=user.role,
        status=session.status,
        typing=session.typing_until > now,
        cursor=Cursor(version=log.head, ranges=session.ranges) if session.ranges else None,
        verified=user.verified,
    )
