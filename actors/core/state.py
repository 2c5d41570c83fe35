"""What a room is made of when it is loaded, and the limits that it keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from persistence.exchanged import Exchanged

if TYPE_CHECKING:
    from actors.core.log import Commit
    from rayrooms.protocol import ChatMessage


class ClientMark(msgspec.Struct, frozen=True, gc=False):
    """The last committed edit of a client: its seq, the version it became and whose client it is."""

    seq: int
    version: int
    user_id: str


@dataclass(slots=True)
class RoomState:
    """A room as stored: the text at `version` with the log that leads there and each client's last edit.

    `log` is ascending, without gaps, and ends at `version`; `base_epoch` is the epoch of the version before its first.
    """

    room_id: str
    name: str = ""
    language: str = "text"
    max_users: int = 0
    content: str = ""
    version: int = 0
    version_epoch: int = 0
    log: list[Commit] = field(default_factory=list)
    base_epoch: int = 0
    clients: dict[str, ClientMark] = field(default_factory=dict)
    messages: list[ChatMessage] = field(default_factory=list)


class RoomLimits(Exchanged, frozen=True):
    """Bounds of a room: lengths in code points, counts, and seconds."""

    max_document: int = 5 * 1024 * 1024
    max_chat: int = 8_000
    log_window: int = 5_000
    chat_tail: int = 100
    clients_kept: int = 10_000
    typing_timeout: float = 6.0
    max_ranges: int = 64
