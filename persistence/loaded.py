"""A room as loaded: what the persistence actor hands to a room actor, in a module that needs no database client."""

from __future__ import annotations

import msgspec

from persistence.exchanged import Exchanged
from rayrooms.protocol import ChatMessage


class LoggedOp(msgspec.Struct, frozen=True):
    """One committed operation. `op` is its JSON in invertible form; `at` is unix time in seconds.

    Pickled by position: a log of five thousand would take long by names.
    """

    version: int
    op: bytes
    user_id: str
    client_id: str
    seq: int
    epoch: int
    at: float


class LoadedRoom(Exchanged, frozen=True):
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
    log: list[LoggedOp] = msgspec.field(default_factory=list)
    clients: dict[str, tuple[int, int, str]] = msgspec.field(default_factory=dict)
    messages: list[ChatMessage] = msgspec.field(default_factory=list)
