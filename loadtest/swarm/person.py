"""A Locust user with a WebSocket, in one room: types, talks, goes and comes back."""

from __future__ import annotations

import random
import time
import uuid
from contextlib import closing
from typing import TYPE_CHECKING

import gevent
import msgspec
from websocket import WebSocket, WebSocketException, create_connection

from loadtest.swarm.guest import Guest
from loadtest.swarm.stopwatch import Stopwatch, record, since
from rayrooms.client.state import ClientState
from rayrooms.protocol import (
    Acked,
    AnyServerEvent,
    Changes,
    ChatPosted,
    CodeChange,
    Component,
    Error,
    Operation,
    Range,
    RoomJoined,
)

if TYPE_CHECKING:
    from loadtest.swarm.rooms import SharedRoom

_PING_INTERVAL = 20.0
_JOIN_TIMEOUT = 30.0
_LONGEST_TEXT = 5_000
_KEYSTROKE = 0.15

_decoder = msgspec.json.Decoder(AnyServerEvent)
_edits, _messages = Stopwatch(), Stopwatch()


class Person(Guest):
    """Somebody in a room. Statistics: `join`, `rejoin`, `edit:ack`, `edit:arrival`, `chat:arrival`, `connection`."""

    abstract = True

    def share(self) -> tuple[SharedRoom, int]:
        """The room to be in, and for how many it is."""
        raise NotImplementedError

    def on_start(self) -> None:
        super().on_start()
        shared, size = self.share()
        self.enter(shared, size)
        self.room = ClientState(shared.room_id, new_client_id=lambda: uuid.uuid4().hex)
        self._socket: WebSocket | None = None
        self._position = 0
        self._away = 0.0
        self._came_back = False
        self._began = time.perf_counter()
        self._reader = gevent.spawn(self._live)
        self._keep_alive = gevent.spawn(self._ping)
        deadline = time.monotonic() + _JOIN_TIMEOUT
        while not self.is_in and time.monotonic() < deadline:
            gevent.sleep(0.01)

    def on_stop(self) -> None:
        gevent.killall([self._reader, self._keep_alive])
        if self._socket is not None:
            self._socket.shutdown()

    @property
    def is_in(self) -> bool:
        """Whether this user is in the room now, with its text."""
        return self.room.phase == "joined"

    # -------------------------------------------------------------- what people do

    def type_a_bit(self) -> None:
        """Insert a character where one types, which moves now and then; delete a few when the text grows long."""
        length = len(self.room.text)
        if not self.is_in:
            return
        if self._position > length or random.random() < 0.05:
            self._position = random.randint(0, length)
        if length > _LONGEST_TEXT or (self._position + 3 <= length and random.random() < 0.1):
            self._position = min(self._position, length - 3)
            self._edit({"d": 3})
        else:
            self._edit(random.choice("abcdefghijklmnopqrstuvwxyz     \n"))
            self._position += 1

    def type_burst(self, keystrokes: int) -> None:
        """Type so often, as fast as people do."""
        for _ in range(keystrokes):
            self.type_a_bit()
            gevent.sleep(random.uniform(0.5, 1.5) * _KEYSTROKE)

    def say_something(self) -> None:
        """Post a message that no other is equal to."""
        if self.is_in:
            content = f"hello {uuid.uuid4().hex[:8]}"
            _messages.sent(self.room.room_id, content)
            self.room.send_chat(content)
            self._flush()

    def like_something(self) -> None:
        """React to one of the newest messages."""
        if self.is_in and self.room.company.messages:
            self.room.react(random.choice(self.room.company.messages[-5:]).id, random.choice("👍🎉❤"))
            self._flush()

    def look_around(self) -> None:
        """Put the caret somewhere."""
        if self.is_in:
            at = random.randint(0, len(self.room.text))
            self.room.set_cursor([Range(at, at)])
            self._flush()

    def step_out(self, seconds: float) -> None:
        """Close the page, and open it again after a while."""
        self._leave(seconds, abruptly=False)

    def lose_connection(self) -> None:
        """What a train does in a tunnel."""
        self._leave(0.0, abruptly=True)

    # -------------------------------------------------------------- the connection

    def _leave(self, seconds: float, *, abruptly: bool) -> None:
        socket = self._socket
        if socket is None or not self.is_in:
            return
        self._away, self._came_back = seconds, True
        if abruptly:
            socket.shutdown()
        else:
            socket.send_close()

    def _edit(self, component: Component) -> None:
        op: Operation = [self._position, component] if self._position else [component]
        self.room.edit(op)
        self._flush()

    def _flush(self) -> None:
        messages = self.room.take_outbox()
        socket = self._socket
        if socket is None:
            return
        for message in messages:
            data = message.data if isinstance(message, CodeChange) else None
            if data is not None and data.client_id is not None and data.seq is not None:
                _edits.sent(data.client_id, data.seq)
            try:
                socket.send(msgspec.json.encode(message).decode())
            except (WebSocketException, OSError):
                return

    def _live(self) -> None:
        """Keep a connection and take in what comes, for as long as the user lives."""
        url = str(self.host).replace("http", "ws", 1) + "/ws"
        header = {"Authorization": f"Bearer {self.token}"}
        while True:
            try:
                with closing(create_connection(url, header=header, enable_multithread=True)) as socket:
                    self._socket = socket
                    self.room.connected()
                    while frame := socket.recv():
                        self._receive(_decoder.decode(frame))
            except (WebSocketException, OSError) as error:
                if not self._came_back:
                    record("connection", 0, error)
            self._socket = None
            self.room.disconnected()
            gevent.sleep(self._away or random.uniform(0.1, 1.0))
            self._away, self._began = 0.0, time.perf_counter()

    def _receive(self, message: AnyServerEvent) -> None:
        match message:
            case RoomJoined():
                record("rejoin" if self._came_back else "join", since(self._began))
                self._came_back = False
            case Acked(data=data):
                for ack in data.acks:
                    _edits.came("edit:ack", data.client_id, ack.seq)
            case Changes(data=data):
                for change in data.changes:
                    _edits.came("edit:ack" if change.op is None else "edit:arrival", change.client_id, change.seq)
            case ChatPosted(data=data):
                _messages.came("chat:arrival", data.room_id, data.message.content)
            case Error(data=data):
                record(data.code, 0, RuntimeError(data.message))
        self.room.receive(message)
        self.room.take_events()
        if self.room.phase == "astray" and self.room.retry is None:
            self._began = time.perf_counter()
            self.room.join()
        self._flush()

    def _ping(self) -> None:
        while True:
            gevent.sleep(_PING_INTERVAL)
            self.room.ping()
            self._flush()
