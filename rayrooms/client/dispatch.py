"""Telling an application what happens: callbacks, streams of events, and waiting for a condition."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, TypeVar

from rayrooms.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from rayrooms.client.events import Event
    from rayrooms.errors import RayroomsError

E = TypeVar("E")

MAX_WAITING_EVENTS = 10_000
"""Events that a stream holds for a reader that is too slow; beyond that it ends."""

_logger = logging.getLogger(__name__)


class Dispatcher:
    """Callbacks by kind of event, and streams of all events. A callback that fails is logged and harms nobody else."""

    def __init__(self) -> None:
        self._callbacks: dict[type[Event], list[Callable[..., None]]] = {}
        self._streams: set[asyncio.Queue[Event | None]] = set()

    def on(self, kind: type[E], callback: Callable[[E], None]) -> Callable[[], None]:
        """Call `callback` with every event of `kind`. Returns what takes that back."""
        callbacks = self._callbacks.setdefault(kind, [])  # type: ignore[arg-type]  # callers pass kinds of events
        callbacks.append(callback)

        def off() -> None:
            if callback in callbacks:
                callbacks.remove(callback)

        return off

    def publish(self, event: Event) -> None:
        for callback in tuple(self._callbacks.get(type(event), ())):
            try:
                callback(event)
            except Exception:
                _logger.exception("a callback for %s failed", type(event).__name__)
        for stream in tuple(self._streams):
            if stream.qsize() < MAX_WAITING_EVENTS:
                stream.put_nowait(event)
            else:
                self._streams.discard(stream)

    async def stream(self) -> AsyncIterator[Event]:
        """All events from now on, until `end`. Raises UnavailableError when the reader fell too far behind."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._streams.add(queue)
        try:
            while True:
                if queue.empty() and queue not in self._streams:
                    raise UnavailableError("This reader of events was too slow.")
                event = await queue.get()
                if event is None:
                    return
                yield event
        finally:
            self._streams.discard(queue)

    def end(self) -> None:
        """There will be no more events."""
        for stream in self._streams:
            stream.put_nowait(None)


class Conditions:
    """Waits for something to become true, looked at whenever anything happened."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    async def wait(self, holds: Callable[[], bool], timeout: float | None) -> None:  # noqa: ASYNC109 - part of the public calls
        """Return once `holds()`. Raises TimeoutError, or what `fail` is given."""
        if holds():
            return
        future = asyncio.get_running_loop().create_future()
        entry = (holds, future)
        self._waiting.append(entry)
        try:
            async with asyncio.timeout(timeout):
                await future
        finally:
            if entry in self._waiting:
                self._waiting.remove(entry)

    def look(self) -> None:
        """Something happened."""
        for holds, future in tuple(self._waiting):
            if not future.done() and holds():
                future.set_result(None)

    def fail(self, error: RayroomsError) -> None:
        """None of it will ever be true."""
        for _, future in self._waiting:
            if not future.done():
                future.set_exception(error)
