"""One connection's presence in one room, as its gateway keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from actors.link.client import RoomLink
    from rayrooms.protocol import Role
    from serve.sockets.connection import Connection
    from serve.sockets.hub import RoomHub

_to_json = msgspec.json.Encoder().encode


class Joining(NamedTuple):
    """What a client said of itself when it joined: the commit that it holds, and the ref of its message."""

    version: int | None
    version_epoch: int | None
    ref: int | None


class RoomSession:
    """One connection's presence in one room."""

    __slots__ = (
        "asked",
        "attached",
        "client_id",
        "client_id_json",
        "colour",
        "connection",
        "hub",
        "joining",
        "role",
        "sid",
    )

    def __init__(self, sid: int, hub: RoomHub, connection: Connection, client_id: str, role: Role, colour: str) -> None:
        self.sid = sid
        self.hub = hub
        self.connection = connection
        self.client_id = client_id
        self.client_id_json = _to_json(client_id)
        self.role = role
        self.colour = colour
        self.attached = False
        self.asked: RoomLink | None = None
        """The link over which it asked to be let in."""
        self.joining: Joining | None = None
        """What it joined with, until it has been let in for the first time."""

    @property
    def room_id(self) -> str:
        """The room that it is in."""
        return self.hub.room_id
