"""A client that keeps to nothing: `python -m tests.live.abuser URL TOKEN ROOM`.

It opens more sockets than one user may have, and on some of them sends edits as fast as the kernel takes them, mostly
without reading an answer. Cut off, it comes back and goes on. When its input ends it prints what became of it, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections import Counter
from contextlib import AbstractContextManager, ExitStack

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection, connect

SOCKETS = 300
_AT_ONCE = 500
"""Edits that are given to the kernel in one piece."""


class Abuser:
    def __init__(self, url: str, token: str, room_id: str) -> None:
        self._url = url.replace("http", "ws", 1) + "/ws"
        self._token = token
        self._room_id = room_id
        self._over = threading.Event()
        self.counts: Counter[str] = Counter()

    def run(self) -> None:
        threads = [threading.Thread(target=self._flood, args=(reads,), daemon=True) for reads in (False, False, True)]
        threads.append(threading.Thread(target=self._hoard, daemon=True))
        for thread in threads:
            thread.start()
        sys.stdin.read()
        self._over.set()
        for thread in threads:
            thread.join(2)

    def _connect(self) -> AbstractContextManager[ClientConnection]:
        headers = {"Authorization": f"Bearer {self._token}"}
        return connect(self._url, additional_headers=headers, compression=None, ping_interval=None, close_timeout=0.2)

    def _hoard(self) -> None:
        """Hold as many sockets as there are to be had."""
        with ExitStack() as held:
            for _ in range(SOCKETS):
                if self._over.is_set():
                    break
                try:
                    connection = held.enter_context(self._connect())
                    answer = json.loads(connection.recv(timeout=5))
                except (OSError, TimeoutError, WebSocketException):
                    self.counts["lost"] += 1
                    continue
                self.counts[answer["data"].get("code", "connected")] += 1
            self._over.wait()
            held.pop_all()  # the end of this process closes them all at once

    def _flood(self, reads: bool) -> None:  # noqa: FBT001 - given by a thread
        edit = json.dumps({"event": "code_change", "data": {"room_id": self._room_id, "op": ["x"]}})
        frames = Frame(Opcode.TEXT, edit.encode()).serialize(mask=True) * _AT_ONCE
        while not self._over.is_set():
            try:
                with self._connect() as connection:
                    connection.send(json.dumps({"event": "join_room", "data": {"room_id": self._room_id}}))
                    if reads:
                        threading.Thread(target=self._read, args=(connection,), daemon=True).start()
                    connection.socket.settimeout(1.0)
                    while not self._over.is_set():
                        connection.socket.sendall(frames)
                        self.counts["sent"] += _AT_ONCE
            except (OSError, WebSocketException):
                self.counts["cut off"] += 1

    def _read(self, connection: ClientConnection) -> None:
        try:
            for message in connection:
                data = json.loads(message).get("data", {})
                if "code" in data:
                    self.counts[data["code"]] += 1
        except (ConnectionClosed, OSError) as error:
            code = error.rcvd.code if isinstance(error, ConnectionClosed) and error.rcvd is not None else 1006
            self.counts[f"closed {code}"] += 1


if __name__ == "__main__":
    abuser = Abuser(*sys.argv[1:])
    abuser.run()
    print(json.dumps(abuser.counts), flush=True)  # noqa: T201 - its result
    os._exit(0)
