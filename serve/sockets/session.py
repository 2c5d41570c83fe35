"""One connection's presence in one room, as its gateway keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from actors.link.client import RoomLink
    from rayrooms.protocol import Role
    from serve.auth.tokens import Identity
    from serve.sockets.connection import Connection
    from serve.sockets.hub import RoomHub

_to_json = msgspec.json.Encoder().encode


class Standing(NamedTuple):
    """What the owner is told when it is asked to let a session in: the commit that its client holds.

    At first the client itself said so, in the message of that `ref`. After a change of owner the gateway knows.
    """

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
        "identity",
        "marked",
        "role",
        "sid",
        "standing",
        "timed_from",
        "timed_seq",
    )

    def __init__(
        self,
        sid: int,
        hub: RoomHub,
        connection: Connection,
        identity: Identity,
        client_id: str,
        role: Role,
        colour: str,
        standing: Standing,
    ) -> None:
        self.sid = sid
        self.hub = hub
        self.connection = connection
        self.identity = identity
        self.client_id = client_id
        self.client_id_json = _to_json(client_id)
        self.role = role
        self.colour = colour
        self.attached = False
        self.marked = 0
        """The version up to which it was last told that all is durable."""
        self.asked: RoomLink | None = None
        """The link over which it asked to be let in."""
        self.standing = standing
        """Where its client stands, up to date while it is not attached."""
        self.timed_seq: int | None = None
        """The edit whose way to its acknowledgement is being timed; one at a time."""
        self.timed_from = 0.0

    @property
    def room_id(self) -> str:
        """The room that it is in."""
        return self.hub.room_id
