"""What people call rooms in a notebook, and what that means on a server."""

from __future__ import annotations

import re
from typing import NamedTuple

from rayrooms.errors import InvalidError

_SLASH = "~"
"""What stands for a slash in a room's id: ids stand in URLs, and hold none."""
_ROOM_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,63}")


class RoomName(NamedTuple):
    """The id of a room, and the title it gets when it is made under this name."""

    room_id: str
    title: str


def room_name(name: str) -> RoomName:
    """The room that is called `name`: "team/notes" is the room `team~notes`. Raises InvalidError."""
    room_id = name.replace("/", _SLASH)
    if _ROOM_ID.fullmatch(room_id) is None:
        raise InvalidError(
            f"{name!r} cannot name a room: a name is 1 to 64 letters, digits and . _ ~ - / and begins with a letter or "
            "a digit."
        )
    return RoomName(room_id, name)
