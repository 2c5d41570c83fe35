"""The short way between a socket and its connection: past the ASGI interface, for what needs no waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from starlette.types import Message, Scope

EXTENSION = "rayrooms.shortcut"
"""By which a server that has one offers it in a socket's scope."""
_PAUSE = "rayrooms.pause"


class Peer(Protocol):
    """Whom a socket belongs to."""

    def take_now(self, data: str | bytes) -> bool:
        """Take a message as it comes, without waiting for anything. False: not now, or not this one."""

    def leave(self) -> None:
        """Close the socket: the server stops."""


class Shortcut(Protocol):
    """What a server offers for one socket. The ASGI interface stays usable beside it, and all keeps its order."""

    def send_frame(self, frame: bytes) -> bool:
        """Send an unmasked WebSocket frame now; False, with nothing sent, when it has to go the long way."""

    def belongs_to(self, peer: Peer) -> None:
        """Offer each message to `peer` as it comes, while none waits in `receive`, and tell it when the server stops.

        What it does not take comes by `receive`, and so does all that follows in the same turn. That it has to leave it
        is told at a moment of its own, so that not all come back elsewhere at once.
        """

    def insert(self, message: Message) -> None:
        """Put a message of one's own where `receive` takes it from."""


def shortcut_of(scope: Scope) -> Shortcut | None:
    """The shortcut of a socket, if there is one; to be asked once, since it is taken out of the scope."""
    found: Shortcut | None = scope.get("extensions", {}).pop(EXTENSION, None)
    return found


def pause_message(seconds: float) -> Message:
    """A message that has the reading loop pause before it goes on."""
    return {"type": _PAUSE, "seconds": seconds}


def pause_in(message: Message) -> float | None:
    """For how long a message has the reading loop pause; None when it is any other."""
    return message["seconds"] if message["type"] == _PAUSE else None
