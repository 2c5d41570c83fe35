"""A room as loaded: what the persistence actor hands to a room actor, in a module that needs no database client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from rayrooms.protocol import ChatMessage


class LoggedOp(msgspec.Struct, frozen=True):
    """One committed operation. `op` is its JSON in invertible form; `at` is unix time in seconds."""

    version: int
    op: bytes
    user_id: str
    client_id: str
    seq: int
    epoch: int
    at: float


@dataclass(frozen=True)
class LoadedRoom:
    """A room at `version`, which was committed under `version_epoch` (0 before the first commit).

    `log` ascends without gaps and ends at `version`; it may be longer or shorter than what the snapshot needs.
    `clients` maps client_id to its last edit, `(seq, version, user_id)`, in the order of these versions. `messages`
    come oldest first.
    """

    room_id: str
    name: str
    language: str
    max_users: int
    content: str
    version: int
    version_epoch: int
    log: list[LoggedOp] = field(default_factory=list)
    clients: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    messages: list[ChatMessage] = field(default_factory=list)
