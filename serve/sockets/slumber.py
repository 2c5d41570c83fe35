"""Where a gateway's room stands between awake and asleep, and what its sessions say to it meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from rayrooms.errors import RateLimitedError
from serve.waiting import Gate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actors.link import messages as link

_MOST_BYTES = 1024 * 1024
_MOST_MESSAGES = 1000
_BUSY = 1.0

_encode = msgspec.msgpack.Encoder().encode


class Slumber:
    """Awake; drowsy, when the owner has asked this gateway to hold back; or asleep, without an owner.

    What sessions say while they are held back is kept in order, to be handed over once the room has let them in again:
    at most a thousand messages and 1 MiB for all of a room's sessions here.
    """

    def __init__(self) -> None:
        self.is_drowsy = False
        self.is_asleep = False
        self.elsewhere = False
        """Whether the room fell asleep under sessions of other gateways too."""
        self.is_called = False
        """Whether the room is needed, or is to be looked at, as soon as it sleeps."""
        self._held: dict[int, list[link.ToRoom]] = {}
        self._messages = 0
        self._bytes = 0
        self._decided = Gate()

    def drowse(self, sids: Iterable[int]) -> None:
        """The owner wants to sleep: hold these sessions back."""
        self.is_drowsy = True
        self.is_called = False
        for sid in sids:
            self._held.setdefault(sid, [])
        self._decided.clear()

    def fall_asleep(self, *, elsewhere: bool) -> None:
        """The owner stored the room and goes."""
        self.is_asleep = True
        self.elsewhere = elsewhere

    def decide(self) -> None:
        """The owner stays, or is gone."""
        self.is_drowsy = False
        self._decided.set()

    def wake(self) -> None:
        """The room is being woken. Its sessions are held back until they are let in."""
        self.is_asleep = False

    async def decided(self) -> None:
        """Return once the room is not drowsy."""
        while self.is_drowsy:
            await self._decided.wait()

    # -------------------------------------------------------------- what is held back

    def holds(self, sid: int) -> bool:
        """Whether what a session says is kept."""
        return self.is_drowsy or self.is_asleep or sid in self._held

    def hold(self, sid: int, message: link.ToRoom, *, always: bool = False) -> None:
        """Keep a message. Raises RateLimitedError when too much is kept already, but for one that must `always` be."""
        size = len(_encode(message))
        if not always and (self._messages >= _MOST_MESSAGES or self._bytes + size > _MOST_BYTES):
            raise RateLimitedError("The room is waking up; try again in a moment.", retry_after=_BUSY)
        self._held.setdefault(sid, []).append(message)
        self._messages += 1
        self._bytes += size

    @property
    def has_messages(self) -> bool:
        """Whether anything is kept that the room has to be told."""
        return self._messages > 0

    def says(self, sid: int) -> list[link.ToRoom]:
        """What is kept of a session."""
        return self._held.get(sid, [])

    def sids(self) -> list[int]:
        """The sessions that are held back."""
        return list(self._held)

    def release(self, sid: int) -> list[link.ToRoom] | None:
        """A session is held back no longer: what it said, in order; None when it was not."""
        held = self._held.pop(sid, None)
        for message in held or ():
            self._messages -= 1
            self._bytes -= len(_encode(message))
        return held
