"""Reading a socket: no faster than its user may send, and never so long that others have to wait."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from serve.sockets.shortcut import pause_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Message, Receive

    from serve.sockets.connection import Connection
    from serve.sockets.handlers import Handlers

C = TypeVar("C", bound="Connection")

TURN = 32
"""Messages that a connection is served in a row. One read brings thousands of small ones, and taking them in from the
server's queue never gives way by itself."""


async def read(
    receive: Receive, connection: C, handlers: Handlers, take: Callable[[C, Message], Awaitable[None]]
) -> None:
    """Have `take` take what comes over a connection, one message after another, until it ends.

    While a user has sent more bytes than allowed nothing more is read from the socket: the kernel's buffers fill up,
    and the sender has to wait, with nothing lost and nothing to be refused.
    """
    taken = 0
    while not connection.closed:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        pause = pause_in(message)
        if pause is not None:
            await asyncio.sleep(pause)
            continue
        await take(connection, message)
        taken += 1
        pause = handlers.pause_after(connection, len(message.get("text") or message.get("bytes") or b""))
        if pause > 0.0 or taken % TURN == 0:
            await asyncio.sleep(pause)
