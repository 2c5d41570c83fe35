"""What a room actor is told when it is activated."""

from __future__ import annotations

from actors.core.state import RoomLimits
from actors.host.figures import RoomFigures
from persistence.exchanged import Exchanged
from persistence.telemetry.logs import LogFormat
from rayrooms.errors import InvalidError

API_CLIENT = "api."
"""Prefix of the client ids under which the server numbers edits that came by REST without a number of their own."""


def refuse_reserved(client_id: str) -> None:
    """Raise InvalidError for a client id that only the server itself may use."""
    if client_id.startswith(API_CLIENT):
        raise InvalidError(f"Client ids that begin with {API_CLIENT!r} are the server's own.")


class RoomConfig(Exchanged, frozen=True):
    """Settings of a live room; sizes in bytes or counts, times in seconds, lengths in code points."""

    limits: RoomLimits
    snapshot_every: int
    backlog_max_records: int
    backlog_max_bytes: int
    idle_after: float


class RoomProcess(Exchanged, frozen=True):
    """What the process of a blank room actor is told: where it is, who is beside it, and the settings it needs.

    Gateways are told `node_ip`, and it listens on `listen_ip`, or on the same; `persistence` and `directory` are the
    names of those actors; it has `slots` for so many rooms.
    """

    node_ip: str
    listen_ip: str
    feed_path: str
    persistence: str
    directory: str
    log_format: LogFormat
    log_level: str
    traces: str
    traces_share: float
    slots: int = 1


class Activation(Exchanged, frozen=True):
    """An order to own a room under `epoch`; gateways must show `secret` on the link."""

    room_id: str
    epoch: int
    secret: str


class RoomAddress(Exchanged, frozen=True):
    """Where a room lives: what the directory hands to gateways."""

    room_id: str
    host: str
    port: int
    epoch: int
    secret: str
    pid: int
    node_id: str


class HostStatus(Exchanged, frozen=True):
    """What an actor says of itself: its room if it has one, how many sessions are in it, and when it was last edited.

    `last_edit` is unix time; `figures` are those of the room.
    """

    pid: int
    node_id: str
    address: RoomAddress | None
    sessions: int
    last_edit: float
    figures: RoomFigures | None = None
