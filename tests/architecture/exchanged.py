"""What the server's processes say to each other, as it stands in the code: its shapes.

`python -m tests.architecture.exchanged` prints them, to be recorded at a release.
"""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING

import msgspec

import actors.link.messages
import persistence.feed
from actors.directory.actor import DirectoryActor
from actors.room_actor import RoomActor
from persistence.actor import PersistenceActor
from persistence.exchanged import Exchanged
from persistence.loaded import LoggedOp
from rayrooms.protocol import ChatMessage

if TYPE_CHECKING:
    from collections.abc import Callable

Shape = dict[str, str]
"""The parts of a message or the parameters of a call, in order: each one's type, and ` = ...` if it may be left out."""

BY_POSITION = (LoggedOp, ChatMessage)
"""Pickled by position, so they may not grow as long as they are."""


def shapes() -> dict[str, Shape]:
    """Every message and value that one process hands another, and every call, by name."""
    frames = [*actors.link.messages._Message.__subclasses__(), *persistence.feed._Message.__subclasses__()]
    structs: list[type[msgspec.Struct]] = [*frames, *Exchanged.__subclasses__(), *BY_POSITION]
    calls = [call for actor in (DirectoryActor, PersistenceActor, RoomActor) for call in _calls(actor)]
    found = {f"{kind.__module__}.{kind.__qualname__}": _fields(kind) for kind in structs}
    return found | {f"{call.__module__}.{call.__qualname__}": _parameters(call) for call in calls}


def _fields(kind: type[msgspec.Struct]) -> Shape:
    hints = inspect.get_annotations(kind)
    return {
        field.name: hints[field.name] + ("" if field.required else " = ...") for field in msgspec.structs.fields(kind)
    }


def _calls(actor: type[object]) -> list[Callable[..., object]]:
    return [call for name, call in inspect.getmembers(actor, inspect.isfunction) if not name.startswith("_")]


def _parameters(call: Callable[..., object]) -> Shape:
    _, *parameters = inspect.signature(call).parameters.values()
    return {each.name: str(each.annotation) + ("" if each.default is each.empty else " = ...") for each in parameters}


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(shapes())) + b"\n")
