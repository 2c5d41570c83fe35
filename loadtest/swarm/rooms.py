"""Who shares a room with whom, among the users of this process."""

from __future__ import annotations

import uuid

from gevent.event import Event


class SharedRoom:
    """A room for several users; `made` once it exists. It may have one place that is not for everybody."""

    def __init__(self, size: int, *, taught: bool) -> None:
        self.room_id = f"load-{uuid.uuid4().hex[:12]}"
        self.made = Event()
        self.teacherless = taught
        self.free = size - taught
        self.founded = False

    def found(self) -> bool:
        """Whether whoever asks is the first, and is to make it."""
        first, self.founded = not self.founded, True
        return first


class SharedRooms:
    """Fills rooms of one size, the older ones first. `taught`: each has a place for a teacher."""

    def __init__(self, *, taught: bool = False) -> None:
        self._taught = taught
        self._open: list[SharedRoom] = []

    def place(self, size: int) -> SharedRoom:
        """A room for the next user."""
        found = next((room for room in self._open if room.free), None) or self._another(size)
        found.free -= 1
        self._forget_full()
        return found

    def teach(self, size: int) -> SharedRoom:
        """A room for the next teacher."""
        found = next((room for room in self._open if room.teacherless), None) or self._another(size)
        found.teacherless = False
        self._forget_full()
        return found

    def _another(self, size: int) -> SharedRoom:
        made = SharedRoom(size, taught=self._taught)
        self._open.append(made)
        return made

    def _forget_full(self) -> None:
        self._open = [room for room in self._open if room.free or room.teacherless]
