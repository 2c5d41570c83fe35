"""Stopwatches: how long after a fault people get on, and how long after its end their edits are stored."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rayrooms.errors import RayroomsError

from .plan import OUTAGE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from .faults import Injected
    from .writer import Writer

PATIENCE = 300.0
"""A node that dies on a busy machine is long in coming back."""
_POLL = 0.02
_STORED = ("postgres", "database", "persistence", "node")


@dataclass(frozen=True)
class Sample:
    """One person's time. `what` is "edit": from the fault to the acknowledgement of an edit made after it; or
    "stored": from the end of the fault until all that was typed by then was told to be durable.
    """  # noqa: D205 - two measures, two sentences

    fault: int
    kind: str
    what: str
    seconds: float
    long: bool = False
    """Whether it is of an outage of a minute, and of what was stored after it."""


class Stopwatches:
    """Measures each fault as it comes. `spans` tells when each was done and when the last of its people got on."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.spans: list[tuple[float, float]] = []
        self.kinds: list[str] = []
        self.troubles: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self, done: Injected) -> None:
        """A fault was just done."""
        number = len(self.spans)
        self.kinds.append(done.fault.kind)
        self.spans.append((done.began, done.began))
        for room in done.rooms:
            for writer in room.present:
                self._tasks.append(asyncio.create_task(self._edit(number, done, writer)))

    def end(self, done: Injected) -> None:
        """A fault was just undone."""
        assert done.ended is not None
        number = next(index for index, (began, _) in enumerate(self.spans) if began == done.began)
        self._extend(number, done.ended)
        if done.fault.kind.startswith(_STORED):
            for room in done.rooms:
                for writer in room.present:
                    self._tasks.append(asyncio.create_task(self._stored(number, done, writer)))

    async def settle(self) -> None:
        """Wait until everybody has got on."""
        while self._tasks:
            tasks, self._tasks = self._tasks, []
            await asyncio.gather(*tasks)

    def alone(self) -> list[bool]:
        """Of each fault, whether it was over and recovered from without meeting another."""
        return [
            all(end < other or last < begin for index, (other, last) in enumerate(self.spans) if index != number)
            for number, (begin, end) in enumerate(self.spans)
        ]

    async def _edit(self, number: int, done: Injected, writer: Writer) -> None:
        kind = done.fault.kind
        try:
            words = writer.type_word()
            when = await self._wait(lambda: writer.acked_at(words))
        except (RayroomsError, TimeoutError) as error:
            self.troubles.append(f"{writer.name} did not get on after {kind} of {done.victim}: {error!r}")
            return
        self._extend(number, when)
        # Those who are at other gateways have noticed nothing and would only make the figures look better.
        if kind.startswith("gateway") and not any(done.began <= at <= when for at in writer.offline_at):
            return
        self.samples.append(Sample(number, kind, "edit", when - done.began))

    async def _stored(self, number: int, done: Injected, writer: Writer) -> None:
        assert done.ended is not None
        words = writer.acked
        try:
            when = await self._wait(
                lambda: writer.stored_at(words) or (done.ended if writer.durable >= words else None)
            )
        except TimeoutError as error:
            self.troubles.append(f"edits of {writer.name} were not stored after {done.fault.kind}: {error!r}")
            return
        self._extend(number, when)
        long = done.fault.lasts >= OUTAGE_SECONDS
        self.samples.append(Sample(number, done.fault.kind, "stored", max(0.0, when - done.ended), long))

    def _extend(self, number: int, when: float) -> None:
        began, last = self.spans[number]
        self.spans[number] = (began, max(last, when))

    async def _wait(self, reached: Callable[[], float | None]) -> float:
        deadline = time.monotonic() + PATIENCE
        while (when := reached()) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {PATIENCE:.0f} s")
            await asyncio.sleep(_POLL)
        return when
