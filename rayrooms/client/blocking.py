"""BlockingRoom: a room for programs without an event loop."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from rayrooms.client.room import RoomClient

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

    from rayrooms.client.bodies import Conflict, LoggedOperation, Snapshot, StoredMessage
    from rayrooms.client.events import ChatChanged, TextChanged
    from rayrooms.protocol import ChatMessage, Operation, Participant, Range, Role

T = TypeVar("T")


class BlockingRoom:
    """A RoomClient on a background thread, usable from any thread.

        with BlockingRoom("http://127.0.0.1:8000", "my-room", name="Ada") as room:
            room.insert(0, "hello")

    Takes the arguments of `RoomClient.open` and raises what it raises; each method does what RoomClient's does.
    """

    def __init__(self, url: str, room_id: str, **options: Any) -> None:  # noqa: ANN401 - those of RoomClient.open
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"room {room_id}", daemon=True)
        self._thread.start()
        self._context: AbstractAsyncContextManager[RoomClient] = RoomClient.open(url, room_id, **options)
        self._closed = False
        try:
            self._room = self._run(self._context.__aenter__())
        except BaseException:
            self._stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the room, waiting for what is unsaved as RoomClient does; doing so again does nothing."""
        if self._closed:
            return
        try:
            self._run(self._context.__aexit__(None, None, None))
        finally:
            self._stop()

    @property
    def text(self) -> str:
        return self._call(lambda: self._room.text)

    @property
    def version(self) -> int:
        return self._call(lambda: self._room.version)

    @property
    def status(self) -> str:
        return self._call(lambda: self._room.status)

    @property
    def saved(self) -> str:
        return self._call(lambda: self._room.saved)

    @property
    def role(self) -> Role | None:
        return self._call(lambda: self._room.role)

    @property
    def language(self) -> str:
        return self._call(lambda: self._room.language)

    @property
    def users(self) -> list[Participant]:
        return self._call(lambda: self._room.users)

    @property
    def cursors(self) -> dict[str, list[Range]]:
        return self._call(lambda: self._room.cursors)

    @property
    def messages(self) -> list[ChatMessage]:
        return self._call(lambda: self._room.messages)

    def insert(self, position: int, content: str) -> None:
        self._call(lambda: self._room.insert(position, content))

    def delete(self, position: int, length: int) -> None:
        self._call(lambda: self._room.delete(position, length))

    def replace(self, position: int, length: int, content: str) -> None:
        self._call(lambda: self._room.replace(position, length, content))

    def edit(self, op: Operation) -> None:
        self._call(lambda: self._room.edit(op))

    def set_cursor(self, ranges: list[Range]) -> None:
        self._call(lambda: self._room.set_cursor(ranges))

    def set_presence(self, status: Literal["online", "away"]) -> None:
        self._call(lambda: self._room.set_presence(status))

    def set_typing(self, *, is_typing: bool) -> None:
        self._call(lambda: self._room.set_typing(is_typing=is_typing))

    def send_chat(self, content: str, *, reply_to: str | None = None) -> None:
        self._call(lambda: self._room.send_chat(content, reply_to=reply_to))

    def edit_message(self, message_id: str, content: str) -> None:
        self._call(lambda: self._room.edit_message(message_id, content))

    def delete_message(self, message_id: str) -> None:
        self._call(lambda: self._room.delete_message(message_id))

    def react(self, message_id: str, emoji: str) -> None:
        self._call(lambda: self._room.react(message_id, emoji))

    def on_change(self, callback: Callable[[TextChanged], None]) -> Callable[[], None]:
        """`callback` runs on the background thread; it must not call this object."""
        off = self._call(lambda: self._room.on_change(callback))
        return lambda: self._call(off)

    def on_chat(self, callback: Callable[[ChatChanged], None]) -> Callable[[], None]:
        """`callback` runs on the background thread; it must not call this object."""
        off = self._call(lambda: self._room.on_chat(callback))
        return lambda: self._call(off)

    def wait_acked(self, timeout: float | None = None) -> None:
        self._run(self._room.wait_acked(timeout))

    def wait_durable(self, timeout: float | None = None) -> None:
        self._run(self._room.wait_durable(timeout))

    def wait_text(self, wanted: str | Callable[[str], bool], timeout: float | None = None) -> str:
        return self._run(self._room.wait_text(wanted, timeout))

    def sync(self, timeout: float | None = None) -> int:
        return self._run(self._room.sync(timeout))

    def history(self, after: int = 0, upto: int | None = None) -> list[LoggedOperation]:
        return self._run(self._room.history(after, upto))

    def snapshot(self) -> Snapshot:
        return self._run(self._room.snapshot())

    def chat_history(self) -> list[StoredMessage]:
        return self._run(self._room.chat_history())

    def conflicts(self) -> list[Conflict]:
        return self._run(self._room.conflicts())

    def _call(self, function: Callable[[], T]) -> T:
        """Run `function` on the loop's thread, between two of its turns."""

        async def called() -> T:
            return function()

        return self._run(called())

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _stop(self) -> None:
        self._closed = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
