"""The generator of hostile frames: pure, and of every kind."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from .frames import TRANSPORTS, HostileFrames, Known, Place, Transport

if TYPE_CHECKING:
    from .frames import Hostile


def drawn(transport: Transport, seed: int, count: int) -> list[Hostile]:
    place = Place("room", joined=True, version=9, last_seq=3, message_ids=["m"])
    known = Known("me", "token", "mine", [place], ["secret"], ["theirs"], ["you"], "forged")
    frames = HostileFrames(random.Random(seed), transport)
    return [frames.next(known) for _ in range(count)]


def test_a_seed_gives_the_same_frames() -> None:
    """FUZZ-1: and each kind of frame comes on each transport."""
    for transport in TRANSPORTS:
        frames = drawn(transport, 1, 600)
        assert frames == drawn(transport, 1, 600)
        assert frames != drawn(transport, 2, 600)
        assert {frame.kind for frame in frames} == set(HostileFrames(random.Random(1), transport).kinds)
