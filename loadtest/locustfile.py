"""Locust users of a running server: people who edit together over WebSockets, and programs that use REST.

    .venv/bin/locust -f loadtest/locustfile.py --headless --host http://127.0.0.1:8000 -u 40 -r 10 -t 60s

Besides the requests by path, the statistics show `join` (asked to joined), `edit:ack` (sent to acknowledged) and
`edit:arrival` (sent to seen by another user of the same process). `--room-size` sets how many share a room.
"""

from __future__ import annotations

import random
import time
import uuid
from typing import TYPE_CHECKING, Any

import gevent
import msgspec
from gevent.event import Event
from locust import FastHttpUser, between, events, task
from locust.exception import StopUser
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from rayrooms.client.state import ClientState
from rayrooms.protocol import Acked, AnyServerEvent, Changes, CodeChange, Error, Operation, RoomJoined

if TYPE_CHECKING:
    from argparse import Namespace

    from locust.argument_parser import LocustArgumentParser
    from websockets.sync.connection import Connection

_ROOM_SIZE = 4
_PING_INTERVAL = 20.0
_JOIN_TIMEOUT = 30.0
_LONGEST_TEXT = 5_000
_REMEMBERED = 100_000

_decoder = msgspec.json.Decoder(AnyServerEvent)


@events.init_command_line_parser.add_listener
def _add_options(parser: LocustArgumentParser) -> None:
    parser.add_argument("--room-size", type=int, default=_ROOM_SIZE, help="how many editing users share a room")


class SentTimes:
    """When each edit of this process was sent, by client id and seq; the oldest are forgotten."""

    def __init__(self) -> None:
        self._times: dict[tuple[str, int], float] = {}

    def sent(self, client_id: str, seq: int) -> None:
        # A repeat after a reconnect still counts from the first time: that is how long its author has waited.
        self._times.setdefault((client_id, seq), time.perf_counter())
        if len(self._times) > _REMEMBERED:
            del self._times[next(iter(self._times))]

    def since(self, client_id: str, seq: int) -> float | None:
        """Milliseconds since it was sent; None for an edit of another process."""
        sent = self._times.get((client_id, seq))
        return None if sent is None else (time.perf_counter() - sent) * 1000


class SharedRoom:
    """A room that several users of this process edit; `made` once it exists."""

    def __init__(self, size: int) -> None:
        self.room_id = f"load-{uuid.uuid4().hex[:12]}"
        self.size = size
        self.users = 0
        self.made = Event()


class SharedRooms:
    """Fills rooms one after the other."""

    def __init__(self) -> None:
        self._last: SharedRoom | None = None

    def place(self, size: int) -> SharedRoom:
        """A room for the next user: the last one while it has a place left, or a new one to be made by that user."""
        if self._last is None or self._last.users == self._last.size:
            self._last = SharedRoom(size)
        self._last.users += 1
        return self._last


_sent_times = SentTimes()
_rooms = SharedRooms()


def _record(name: str, milliseconds: float, error: Exception | None = None) -> None:
    events.request.fire(
        request_type="WS", name=name, response_time=milliseconds, response_length=0, exception=error, context={}
    )


class _Guest(FastHttpUser):
    """A user who has signed in with a name of their own."""

    abstract = True
    token: str

    def on_start(self) -> None:
        answer = self._ask("POST", "/api/auth/guest", json={"name": f"Guest {random.randrange(10**6)}"})
        self.token = answer["token"]

    @property
    def room_size(self) -> int:
        options: Namespace | None = self.environment.parsed_options
        return options.room_size if options else _ROOM_SIZE

    def make_room(self, room_id: str) -> None:
        self._ask("POST", "/api/rooms", json={"name": "Load", "room_id": room_id, "max_users": max(2, self.room_size)})

    def _ask(self, method: str, path: str, *, name: str | None = None, **request: Any) -> Any:  # noqa: ANN401 - any JSON
        headers = {"Authorization": f"Bearer {self.token}"} if hasattr(self, "token") else {}
        with self.rest(method, path, name=name or path, headers=headers, **request) as answer:
            if answer.js is None:
                raise StopUser
            return answer.js


class EditingUser(_Guest):
    """Types into a shared room and sees what the others type."""

    weight = 4
    wait_time = between(0.1, 0.4)

    def on_start(self) -> None:
        super().on_start()
        shared = _rooms.place(self.room_size)
        if shared.users == 1:
            self.make_room(shared.room_id)
            shared.made.set()
        shared.made.wait()
        self._room = ClientState(shared.room_id, new_client_id=lambda: uuid.uuid4().hex)
        self._socket: Connection | None = None
        self._position = 0
        self._began = time.perf_counter()
        self._reader = gevent.spawn(self._live)
        self._keep_alive = gevent.spawn(self._ping)
        deadline = time.monotonic() + _JOIN_TIMEOUT
        while self._room.phase != "joined" and time.monotonic() < deadline:
            gevent.sleep(0.01)

    def on_stop(self) -> None:
        gevent.killall([self._reader, self._keep_alive])
        if self._socket is not None:
            self._socket.close()

    @task(20)
    def type(self) -> None:
        """Insert a character where one types, which moves now and then; delete a few when the text grows long."""
        length = len(self._room.text)
        if self._room.phase != "joined":
            return
        if self._position > length or random.random() < 0.05:
            self._position = random.randint(0, length)
        if length > _LONGEST_TEXT or (self._position + 3 <= length and random.random() < 0.1):
            self._position = min(self._position, length - 3)
            self._edit({"d": 3})
        else:
            self._edit(random.choice("abcdefghijklmnopqrstuvwxyz     \n"))
            self._position += 1

    @task(1)
    def chat(self) -> None:
        if self._room.phase == "joined":
            self._room.send_chat("hello")
            self._flush()

    def _edit(self, component: Any) -> None:  # noqa: ANN401 - an insert or a delete
        op: Operation = [self._position, component] if self._position else [component]
        self._room.edit(op)
        self._flush()

    def _flush(self) -> None:
        messages = self._room.take_outbox()
        socket = self._socket
        if socket is None:
            return
        for message in messages:
            data = message.data if isinstance(message, CodeChange) else None
            if data is not None and data.client_id is not None and data.seq is not None:
                _sent_times.sent(data.client_id, data.seq)
            try:
                socket.send(msgspec.json.encode(message).decode())
            except ConnectionClosed:
                return

    def _live(self) -> None:
        """Keep a connection and take in what comes, for as long as the user lives."""
        url = str(self.host).replace("http", "ws", 1) + "/ws"
        headers = {"Authorization": f"Bearer {self.token}"}
        while True:
            try:
                with connect(
                    url, additional_headers=headers, max_size=None, compression=None, ping_interval=None
                ) as socket:
                    self._socket = socket
                    self._room.connected()
                    for frame in socket:
                        self._receive(_decoder.decode(frame))
            except (ConnectionClosed, OSError, TimeoutError) as error:
                _record("connection", 0, error)
            self._socket = None
            self._room.disconnected()
            gevent.sleep(random.uniform(0.1, 1.0))

    def _receive(self, message: AnyServerEvent) -> None:
        match message:
            case RoomJoined():
                _record("join", (time.perf_counter() - self._began) * 1000)
            case Acked():
                for ack in message.data.acks:
                    self._timed("edit:ack", message.data.client_id, ack.seq)
            case Changes():
                for change in message.data.changes:
                    own = change.op is None
                    self._timed("edit:ack" if own else "edit:arrival", change.client_id, change.seq)
            case Error():
                _record(message.data.code, 0, RuntimeError(message.data.message))
        self._room.receive(message)
        self._room.take_events()
        if self._room.phase == "astray" and self._room.retry is None:
            self._began = time.perf_counter()
            self._room.join()
        self._flush()

    def _timed(self, name: str, client_id: str, seq: int) -> None:
        milliseconds = _sent_times.since(client_id, seq)
        if milliseconds is not None:
            _record(name, milliseconds)

    def _ping(self) -> None:
        while True:
            gevent.sleep(_PING_INTERVAL)
            self._room.ping()
            self._flush()


class ProgramUser(_Guest):
    """A program that edits and reads a room of its own over REST."""

    weight = 1
    wait_time = between(0.2, 1.0)

    def on_start(self) -> None:
        super().on_start()
        self.room_id = f"load-{uuid.uuid4().hex[:12]}"
        self.make_room(self.room_id)
        self.edit()

    @task(5)
    def edit(self) -> None:
        edit = {"op_type": "insert", "position": 0, "content": "x"}
        self._sync("POST", "operations", json=edit)

    @task(3)
    def version(self) -> None:
        self._sync("GET", "version")

    @task(2)
    def snapshot(self) -> None:
        self._sync("GET", "snapshot")

    @task(2)
    def operations(self) -> None:
        self._sync("GET", "operations?from_version=0&limit=50")

    @task(1)
    def describe(self) -> None:
        self._ask("GET", f"/api/rooms/{self.room_id}", name="/api/rooms/{room_id}")

    @task(1)
    def history(self) -> None:
        self._ask("GET", f"/api/rooms/{self.room_id}/messages", name="/api/rooms/{room_id}/messages")

    def _sync(self, method: str, part: str, **request: Any) -> None:  # noqa: ANN401 - any JSON
        name = "/api/sync/{room_id}/" + part.partition("?")[0]
        self._ask(method, f"/api/sync/{self.room_id}/{part}", name=name, **request)
