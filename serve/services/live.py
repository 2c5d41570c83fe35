"""How services reach live rooms: the interface only; what stands behind it talks to directory and room actors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from rayrooms.protocol import Operation, Role

if TYPE_CHECKING:
    from rayrooms.protocol import ChatMessage, Participant


class LiveState(msgspec.Struct, frozen=True):
    """A live room as it stands in memory; `last_update` is unix time in seconds, None before the first commit."""

    content: str
    version: int
    epoch: int
    last_update: float | None
    pid: int
    node_ip: str


class LiveOp(msgspec.Struct, frozen=True):
    """A commit in a live room's log window: `op` is in invertible form, `at` is unix time in seconds."""

    version: int
    op: Operation
    user_id: str
    client_id: str
    seq: int
    at: float


class RestEdit(msgspec.Struct, frozen=True):
    """An edit that came over REST.

    Without a `version` it applies to the current one; without `client_id` and `seq` a repeat is a new edit.
    """

    user_id: str
    name: str
    role: Role
    op: Operation
    version: int | None = None
    client_id: str | None = None
    seq: int | None = None


class Committed(msgspec.Struct, frozen=True):
    """The version that an edit became, and when (unix time in seconds)."""

    version: int
    at: float


class LiveRooms(Protocol):
    """The live rooms of the cluster. All methods raise UnavailableError when a room or the directory cannot answer."""

    async def peek(self, room_id: str) -> LiveState | None:
        """The room's state, or None when it is asleep; never wakes it."""

    async def tail(self, room_id: str, after: int, upto: int | None) -> list[LiveOp] | None:
        """What memory holds of the commits in (after, upto], ascending; None when the room is asleep.

        Starts later than `after + 1` when the log window is shorter; what left the window is in Postgres.
        """

    async def messages(self, room_id: str) -> list[ChatMessage] | None:
        """The chat tail in memory, oldest first; None when the room is asleep."""

    async def participants(self, room_id: str) -> list[Participant] | None:
        """The connected sessions; None when the room is asleep."""

    async def submit(self, room_id: str, edit: RestEdit) -> Committed:
        """Commit an edit as a live one: connected editors see it. Wakes the room. Raises what the room refuses with."""

    async def snapshot(self, room_id: str) -> None:
        """Write a snapshot; returns once it is durable. Wakes the room."""

    async def member_changed(self, room_id: str, user_id: str, role: Role | None) -> None:
        """Tell the room of a member's new role; None: removed, their sessions are closed. No-op when asleep."""

    async def room_deleted(self, room_id: str) -> None:
        """End the live room without writing and close its sessions. No-op when asleep."""

    async def directory_ok(self) -> None:
        """Raises UnavailableError when the directory of rooms does not answer."""
