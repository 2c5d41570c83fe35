"""RelaySession: the kernel's end of one link, and its WebSocket to the room server."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from websockets.exceptions import ConnectionClosed

from rayrooms.client.transport import lost, open_socket
from rayrooms.errors import RayroomsError, UnavailableError
from rayrooms.protocol import SUBPROTOCOL_JSON
from rayrooms_jupyter.relay.limits import DEFAULT_LIMITS
from rayrooms_jupyter.relay.link import Ended, Frame, Link
from rayrooms_jupyter.relay.messages import Close, content

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from websockets.asyncio.client import ClientConnection

    from rayrooms_jupyter.relay.messages import Address, Message
    from rayrooms_jupyter.relay.outlet import Outlet

_OPEN_TIMEOUT = 10.0
_UPSTREAM_MOST = 8_000_000
"""Code points that may wait for a server that does not read."""


class RelaySession:
    """Connects to the server at once, and passes frames both ways until either side ends."""

    def __init__(
        self,
        address: Address,
        *,
        url: str,
        token: Callable[[], Awaitable[str]],
        send: Callable[[dict[str, object]], None],
        outlet: Outlet,
        over: Callable[[RelaySession, Close], None],
    ) -> None:
        self.address = address
        self._url = url
        self._token = token
        self._outlet = outlet
        self.send = send
        self._over = over
        self._link = Link(DEFAULT_LIMITS, outlet.now())
        self._why: RayroomsError = UnavailableError("The kernel does not know this link any more.")
        self._to_server: deque[str] = deque()
        self._to_server_size = 0
        self._has_frames = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._task = asyncio.get_running_loop().create_task(self._run())
        outlet.wake(self)

    # -------------------------------------------------------------- the view's side

    def receive(self, message: Message) -> None:
        """A message came from the view."""
        self._link.receive(message, self._outlet.now())
        self._look()

    def finish(self, error: RayroomsError) -> None:
        """End the link: what came from the server before is still delivered."""
        self._why = error
        self._link.finish(error.code, error.message, self._outlet.now())
        self._task.cancel()
        self._look()

    def due(self) -> float | None:
        return self._link.due()

    def take(self, now: float) -> dict[str, object] | None:
        message = self._link.take(now)
        self._follow()
        return None if message is None else content(self.address, message)

    def _look(self) -> None:
        """Follow up on something that was done to the link."""
        self._follow()
        self._outlet.wake(self)

    def _follow(self) -> None:
        for event in self._link.take_events():
            if isinstance(event, Frame):
                self._pass_on(event.text)
            elif isinstance(event, Ended):
                self._task.cancel()
        if self._link.is_full:
            self._has_room.clear()
        else:
            self._has_room.set()
        if self._link.phase == "over":
            self._over(self, Close(self._why.code, self._why.message))

    def _pass_on(self, frame: str) -> None:
        if self._to_server_size > _UPSTREAM_MOST:
            self.finish(UnavailableError("The server does not take what is sent."))
            return
        self._to_server.append(frame)
        self._to_server_size += len(frame)
        self._has_frames.set()

    # -------------------------------------------------------------- the server's side

    async def _run(self) -> None:
        try:
            await self._converse()
        except RayroomsError as error:
            self.finish(error)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not leave the view waiting
            self.finish(UnavailableError(f"The relay failed: {error}."))

    async def _converse(self) -> None:
        """Pass frames both ways; raises why it ended."""
        token = await self._token()
        connection = await open_socket(self._url, token, subprotocol=SUBPROTOCOL_JSON, timeout=_OPEN_TIMEOUT)
        writing: asyncio.Task[None] | None = None
        try:
            self._link.opened()
            self._look()
            writing = asyncio.get_running_loop().create_task(self._write(connection))
            await self._read(connection)
        except ConnectionClosed as error:
            raise lost(error) from error
        finally:
            if writing is not None:
                writing.cancel()
            await connection.close()

    async def _read(self, connection: ClientConnection) -> None:
        while True:
            # While the way to the view is full nothing is read: the server sees a slow reader.
            await self._has_room.wait()
            self._link.push(await connection.recv(decode=True))
            self._look()

    async def _write(self, connection: ClientConnection) -> None:
        with suppress(ConnectionClosed):  # the reader says so
            while True:
                await self._has_frames.wait()
                self._has_frames.clear()
                while self._to_server:
                    frame = self._to_server.popleft()
                    self._to_server_size -= len(frame)
                    await connection.send(frame)
