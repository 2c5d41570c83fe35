"""RelayHub: the connections to the room server that views have through this kernel."""

from __future__ import annotations

from collections import OrderedDict, deque
from contextlib import suppress
from typing import TYPE_CHECKING

from rayrooms.errors import UnavailableError
from rayrooms_jupyter.relay.messages import CLOSED, Close, Open, content, read
from rayrooms_jupyter.relay.outlet import outlet_of_loop
from rayrooms_jupyter.relay.session import RelaySession

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from rayrooms_jupyter.relay.messages import Address, Message

_MOST_LINKS = 256
_REMEMBERED = 1024
"""Links that are over: a repeated message does not bring one back."""
_MOST_ANSWERS = 64


class RelayHub:
    """Carries the room sessions of one widget's views over its comm: each link has a WebSocket to the server at `url`.

    A view that names no token goes by `kernel_token()`. `send` hands the content of a custom message to the comm. All
    work is done on `loop`; all hubs of one loop share its pace.
    """

    def __init__(
        self,
        url: str,
        kernel_token: Callable[[], Awaitable[str]],
        send: Callable[[dict[str, object]], None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._url = url
        self._kernel_token = kernel_token
        self._send = send
        self._loop = loop
        self._sessions: dict[Address, RelaySession] = {}
        self._over: OrderedDict[Address, Close] = OrderedDict()
        self._answers: deque[dict[str, object]] = deque()
        self._is_closed = False

    def handle(self, content: dict[str, object]) -> None:
        """Take a message of kind `relay` that came from a view. From any thread; never waits, never raises."""
        with suppress(RuntimeError):  # the loop is closed, and so is every connection
            self._loop.call_soon_threadsafe(self._handle, content)

    def close(self) -> None:
        """End all connections, after what the server has sent. From any thread; does not wait for it."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._close)

    def _close(self) -> None:
        self._is_closed = True
        for session in list(self._sessions.values()):
            session.finish(UnavailableError("The widget was closed."))

    def _handle(self, content: dict[str, object]) -> None:
        found = read(content)
        if found is None:
            return
        address, message = found
        session = self._sessions.get(address)
        if session is not None:
            session.receive(message)
        elif isinstance(message, Open) and address not in self._over and not self._is_closed:
            self._open(address, message)
        elif isinstance(message, Close):
            self._remember(address, Close(CLOSED, ""))  # its `open` may still come
        else:
            unknown = Close(UnavailableError.default_code, "The kernel does not know this link.")
            self._answer(address, self._over.get(address, unknown))

    def _open(self, address: Address, opening: Open) -> None:
        if len(self._sessions) >= _MOST_LINKS:
            self._answer(address, Close(UnavailableError.default_code, "Too many views use this kernel's relay."))
            return
        self._sessions[address] = RelaySession(
            address,
            url=self._url,
            token=lambda: self._token_of(opening),
            send=self._send,
            outlet=outlet_of_loop(),
            over=self._forget,
        )

    async def _token_of(self, opening: Open) -> str:
        return opening.token or await self._kernel_token()

    def _forget(self, session: RelaySession, last_words: Close) -> None:
        if self._sessions.pop(session.address, None) is not None:
            self._remember(session.address, last_words)

    def _remember(self, address: Address, last_words: Close) -> None:
        self._over[address] = last_words
        if len(self._over) > _REMEMBERED:
            self._over.popitem(last=False)

    # -------------------------------------------------------------- answers for links that are no more

    def _answer(self, address: Address, message: Message) -> None:
        if len(self._answers) < _MOST_ANSWERS:
            self._answers.append(content(address, message))
            outlet_of_loop().wake(self)

    def due(self) -> float | None:
        return 0.0 if self._answers else None

    def take(self, now: float) -> dict[str, object] | None:  # noqa: ARG002 - as every source
        return self._answers.popleft() if self._answers else None

    def send(self, content: dict[str, object]) -> None:
        self._send(content)
