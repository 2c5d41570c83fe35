"""A socket's sending side that can stall, and what stands around hubs and handlers."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from persistence.repositories import no_room
from persistence.settings import Settings
from rayrooms.errors import UnauthenticatedError, UnavailableError
from serve.auth.access import Admission
from serve.auth.tokens import Identity
from serve.sockets.connection import WebSocketConnection
from serve.sockets.limits import Allowances, Rates
from serve.sockets.tally import GatewayTally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.types import Message, Send

    from persistence.tables import Room
    from rayrooms.protocol import Role
    from serve.sockets.connection import Connection

PATIENCE = 10.0
MAX_WAITING = 1000


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what nobody announces."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - what is waited for has no events of its own
            await asyncio.sleep(0.002)


class NoVacancies:
    """Takes note of rooms that were left asleep."""

    def __init__(self) -> None:
        self.noted: list[str] = []

    def note(self, room_id: str) -> None:
        self.noted.append(room_id)

    async def flush(self) -> None:
        """Nothing is kept back."""


NO_VACANCIES: Any = NoVacancies()


class Wire:
    """Where a connection sends to. While `stalled` it takes nothing, as a server does whose client reads no more."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.broken = False
        self._writable = asyncio.Event()
        self._writable.set()

    async def send(self, message: Message) -> None:
        await self._writable.wait()
        if self.broken:
            raise OSError("the socket is gone")
        self.sent.append(message)

    def stall(self) -> None:
        self._writable.clear()

    def flow(self) -> None:
        self._writable.set()

    def events(self) -> list[dict[str, Any]]:
        """The messages that were sent, decoded."""
        return [
            json.loads(message["text"]) if "text" in message else msgspec.msgpack.decode(message["bytes"])
            for message in self.sent
            if message["type"] == "websocket.send"
        ]

    def of(self, name: str) -> list[dict[str, Any]]:
        """The data of the events of one name."""
        return [event["data"] for event in self.events() if event["event"] == name]

    def closed(self) -> int | None:
        """The code with which it was closed, if it was."""
        return next((message["code"] for message in self.sent if message["type"] == "websocket.close"), None)


def identity(user_id: str) -> Identity:
    """Everybody has signed in somewhere but those whose id begins with "guest"."""
    return Identity(user_id=user_id, name=user_id.title(), expires_at=2e9, guest=user_id.startswith("guest"))


class Closings:
    """Remembers which connections were closed."""

    def __init__(self) -> None:
        self.closed: list[Connection] = []

    def __call__(self, connection: Connection) -> None:
        self.closed.append(connection)


def new_connection(
    send: Send, closings: Closings, *, binary: bool = False, tally: GatewayTally | None = None
) -> WebSocketConnection:
    """Nobody's connection yet."""
    return WebSocketConnection(
        send,
        "connection",
        binary=binary,
        take_now=lambda _connection, _data: False,
        max_waiting=MAX_WAITING,
        on_close=closings,
        tally=tally or GatewayTally(),
    )


def connected(user_id: str = "ada", *, binary: bool = False) -> tuple[Connection, Wire]:
    """Someone's connection, with the wire that it writes to."""
    wire = Wire()
    connection = new_connection(wire.send, Closings(), binary=binary)
    connection.identity = identity(user_id)
    return connection, wire


def allowances(max_sockets: int = 256, **rates: float) -> Allowances:
    """What users may send: the defaults, but for these."""
    return Allowances(Rates.from_settings(Settings())._replace(**rates), max_sockets)


class FakeAccess:
    """Lets everybody in as a member, but for those whose role was set: None keeps them out."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.ranks: dict[str, Role | None] = {}
        self.asked = 0
        self.away = False
        self.answering = asyncio.Event()
        self.answering.set()

    def _role(self, user: Identity) -> Role | None:
        return self.ranks.get(user.user_id, "member")

    async def roles(self, room_id: str, people: Iterable[Identity]) -> dict[str, Role | None]:
        self.asked += 1
        await self.answering.wait()
        if self.away:
            raise UnavailableError("The database is away.", code="database_unavailable")
        assert room_id == self.room.id
        return {user.user_id: self._role(user) for user in people}

    async def admit(self, room_id: str, user: Identity) -> Admission:
        await asyncio.sleep(0)
        role = self._role(user)
        if role is None:
            raise no_room(room_id)
        return Admission(room_id, self.room.name, "text", 50, role, "#336699")


class FakeTokens:
    """Tokens that are user ids."""

    def verify(self, token: str) -> Identity:
        if not token.isalpha():
            raise UnauthenticatedError("The token does not hold.")
        return identity(token)

    async def identify(self, token: str) -> Identity:
        return self.verify(token)


class FakeOnline:
    """Keeps count of who came and went."""

    def __init__(self) -> None:
        self.log: list[tuple[str, str]] = []
        self.present: Counter[str] = Counter()

    def connections(self, user_id: str) -> int:
        return self.present[user_id]

    def came(self, user: Identity) -> None:
        self.log.append(("came", user.user_id))
        self.present[user.user_id] += 1

    def went(self, user: Identity) -> None:
        self.log.append(("went", user.user_id))
        self.present[user.user_id] -= 1
