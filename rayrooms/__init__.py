"""Rayrooms: edit text and code together, live. The wire protocol, the text type and the clients that all sides share.

    async with RoomClient.open("http://127.0.0.1:8000", "my-room", name="Ada") as room:
        room.insert(0, "hello")
        await room.wait_durable()

Names are loaded when they are first used, so that servers which only need the protocol stay small.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rayrooms.client.blocking import BlockingRoom
    from rayrooms.client.events import (
        ChatChanged,
        CursorMoved,
        EditRefused,
        PresenceChanged,
        RequestRefused,
        StatusChanged,
        TextChanged,
    )
    from rayrooms.client.rest import RestClient
    from rayrooms.client.room import RoomClient
    from rayrooms.client.timing import Timing
    from rayrooms.errors import RayroomsError
    from rayrooms.protocol import Range

_HOMES = {
    "BlockingRoom": "rayrooms.client.blocking",
    "ChatChanged": "rayrooms.client.events",
    "CursorMoved": "rayrooms.client.events",
    "EditRefused": "rayrooms.client.events",
    "PresenceChanged": "rayrooms.client.events",
    "Range": "rayrooms.protocol",
    "RayroomsError": "rayrooms.errors",
    "RequestRefused": "rayrooms.client.events",
    "RestClient": "rayrooms.client.rest",
    "RoomClient": "rayrooms.client.room",
    "StatusChanged": "rayrooms.client.events",
    "TextChanged": "rayrooms.client.events",
    "Timing": "rayrooms.client.timing",
}

__all__ = [
    "BlockingRoom",
    "ChatChanged",
    "CursorMoved",
    "EditRefused",
    "PresenceChanged",
    "Range",
    "RayroomsError",
    "RequestRefused",
    "RestClient",
    "RoomClient",
    "StatusChanged",
    "TextChanged",
    "Timing",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
