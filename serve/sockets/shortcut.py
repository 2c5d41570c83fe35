"""The short way between a socket and its connection: past the ASGI interface, for what needs no waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Message, Scope

EXTENSION = "rayrooms.shortcut"
"""By which a server that has one offers it in a socket's scope."""
_PAUSE = "rayrooms.pause"


class Shortcut(Protocol):
    """What a server offers for one socket. The ASGI interface stays usable beside it, and all keeps its order."""

    def send_frame(self, frame: bytes) -> bool:
        """Send an unmasked WebSocket frame now; False, with nothing sent, when it has to go the long way."""

    def listen(self, listener: Callable[[str | bytes], bool]) -> None:
        """Offer each message to `listener` as it comes, while none waits in `receive`.

        What it does not take (it returns False) comes by `receive`, and so does all that follows in the same turn.
        """

    def insert(self, message: Message) -> None:
        """Put a message of one's own where `receive` takes it from."""

    def on_stop(self, leave: Callable[[], None]) -> None:
        """Have `leave` close the socket when the server stops, which would cut it otherwise.

        It is called at a moment of the socket's own, so that not all peers come back elsewhere at once.
        """


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
