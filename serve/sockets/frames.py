"""The frames that carry commits to sockets, put together from pieces that the room has encoded already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from serve.sockets.payload import Payload

if TYPE_CHECKING:
    from actors.link.messages import Commit
    from serve.sockets.session import RoomSession

_to_json = msgspec.json.Encoder().encode


class CommitFrames:
    """Makes `code_change` and `ack` frames for one room."""

    def __init__(self, room_id: str) -> None:
        room = _to_json(room_id)
        self._head = b'{"event":"code_change","data":{"room_id":' + room + b',"changes":['
        self._ack_head = b'{"event":"ack","data":{"room_id":' + room + b',"client_id":'

    def for_reader(self, commits: list[Commit]) -> Payload:
        """All commits of a batch in one frame: the same for everybody who wrote none of them."""
        return Payload(self._head + b",".join([commit.change for commit in commits]) + b"]}}")

    def for_author(self, session: RoomSession, commits: list[Commit]) -> Payload:
        """The author's own commits come as acknowledgements: in an `ack` when there are no others, else in between."""
        sid, client = session.sid, session.client_id_json
        if all(commit.sid == sid for commit in commits):
            acks = b",".join([b'{"version":%d,"seq":%d}' % (commit.version, commit.seq) for commit in commits])
            return Payload(self._ack_head + client + b',"acks":[' + acks + b"]}}")
        changes = [
            b'{"version":%d,"client_id":%b,"seq":%d}' % (commit.version, client, commit.seq)
            if commit.sid == sid
            else commit.change
            for commit in commits
        ]
        return Payload(self._head + b",".join(changes) + b"]}}")
