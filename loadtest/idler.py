"""A user who sits in a room of its own and edits now and then: a socket, a version and the text that it expects."""

from __future__ import annotations

import asyncio
import time

import msgspec

from loadtest.wire import Wire

_now = time.perf_counter
_to_json = msgspec.json.Encoder().encode


class _Own(msgspec.Struct):
    version: int
    seq: int


class _Data(msgspec.Struct):
    """The fields that matter of all events' data; commits here are own ones, since nobody else is in the room."""

    version: int = 0
    last_seq: int = 0
    content: str | None = None
    changes: list[_Own] = []
    acks: list[_Own] = []
    code: str = ""
    message: str = ""
    retry_after: float | None = None


class _Event(msgspec.Struct):
    event: str
    data: _Data


_decode = msgspec.json.Decoder(_Event).decode


class IdleUser(Wire):
    """One user, alone in its room, with one edit in flight at most.

    `moves` counts how often the room came back under another owner, `repeats` the edits that were sent again for that.
    `error` says why the user is of no use any more.
    """

    def __init__(self, room_id: str, client_id: str) -> None:
        super().__init__()
        self.room_id = room_id
        self.text = ""
        self.error: str | None = None
        self.moves = 0
        self.repeats = 0
        self._client_id = client_id
        self._version = 0
        self._seq = 0
        self._frame = b""
        """The edit in flight; empty when there is none."""
        self._waiting: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        """For the join at first, then for acknowledgements; its result is when that came."""

    async def open(self, url: str, token: str) -> None:
        """Connect and join. Raises WireError, and ConnectionError when it is not let in."""
        await self.connect(url, token)
        await self._waiting

    async def type(self, text: str) -> float:
        """Insert `text` at the start; returns the seconds from sending to the acknowledgement.

        Raises ConnectionError when that will not come. An edit that finds its room on the way to another owner is sent
        again once the room is back (rule PR-10).
        """
        if self.error:
            raise ConnectionError(self.error)
        self._seq += 1
        self._waiting = asyncio.get_running_loop().create_future()
        data = {
            "room_id": self.room_id,
            "client_id": self._client_id,
            "seq": self._seq,
            "version": self._version,
            "op": [text],
        }
        self._frame = _to_json({"event": "code_change", "data": data})
        began = _now()
        self.send(self._frame)
        took = await self._waiting - began
        self.text = text + self.text
        return took

    # -------------------------------------------------------------- reading

    def received(self, data: bytes) -> None:
        at = _now()
        event = _decode(data)
        body = event.data
        match event.event:
            case "ack":
                self._committed(body.acks, at)
            case "code_change":
                self._committed(body.changes, at)
            case "connection_response":
                join = {"room_id": self.room_id, "client_id": self._client_id}
                self.send(_to_json({"event": "join_room", "data": join}))
            case "room_joined":
                self._joined(body, at)
            case "error" if body.retry_after is not None and self._frame:
                asyncio.get_running_loop().call_later(body.retry_after, self._again)
            case "error" | "room_left":
                self._fail(f"{event.event} {body.code} {body.message}".rstrip())

    def _joined(self, body: _Data, at: float) -> None:
        if self._frame:
            self.moves += 1
            if body.last_seq >= self._seq:  # its acknowledgement was lost with the room's last owner
                self._done(body.version, at)
            else:
                self._again()
        elif self._waiting.done():
            self.moves += 1
        else:
            self._version, self.text = body.version, body.content or ""
            self._waiting.set_result(at)

    def _again(self) -> None:
        if self._frame:
            self.repeats += 1
            self.send(self._frame)

    def _committed(self, commits: list[_Own], at: float) -> None:
        for commit in commits:
            if self._frame and commit.seq == self._seq:
                self._done(commit.version, at)

    def _done(self, version: int, at: float) -> None:
        self._version, self._frame = version, b""
        if not self._waiting.done():
            self._waiting.set_result(at)

    def lost(self, why: str) -> None:
        self._fail(why)

    def _fail(self, why: str) -> None:
        self.error = self.error or f"room {self.room_id}: {why}"
        if not self._waiting.done():
            self._waiting.set_exception(ConnectionError(self.error))
