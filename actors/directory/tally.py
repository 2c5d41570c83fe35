"""What the directory counts: rooms that wake and fall asleep."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from persistence.telemetry import catalogue
from persistence.telemetry.readings import Buckets, Reading
from rayrooms.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

    from actors.host.config import RoomAddress


class DirectoryTally:
    """The counts of one directory since it started."""

    def __init__(self) -> None:
        self.slept = 0
        self._activations = Buckets(catalogue.ACTIVATION_SECONDS)
        self._failed = 0

    async def activation(self, work: Awaitable[RoomAddress]) -> RoomAddress:
        """Wake a room by `work`, which raises UnavailableError if that cannot be done, and note how long it took."""
        began = time.perf_counter()
        try:
            address = await work
        except UnavailableError:
            self._failed += 1
            raise
        self._activations.add(time.perf_counter() - began)
        return address

    def readings(self, awake: int) -> Iterator[Reading]:
        """All of them, and how many rooms are awake, as metrics."""
        yield Reading(catalogue.ROOMS_AWAKE, awake)
        yield Reading(catalogue.ROOMS_SLEPT, self.slept)
        yield Reading(catalogue.ACTIVATION_SECONDS, self._activations)
        yield Reading(catalogue.ACTIVATIONS_FAILED, self._failed)
