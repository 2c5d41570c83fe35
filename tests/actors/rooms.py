"""Room cores and the people in them, for the tests here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.core.log import Commit
from actors.core.room import RoomCore
from actors.core.sessions import User
from actors.core.state import RoomLimits, RoomState
from rayrooms import text

if TYPE_CHECKING:
    from rayrooms.protocol import Operation, Role

NOW = 1_000_000.0
ADA, BOB, EVE = 1, 2, 3
"""Session ids."""


def user(user_id: str, role: Role = "member") -> User:
    return User(user_id=user_id, name=user_id.title(), colour="#336699", role=role)


def stored(*operations: Operation, epoch: int = 1, client_id: str = "past") -> RoomState:
    """A room as it is loaded, made by these operations, the whole log at hand."""
    content, log = "", []
    for version, made in enumerate(operations, start=1):
        content, op = text.apply_checked(content, made)
        log.append(Commit(version, op, "past", client_id, version, epoch, NOW - 100 + version))
    return RoomState(
        room_id="room", name="A room", content=content, version=len(log), version_epoch=epoch if log else 0, log=log
    )


def room(state: RoomState | None = None, *, epoch: int = 2, limits: RoomLimits | None = None) -> RoomCore:
    """A room that nobody is in yet."""
    return RoomCore(state or RoomState(room_id="room"), epoch=epoch, limits=limits or RoomLimits())


def enter(core: RoomCore, sid: int, user_id: str, role: Role = "member", *, version: int | None = None) -> None:
    """Let a user in with a client id of the same name, who holds this version already."""
    core.attach(sid, user(user_id, role), f"{user_id}-client", version=version, now=NOW)


def two_people(content: str = "") -> RoomCore:
    """Ada and Bob in a room that holds this text."""
    core = room(stored([content]) if content else None)
    enter(core, ADA, "ada")
    enter(core, BOB, "bob")
    return core


def edit(core: RoomCore, sid: int, op: Operation, version: int | None = None, seq: int | None = None) -> int:
    """Commit an edit; returns its version."""
    return core.edit(sid, op, version=version, seq=seq, now=NOW).version
