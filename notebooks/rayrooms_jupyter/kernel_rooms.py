"""The kernel's own part in rooms: one client a room and identity, shared by all that use it, on a background thread."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import os
import sys
import threading
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from rayrooms.client.rest import RestClient
from rayrooms.client.room import RoomClient
from rayrooms.client.transport import base_url
from rayrooms.errors import ConflictError, NotFoundError, RayroomsError, UnavailableError
from rayrooms_jupyter.background import Background, background
from rayrooms_jupyter.callbacks import Callback, CallbackThread
from rayrooms_jupyter.credentials import (
    Credentials,
    GivenToken,
    GuestCredentials,
    SessionStore,
    TokenSource,
    kernel_name,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from rayrooms.client.bodies import Room
    from rayrooms.client.events import ChatChanged, ConnectionStatus, TextChanged

T = TypeVar("T")

DEFAULT_URL = "http://127.0.0.1:8000"
ENTER_TIMEOUT = 30.0
"""Seconds that whoever uses a room waits for it at most when it was not entered yet."""
EXIT_TIMEOUT = 2.0
"""Seconds for unsaved edits when the kernel ends: Jupyter kills it after five."""
CLOSE_TIMEOUT = 10.0
"""Seconds for unsaved edits when a room is left otherwise."""
_ATTEMPT = 8.0
_RETRY = 1.0

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Creation:
    """The room to be made when there is none."""

    title: str
    language: str
    private: bool


class KernelRoom:
    """One room that this kernel takes part in; from any thread.

    It is entered in the background. Whatever needs the room waits for that, and raises why it cannot be entered.
    """

    def __init__(
        self, url: str, room_id: str, credentials: Credentials, creation: Creation | None, on: Background
    ) -> None:
        self.url = url
        self.room_id = room_id
        self.credentials = credentials
        self._creation = creation
        self._background = on
        self._pid = os.getpid()
        self._callbacks = CallbackThread(room_id)
        self._author: Callback | None = None
        self._client: RoomClient | None = None
        self._details: Room | None = None
        self._failure: RayroomsError | None = None
        self._trouble: RayroomsError | None = None
        """Why it was not entered so far, while it still is tried."""
        self._settled = asyncio.Event()
        self._leave = asyncio.Event()
        self._ended = asyncio.Event()
        self._close_timeout = CLOSE_TIMEOUT
        on.start(self._live())

    # -------------------------------------------------------------- being there

    @property
    def has_failed(self) -> bool:
        """Whether this client is out of the room for good, or never got into it."""
        return self._failure is not None or (self._client is not None and self._client.status == "closed")

    @property
    def status(self) -> ConnectionStatus:
        if self._ended.is_set():
            return "closed"
        return "connecting" if self._client is None else self._client.status

    @property
    def saved(self) -> str:
        """Whether all edits are in the database: "saved", "saving" or "offline (n unsent)"."""
        return "offline (0 unsent)" if self._client is None else self._client.saved

    def enter(self, timeout: float = ENTER_TIMEOUT) -> Room:
        """Wait until the room was entered; returns what it was then. Raises why it was not."""
        self._check_process()
        return self._background.run(self._entered(timeout))[1]

    def call(self, function: Callable[[RoomClient], T]) -> T:
        """Call `function` on the room's event loop, between two of its turns. Raises as `enter`, and what it raises."""
        self._check_process()
        return self._background.run(self._call(function, self._callbacks.caller))

    def run(self, function: Callable[[RoomClient], Awaitable[T]]) -> T:
        """Await what `function` gives on the room's event loop. Raises as `call`."""
        self._check_process()
        return self._background.run(self._await(function))

    def on_change(self, function: Callable[[TextChanged], object]) -> Callable[[], None]:
        """Call `function` whenever the text changed, but for changes that it makes itself: it would never end.

        It is called on a thread for callbacks, where it may use the room. Returns what takes that back.
        """
        return self._on(function, RoomClient.on_change)

    def on_chat(self, function: Callable[[ChatChanged], object]) -> Callable[[], None]:
        """Call `function` with every chat message that is new or was changed, as `on_change` does."""
        return self._on(function, RoomClient.on_chat)

    def leave(self, timeout: float = CLOSE_TIMEOUT) -> None:
        """Leave, waiting so many seconds for what is unsaved. Raises UnavailableError when some of it still is."""
        if self._pid != os.getpid() or sys.is_finalizing():
            return  # the loop's thread is the parent's, or gone already, and all rooms have been left
        self._background.run(self._left(timeout))

    def start_leaving(self, timeout: float) -> Future[None]:
        """Leave without waiting for it; the future raises as `leave`."""
        return self._background.start(self._left(timeout))

    # -------------------------------------------------------------- on the loop

    async def _live(self) -> None:
        """Enter the room, stay until told to leave, and leave."""
        try:
            while not self._leave.is_set() and self._client is None:
                try:
                    self._details = await self._described()
                    await self._stay()
                except UnavailableError as error:
                    self._trouble = error
                    if self._client is None:
                        with contextlib.suppress(TimeoutError):
                            await asyncio.wait_for(self._leave.wait(), _RETRY)
        except RayroomsError as error:
            self._failure = error
        except Exception as error:
            _logger.exception("the room %s could not be entered", self.room_id)
            self._failure = RayroomsError(f"The room could not be entered: {error!r}.")
        self._failure = self._failure or UnavailableError("The room was left.")
        self._settled.set()
        self._ended.set()
        self._callbacks.end()

    async def _stay(self) -> None:
        """Raises UnavailableError when the room cannot be entered now, and when it is left with unsaved edits."""
        async with RoomClient.open(
            self.url, self.room_id, token_provider=self.credentials.token, open_timeout=_ATTEMPT, wait_on_close=False
        ) as client:
            self._client, self._trouble = client, None
            self._settled.set()
            await self._leave.wait()
            try:
                await client.wait_durable(self._close_timeout)
            except (TimeoutError, RayroomsError) as error:
                message = f"The room was left with edits that are not saved: {client.saved}."
                raise UnavailableError(message) from error

    async def _described(self) -> Room:
        """What the server says of the room; made if need be and wished."""
        async with RestClient(self.url, await self.credentials.token(), timeout=_ATTEMPT) as rest:
            try:
                return await rest.room(self.room_id)
            except NotFoundError:
                if self._creation is None:
                    raise
            with contextlib.suppress(ConflictError):  # somebody else was faster
                return await rest.create_room(
                    self._creation.title,
                    room_id=self.room_id,
                    private=self._creation.private,
                    language=self._creation.language,
                )
            return await rest.room(self.room_id)

    async def _entered(self, timeout: float) -> tuple[RoomClient, Room]:  # noqa: ASYNC109 - it says what was the matter as well
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._settled.wait(), timeout)
        if self._failure is not None:
            raise self._failure
        if self._client is None or self._details is None:
            raise self._trouble or UnavailableError("The room did not answer in time.")
        return self._client, self._details

    async def _call(self, function: Callable[[RoomClient], T], author: Callback | None) -> T:
        client, _ = await self._entered(ENTER_TIMEOUT)
        self._author = author
        try:
            return function(client)
        finally:
            self._author = None

    async def _await(self, function: Callable[[RoomClient], Awaitable[T]]) -> T:
        client, _ = await self._entered(ENTER_TIMEOUT)
        return await function(client)

    async def _left(self, timeout: float) -> None:  # noqa: ASYNC109 - given to what waits
        self._close_timeout = timeout
        self._leave.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), timeout + _ATTEMPT)
        if self._client is not None and self._trouble is not None:
            raise self._trouble

    # -------------------------------------------------------------- parts

    def _on(
        self,
        function: Callable[[Any], object],
        register: Callable[[RoomClient, Callable[[Any], None]], Callable[[], None]],
    ) -> Callable[[], None]:
        callback = Callback(function)

        def listener(event: object) -> None:
            if self._author is not callback:
                self._callbacks.submit(callback, event)

        off = self.call(lambda client: register(client, listener))

        def take_back() -> None:
            callback.active = False
            with contextlib.suppress(RayroomsError):
                self.call(lambda _: off())

        return take_back

    def _check_process(self) -> None:
        if self._pid != os.getpid():
            raise UnavailableError("This room belongs to the process that opened it. Open it again in this one.")


@dataclass(frozen=True, slots=True)
class _Key:
    url: str
    room_id: str
    identity: Hashable


class KernelRooms:
    """The rooms of this process, each held as long as anybody holds a `Seat` in it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rooms: dict[_Key, tuple[KernelRoom, int]] = {}
        self._guests: dict[tuple[str, str], GuestCredentials] = {}

    def credentials(self, url: str, name: str | None, token: TokenSource | None) -> Credentials:
        """Who the kernel is on the server at `url`: whom `token` names, else the guest called `name`."""
        if token is not None:
            return GivenToken(token)
        key = (base_url(url), name or kernel_name())
        with self._lock:
            if key not in self._guests:
                self._guests[key] = GuestCredentials(*key, SessionStore())
            return self._guests[key]

    def take_seat(self, url: str, room_id: str, credentials: Credentials, creation: Creation | None) -> Seat:
        """Take part in a room. Does not wait. Raises InvalidError for a URL that is none."""
        key = _Key(base_url(url), room_id, credentials.key)
        with self._lock:
            room, holders = self._rooms.get(key, (None, 0))
            if room is None or room.has_failed:
                room, holders = KernelRoom(key.url, room_id, credentials, creation, background()), 0
            self._rooms[key] = room, holders + 1
        return Seat(room, lambda: self._give_up(key, room))

    def leave_all(self) -> None:
        """The process ends: leave every room at once, waiting briefly for what is unsaved."""
        with self._lock:
            rooms = [room for room, _ in self._rooms.values()]
            self._rooms.clear()
        wait([room.start_leaving(EXIT_TIMEOUT) for room in rooms], timeout=EXIT_TIMEOUT * 2)

    def forget(self) -> None:
        """This is a forked child: its rooms are the parent's."""
        self._lock = threading.Lock()
        self._rooms = {}
        self._guests = {}

    def _give_up(self, key: _Key, room: KernelRoom) -> None:
        with self._lock:
            held, holders = self._rooms.get(key, (None, 0))
            if held is room and holders > 1:
                self._rooms[key] = room, holders - 1
                return
            if held is room:
                del self._rooms[key]
            # Another room under the same key took the place of this one, which had failed.
        room.leave()


class Seat:
    """One use of a KernelRoom; the last to be given up makes the kernel leave the room."""

    def __init__(self, room: KernelRoom, give_up: Callable[[], None]) -> None:
        self.room = room
        self._give_up = give_up
        self._lock = threading.Lock()
        self._held = True

    def close(self) -> None:
        """Raises UnavailableError when the room is left with edits that are not saved. Again: does nothing."""
        with self._lock:
            held, self._held = self._held, False
        if held:
            self._give_up()


kernel_rooms = KernelRooms()


atexit.register(kernel_rooms.leave_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=kernel_rooms.forget)
