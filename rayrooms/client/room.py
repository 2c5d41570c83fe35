"""RoomClient: one room on an asyncio event loop."""

from __future__ import annotations

import asyncio
import random
import secrets
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Literal

from rayrooms.client.dispatch import Conditions, Dispatcher
from rayrooms.client.events import (
    ChatChanged,
    Confirmed,
    CursorMoved,
    EditRefused,
    PresenceChanged,
    RequestRefused,
    StatusChanged,
    TextChanged,
)
from rayrooms.client.rest import RestClient
from rayrooms.client.runner import Runner
from rayrooms.client.state import DEFAULT_WINDOW, ClientState
from rayrooms.client.timing import Timing
from rayrooms.errors import InvalidError, RayroomsError, UnauthenticatedError, UnavailableError
from rayrooms.protocol import SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK
from rayrooms.text import from_position_edit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from rayrooms.client.bodies import Conflict, LoggedOperation, Snapshot, StoredMessage
    from rayrooms.client.events import ConnectionStatus, Event
    from rayrooms.protocol import ChatMessage, Operation, Participant, Range, Role


class RoomClient:
    """A live copy of a room's document, opened with `RoomClient.open`.

    Edits are applied to `text` at once and never wait: they are sent when there is a connection, sent again after one
    broke, and kept until they are in the database. Offsets count Unicode code points. All methods belong to the event
    loop that opened it; `BlockingRoom` is for other threads.
    """

    def __init__(
        self,
        url: str,
        room_id: str,
        *,
        token: Callable[[], Awaitable[str]],
        renews: bool,
        client_id: str | None,
        window: int,
        binary: bool,
        timing: Timing,
    ) -> None:
        self._url = url
        self._token = token
        self._timing = timing
        self._state = ClientState(room_id, client_id=client_id, new_client_id=_new_client_id, window=window)
        self._dispatcher = Dispatcher()
        self._conditions = Conditions()
        self._asked: set[int] = set()
        self._answers: dict[int, int | None] = {}
        self._runner = Runner(
            self._state,
            url,
            token=token,
            renews=renews,
            subprotocol=SUBPROTOCOL_MSGPACK if binary else SUBPROTOCOL_JSON,
            timing=timing,
            uniform=random.uniform,
            publish=self._publish,
            look=self._look,
        )
        self._task: asyncio.Task[None] | None = None

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        room_id: str,
        *,
        token: str | None = None,
        name: str | None = None,
        token_provider: Callable[[], Awaitable[str]] | None = None,
        client_id: str | None = None,
        window: int = DEFAULT_WINDOW,
        binary: bool = True,
        timing: Timing | None = None,
        open_timeout: float = 30.0,
        wait_on_close: bool = True,
    ) -> AsyncIterator[RoomClient]:
        """Enter a room of the server at `url`; on leaving the block, wait for what is unsaved (see `close`).

        Who one is comes from one of `token`, `token_provider` (asked for a fresh token before each connection) or
        `name` (a guest). `window` is how many edits may be on their way unacknowledged, `binary` chooses msgpack over
        JSON. Raises what the server refuses with (NotFoundError, ForbiddenError, UnauthenticatedError), and
        UnavailableError when it cannot be entered within `open_timeout` seconds.
        """
        if sum(given is not None for given in (token, name, token_provider)) != 1:
            raise InvalidError("Give one of token, name and token_provider.")
        provider = token_provider or _Kept(url, token, name)
        room = cls(
            url,
            room_id,
            token=provider,
            renews=token_provider is not None,
            client_id=client_id,
            window=window,
            binary=binary,
            timing=timing or Timing(),
        )
        try:
            await room._enter(open_timeout)
            yield room
        except BaseException:
            with suppress(UnavailableError):
                await room.close(wait=wait_on_close)
            raise
        await room.close(wait=wait_on_close)

    async def _enter(self, timeout: float) -> None:  # noqa: ASYNC109 - it says what was the matter as well
        self._task = asyncio.create_task(self._runner.run())
        self._task.add_done_callback(self._ended)
        try:
            await self._conditions.wait(lambda: self._state.has_joined, timeout)
        except TimeoutError:
            raise self._runner.error or UnavailableError("The room did not answer in time.") from None

    async def close(self, *, wait: bool = True) -> None:
        """Leave the room. With `wait`, first wait until all edits are in the database, within `timing.close_timeout`.

        Raises UnavailableError when they are not by then: the room has not got, or may yet lose, some edits.
        """
        if self._task is None:
            return
        task, self._task = self._task, None
        if wait and self._state.failure is None:
            with suppress(TimeoutError, RayroomsError):
                await self._conditions.wait(lambda: self._state.replica.is_durable, self._timing.close_timeout)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if self._state.failure is None:
            self._state.fail(UnavailableError("This client was closed."))
        self._runner.step()
        self._dispatcher.end()
        if wait and not self._state.replica.is_durable:
            raise UnavailableError(f"The room was left with edits that are not saved: {self.saved}.")

    # -------------------------------------------------------------- reading

    @property
    def room_id(self) -> str:
        return self._state.room_id

    @property
    def client_id(self) -> str:
        """Under which the edits are numbered."""
        return self._state.client_id

    @property
    def session_id(self) -> str | None:
        """This session's name among `users`."""
        return self._state.session_id

    @property
    def text(self) -> str:
        """The document, with all own edits."""
        return self._state.text

    @property
    def version(self) -> int:
        """The newest version seen."""
        return self._state.version

    @property
    def role(self) -> Role | None:
        return self._state.role

    @property
    def language(self) -> str:
        return self._state.language

    @property
    def users(self) -> list[Participant]:
        """The connected sessions, this one too."""
        return self._state.company.participants

    @property
    def cursors(self) -> dict[str, list[Range]]:
        """The others' selections by session id, as they stand in `text` right now."""
        return self._state.cursors

    @property
    def messages(self) -> list[ChatMessage]:
        """The newest chat messages, oldest first."""
        return list(self._state.company.messages)

    @property
    def status(self) -> ConnectionStatus:
        return self._runner.status

    @property
    def saved(self) -> str:
        """Whether all own edits are in the database: "saved", "saving" or "offline (n unsent)"."""
        return self._state.saved

    # -------------------------------------------------------------- doing

    def insert(self, position: int, content: str) -> None:
        """Insert `content`. Raises as `edit`."""
        self.edit(from_position_edit("insert", position, content=content, length=None))

    def delete(self, position: int, length: int) -> None:
        """Delete `length` code points. Raises as `edit`."""
        self.edit(from_position_edit("delete", position, content=None, length=length))

    def replace(self, position: int, length: int, content: str) -> None:
        """Put `content` in the place of `length` code points. Raises as `edit`."""
        self.edit(from_position_edit("replace", position, content=content, length=length))

    def edit(self, op: Operation) -> None:
        """Apply an operation at once, and send it as soon as possible.

        Raises InvalidError when it does not fit the text, ForbiddenError (read_only) for a viewer, and why the client
        is closed once it is.
        """
        self._check_open()
        self._state.edit(op)
        self._runner.step()

    def set_cursor(self, ranges: list[Range]) -> None:
        """Show the others one's selections; the first is the main one. Raises InvalidError outside the text."""
        self._check_open()
        self._state.set_cursor(ranges)
        self._runner.step()

    def set_presence(self, status: Literal["online", "away"]) -> None:
        self._check_open()
        self._state.set_presence(status)
        self._runner.step()

    def set_typing(self, *, is_typing: bool) -> None:
        """Raises UnavailableError while there is no connection."""
        self._check_open()
        self._state.set_typing(is_typing=is_typing)
        self._runner.step()

    def send_chat(self, content: str, *, reply_to: str | None = None) -> None:
        """Post a message. Raises UnavailableError while there is no connection: chat is not queued."""
        self._check_open()
        self._state.send_chat(content, reply_to=reply_to)
        self._runner.step()

    def edit_message(self, message_id: str, content: str) -> None:
        """Give an own message another text. Raises UnavailableError while there is no connection."""
        self._check_open()
        self._state.edit_message(message_id, content)
        self._runner.step()

    def delete_message(self, message_id: str) -> None:
        """Take an own message back, or as an admin anybody's. Raises UnavailableError while there is no connection."""
        self._check_open()
        self._state.delete_message(message_id)
        self._runner.step()

    def react(self, message_id: str, emoji: str) -> None:
        """Add a reaction, or take it back. Raises UnavailableError while there is no connection."""
        self._check_open()
        self._state.react(message_id, emoji)
        self._runner.step()

    # -------------------------------------------------------------- waiting

    async def wait_for(self, holds: Callable[[], bool], timeout: float | None = None) -> None:  # noqa: ASYNC109 - convenience
        """Wait until `holds()`, looked at whenever anything happens.

        Raises TimeoutError, and why the client was closed if it is before.
        """
        if not holds():
            self._check_open()
        await self._conditions.wait(holds, timeout)

    async def wait_acked(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - convenience
        """Wait until the room has committed all own edits. Raises as `wait_for`."""
        await self.wait_for(lambda: self._state.replica.is_acked, timeout)

    async def wait_durable(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - convenience
        """Wait until all own edits are in the database. Raises as `wait_for`."""
        await self.wait_for(lambda: self._state.replica.is_durable, timeout)

    async def wait_text(self, wanted: str | Callable[[str], bool], timeout: float | None = None) -> str:  # noqa: ASYNC109 - convenience
        """Wait until the text equals `wanted`, or satisfies it; returns the text. Raises as `wait_for`."""
        if isinstance(wanted, str):
            await self.wait_for(lambda: self._state.text == wanted, timeout)
        else:
            await self.wait_for(lambda: wanted(self._state.text), timeout)
        return self.text

    async def sync(self, timeout: float | None = None) -> int:  # noqa: ASYNC109 - convenience
        """Ask the room for its version and wait until it is reached here; returns it. Raises as `wait_for`."""
        async with asyncio.timeout(timeout):
            while True:
                await self.wait_for(lambda: self._state.phase == "joined")
                version = await self._ask_version()
                if version is not None:
                    return version

    async def _ask_version(self) -> int | None:
        """The room's version once it is reached here; None when the question or what it led to was lost on the way."""
        state, entries = self._state, self._state.entries
        ref = state.ask_version()
        self._asked.add(ref)
        self._runner.step()
        try:
            await self.wait_for(lambda: ref in self._answers or state.entries != entries or self.status != "online")
        finally:
            self._asked.discard(ref)
            version = self._answers.pop(ref, None)
        if version is None:
            return None
        await self.wait_for(lambda: state.version >= version or state.entries != entries)
        return version if state.version >= version else None

    # -------------------------------------------------------------- over REST

    async def history(self, after: int = 0, upto: int | None = None) -> list[LoggedOperation]:
        """The operations that lead from version `after` to `upto` (None: the newest). Raises as RestClient."""
        async with RestClient(self._url, await self._token()) as rest:
            return await rest.history(self.room_id, after, upto)

    async def snapshot(self) -> Snapshot:
        """The whole document as the server has it. Raises as RestClient."""
        async with RestClient(self._url, await self._token()) as rest:
            return await rest.snapshot(self.room_id)

    async def chat_history(self) -> list[StoredMessage]:
        """The whole chat, oldest first, also from before what `messages` keeps. Raises as RestClient."""
        async with RestClient(self._url, await self._token()) as rest:
            return await rest.messages(self.room_id)

    async def conflicts(self) -> list[Conflict]:
        """All concurrent edits that touched the same place, oldest first. Raises as RestClient."""
        async with RestClient(self._url, await self._token()) as rest:
            return await rest.conflicts(self.room_id)

    # -------------------------------------------------------------- being told

    def events(self) -> AsyncIterator[Event]:
        """All events from the first `anext` on, until the client is closed."""
        return self._dispatcher.stream()

    def on_change(self, callback: Callable[[TextChanged], None]) -> Callable[[], None]:
        """Call `callback` whenever the text changed, by whomever. Returns what takes that back, as all these do."""
        return self._dispatcher.on(TextChanged, callback)

    def on_chat(self, callback: Callable[[ChatChanged], None]) -> Callable[[], None]:
        return self._dispatcher.on(ChatChanged, callback)

    def on_cursor(self, callback: Callable[[CursorMoved], None]) -> Callable[[], None]:
        return self._dispatcher.on(CursorMoved, callback)

    def on_presence(self, callback: Callable[[PresenceChanged], None]) -> Callable[[], None]:
        return self._dispatcher.on(PresenceChanged, callback)

    def on_status(self, callback: Callable[[StatusChanged], None]) -> Callable[[], None]:
        return self._dispatcher.on(StatusChanged, callback)

    def on_refused(self, callback: Callable[[EditRefused | RequestRefused], None]) -> Callable[[], None]:
        """Call `callback` with each refusal: of an edit, taken out of the text again, or of anything else."""
        edits = self._dispatcher.on(EditRefused, callback)
        requests = self._dispatcher.on(RequestRefused, callback)

        def off() -> None:
            edits()
            requests()

        return off

    # -------------------------------------------------------------- parts

    def _ended(self, task: asyncio.Task[None]) -> None:
        """The loop that keeps the connection ended; a fault of this library must not leave anybody waiting."""
        error = None if task.cancelled() else task.exception()
        if error is not None and self._state.failure is None:
            self._state.fail(RayroomsError(f"The client failed: {error!r}."))
            self._runner.step()

    def _check_open(self) -> None:
        if self._state.failure is not None:
            raise self._state.failure

    def _publish(self, event: Event) -> None:
        if isinstance(event, Confirmed | RequestRefused) and event.ref in self._asked:
            self._answers[event.ref] = event.version if isinstance(event, Confirmed) else None
        else:
            self._dispatcher.publish(event)

    def _look(self) -> None:
        self._conditions.look()
        if self._state.failure is not None:
            self._conditions.fail(self._state.failure)


class _Kept:
    """The one token of a client that was given one, or that signs in as a guest once."""

    def __init__(self, url: str, token: str | None, name: str | None) -> None:
        self._url = url
        self._token = token
        self._name = name

    async def __call__(self) -> str:
        if self._token is None:
            if self._name is None:
                raise UnauthenticatedError("There is neither a token nor a name.")
            async with RestClient(self._url) as rest:
                self._token = (await rest.sign_in_guest(self._name)).token
        return self._token


def _new_client_id() -> str:
    return secrets.token_hex(8)
