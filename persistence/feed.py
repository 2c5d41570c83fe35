"""What flows between a room (or a gateway) and its node's persistence actor: the durable feed.

The feed is a Unix stream socket at `feed_path(...)`: frames of a 4-byte little-endian length and a msgpack array of
messages. What a process has written to the socket outlives the process, which is what makes an acknowledged edit
survive the kill of its room (guarantee G4). Each record carries `n`, its place in the sender's feed, starting at 1
and without gaps; `Durable.n` answers with the highest n such that all records up to it are in Postgres. A sender keeps
its records until they are durable and sends them again, with the same n, on a new connection; writing a record twice
changes nothing.
"""

from __future__ import annotations

from pathlib import Path

import msgspec


class _Message(msgspec.Struct, tag=True, array_like=True):
    """Base of all feed messages: tagged by class name, fields as a msgpack array."""


class Hello(_Message):
    """First message of a sender. A gateway's feed has room_id "" and epoch 0 and may carry only MemberSeen records."""

    room_id: str
    epoch: int
    sender: str


class Op(_Message):
    """A committed operation. `op` is its JSON text in invertible form (deletes carry their text); `at` is unix time."""

    n: int
    version: int
    op: bytes
    user_id: str
    client_id: str
    seq: int
    at: float


class Snapshot(_Message):
    """The whole document at `version`, committed under `version_epoch`.

    `clients` maps client_id to its last edit (seq, version, user_id).
    """

    n: int
    version: int
    version_epoch: int
    content: str
    clients: dict[str, tuple[int, int, str]]
    at: float


class Message(_Message):
    """A chat message as it now stands (a later record with the same id replaces it), written at unix time `at`."""

    n: int
    id: str
    user_id: str
    name: str
    content: str
    reply_to: str | None
    reactions: dict[str, list[str]]
    edited: bool
    deleted: bool
    at: float


class Conflict(_Message):
    """Two concurrent operations touched the same place: `kind` such as "insert-insert", by their versions."""

    n: int
    version: int
    other_version: int
    user_id: str
    other_user_id: str
    kind: str
    strategy: str
    at: float


class MemberSeen(_Message):
    """A member was active in a room at unix time `at`; `active` is whether they are connected now."""

    n: int
    room_id: str
    user_id: str
    active: bool
    at: float


Record = Op | Snapshot | Message | Conflict | MemberSeen
ToWriter = Hello | Op | Snapshot | Message | Conflict | MemberSeen


class Welcome(_Message):
    """The writer accepted the Hello."""


class Durable(_Message):
    """All records of this feed up to `n` are in Postgres."""

    n: int


class Fenced(_Message):
    """The room has a newer owner (`epoch`): nothing of this feed is written any more and its sender must end itself."""

    epoch: int


FromWriter = Welcome | Durable | Fenced


def feed_path(runtime_dir: str) -> Path:
    """The socket of this node's persistence actor."""
    return Path(runtime_dir) / "feed.sock"
