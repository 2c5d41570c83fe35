"""Keeps a client's state machine connected: carries its messages, reconnects, and does its waiting."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from rayrooms.client.events import EditRefused, StatusChanged
from rayrooms.client.transport import Transport
from rayrooms.errors import (
    RateLimitedError,
    RayroomsError,
    UnauthenticatedError,
    UnavailableError,
    UpgradeRequiredError,
    from_code,
)
from rayrooms.protocol import Error, GoingAway

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from rayrooms.client.events import ConnectionStatus, Event
    from rayrooms.client.state import ClientState
    from rayrooms.client.timing import Timing
    from rayrooms.protocol import AnyServerEvent

MAX_TOKENS = 5
"""How many tokens in a row may be refused when each connection gets a fresh one."""
_CONNECTION_REFUSED = frozenset(
    {UnauthenticatedError.default_code, UpgradeRequiredError.default_code, "too_many_connections"}
)
"""Refusals of the connection, whatever message they answer."""
_QUICK_JOINS = 3
"""How often in a row a client joins again at once; after that it waits, so that no fault makes it spin."""


class Runner:
    """Runs one ClientState over connections to `url`.

    `token` is asked before each connection; `renews` says whether it gives a fresh one each time. `publish` is given
    each event, `look` is called whenever anything may have changed. `uniform` is the source of jitter.
    """

    def __init__(
        self,
        state: ClientState,
        url: str,
        *,
        token: Callable[[], Awaitable[str]],
        renews: bool,
        subprotocol: str,
        timing: Timing,
        uniform: Callable[[float, float], float],
        publish: Callable[[Event], None],
        look: Callable[[], None],
    ) -> None:
        self.state = state
        self.status: ConnectionStatus = "connecting"
        self.error: RayroomsError | None = None
        """Why there is no connection, while there is none."""
        self._url = url
        self._token = token
        self._renews = renews
        self._subprotocol = subprotocol
        self._timing = timing
        self._uniform = uniform
        self._publish = publish
        self._look = look
        self._outgoing = asyncio.Event()
        self._backlog: deque[Event] = deque()
        self._telling = False
        self._joins = 0
        self._join_timer: asyncio.TimerHandle | None = None
        self._joining_since = 0.0
        self._heard = 0.0
        self._progressed = 0.0
        self._mark: tuple[int, int, bool] = (0, 0, False)
        self._loop = asyncio.get_running_loop()

    # -------------------------------------------------------------- steps

    def step(self) -> None:
        """Follow up on something that was done to the state: tell, send, join. Writing itself waits for its turn."""
        state = self.state
        for event in state.take_events():
            if isinstance(event, EditRefused):
                self._joins = 0
            self._backlog.append(event)
        mark = (state.replica.acked, state.version, bool(state.replica.sent))
        if mark != self._mark:
            self._mark = mark
            self._progressed = self._loop.time()
            self._joins = 0
        if state.phase == "astray" and self._join_timer is None:
            self._join_soon()
        self._outgoing.set()
        self._set_status()
        self._tell()
        self._look()

    def _tell(self) -> None:
        """Publish in order, also when a callback does something that leads to more events."""
        if self._telling:
            return
        self._telling = True
        while self._backlog:
            self._publish(self._backlog.popleft())
        self._telling = False

    def _join_soon(self) -> None:
        """Join at once, unless the room asked for patience or it has been tried in vain."""
        attempt = self._joins
        self._joins += 1
        if self.state.retry is None and attempt < _QUICK_JOINS:
            self._join()
        else:
            wait = self._timing.wait(attempt, self.state.retry, self._uniform)
            self._join_timer = self._loop.call_later(wait, self._join_now)

    def _join_now(self) -> None:
        self._join_timer = None
        if self.state.phase == "astray":
            self._join()
            self.step()

    def _join(self) -> None:
        self.state.join()
        self._joining_since = self._loop.time()

    def _set_status(self) -> None:
        """A client that joins again over a connection that holds counts as online all the while."""
        state = self.state
        status = self.status
        if state.phase == "closed":
            status = "closed"
        elif state.phase == "joined":
            status = "online"
        elif state.phase in {"offline", "greeting"} or state.retry is not None:
            status = "offline" if state.has_joined else "connecting"
        if status != self.status:
            self.status = status
            self._backlog.append(StatusChanged(status, state.failure or state.retry or self.error))

    # -------------------------------------------------------------- connections

    async def run(self) -> None:
        """Stay connected until the state machine is closed."""
        attempt = refused = 0
        while self.state.failure is None:
            try:
                await self._converse(await self._connect())
            except UnauthenticatedError as error:
                refused += 1
                if not self._renews or refused >= MAX_TOKENS:
                    self.state.fail(error)
                self.error = error
            except (UnavailableError, RateLimitedError) as error:
                self.error = error
                refused = 0
            except RayroomsError as error:
                self.state.fail(error)
            if self.status == "online":
                attempt = 0
            self._disconnected()
            if self.state.failure is None:
                await asyncio.sleep(self._timing.wait(attempt, self.error, self._uniform))
                attempt += 1

    async def _connect(self) -> Transport:
        token = await self._token()
        return await Transport.open(
            self._url, token, subprotocol=self._subprotocol, timeout=self._timing.connect_timeout
        )

    async def _converse(self, transport: Transport) -> None:
        """Talk until the connection ends, which raises why; returns when the state machine is closed."""
        self._heard = self._progressed = self._loop.time()
        self._outgoing.clear()
        self.state.connected()
        self.step()
        loops: list[Coroutine[None, None, None]] = [self._read(transport), self._write(transport), self._watch()]
        tasks = [self._loop.create_task(loop) for loop in loops]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await transport.close()

    def _disconnected(self) -> None:
        if self._join_timer is not None:
            self._join_timer.cancel()
            self._join_timer = None
        self._joins = 0
        self.state.disconnected()
        self.step()

    async def _read(self, transport: Transport) -> None:
        while self.state.failure is None:
            message = await transport.receive()
            self._heard = self._loop.time()
            _raise_if_over(message)
            self.state.receive(message)
            self.step()

    async def _write(self, transport: Transport) -> None:
        while True:
            await self._outgoing.wait()
            self._outgoing.clear()
            await transport.send(self.state.take_outbox())

    async def _watch(self) -> None:
        """Ping, and give up a connection on which nothing comes or nothing is done."""
        timing, state = self._timing, self.state
        pinged = self._loop.time()
        while True:
            await asyncio.sleep(timing.tick)
            now = self._loop.time()
            if now - self._heard > timing.dead_after:
                raise UnavailableError("The server has fallen silent.")
            if state.phase == "joining" and now - self._joining_since > timing.join_timeout:
                raise UnavailableError("The room did not answer.")
            if state.phase == "joined" and state.replica.sent and now - self._progressed > timing.unacked_after:
                raise UnavailableError("The room does not acknowledge edits.")
            if now - pinged >= timing.ping_every:
                pinged = now
                state.ping()
                self._outgoing.set()


def _raise_if_over(message: AnyServerEvent) -> None:
    """Raise what ends the connection: the server goes, or does not accept the token, the client or one more of it."""
    if isinstance(message, GoingAway) and message.data.room_id is None:
        raise UnavailableError(f"The server is going away: {message.data.reason}.")
    if isinstance(message, Error) and message.data.code in _CONNECTION_REFUSED:
        data = message.data
        raise from_code(data.code, data.message, data.retry_after)
