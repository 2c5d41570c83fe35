"""A room host with its surroundings in this process: a stored room, a feed's other end, gateways."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from actors.core.state import ClientMark, RoomState
from actors.host.config import Activation
from actors.host.room_host import RoomHost
from actors.link import messages as link
from actors.link.client import RoomLink
from persistence import feed
from persistence.wire import FrameReader, frame
from rayrooms.errors import UnavailableError

from .fakes import CONFIG
from .rooms import ADA

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from actors.core.room import RoomCore
    from actors.host.config import RoomAddress
    from actors.link.client import Event
    from rayrooms.protocol import ChatMessage, Operation, Role

PATIENCE = 10.0
E = TypeVar("E")


async def until(holds: Callable[[], object]) -> None:
    """Wait for what nobody announces."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - what is waited for has no events of its own
            await asyncio.sleep(0.002)


class FakeArchive:
    """The stored side of one room."""

    def __init__(self, state: RoomState | None = None) -> None:
        self.state = state or RoomState(room_id="room")
        self.clients: dict[str, ClientMark] = {}
        self.results: dict[tuple[str, int], int] = {}
        self.messages: dict[str, ChatMessage] = {}
        self.away = False
        self.answering = asyncio.Event()
        self.answering.set()

    async def _answer(self, room_id: str) -> None:
        assert room_id == self.state.room_id
        await self.answering.wait()
        if self.away:
            raise UnavailableError("The database is away.", code="database_unavailable")

    async def load(self, room_id: str) -> RoomState:
        await self._answer(room_id)
        return self.state

    async def client(self, room_id: str, client_id: str) -> ClientMark | None:
        await self._answer(room_id)
        return self.clients.get(client_id)

    async def result_of(self, room_id: str, client_id: str, seq: int) -> int | None:
        await self._answer(room_id)
        return self.results.get((client_id, seq))

    async def message(self, room_id: str, message_id: str) -> ChatMessage | None:
        await self._answer(room_id)
        return self.messages.get(message_id)


class FeedEnd:
    """The persistence actor's end of the feed, which keeps records and says what it is told to say."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: list[feed.Record] = []
        self.hellos: list[feed.Hello] = []
        self.ended = 0
        self.welcoming = True
        """While it does not welcome a sender, nothing counts as handed over."""
        self.storing = True
        """While it stores nothing, nothing becomes durable."""
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self.path)

    async def stop(self) -> None:
        """As a kill would: all connections end, nobody listens."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        self.path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames, decode = FrameReader(), msgspec.msgpack.Decoder(list[feed.ToWriter]).decode
        self._writers.add(writer)
        with suppress(ConnectionResetError):  # it ends with words of ours unread
            while data := await reader.read(65536):
                for payload in frames.feed(data):
                    for message in decode(payload):
                        if isinstance(message, feed.Hello):
                            self.hellos.append(message)
                            if self.welcoming:
                                self._say(writer, feed.Welcome())
                        else:
                            self.records.append(message)
                if self.storing:
                    self.store()
        self.ended += 1
        self._writers.discard(writer)
        writer.close()

    def _say(self, writer: asyncio.StreamWriter, message: feed.FromWriter) -> None:
        writer.write(frame([msgspec.msgpack.encode(message)]))

    def _say_to_all(self, message: feed.FromWriter) -> None:
        for writer in self._writers:
            self._say(writer, message)

    def welcome(self) -> None:
        self.welcoming = True
        self._say_to_all(feed.Welcome())

    def store(self) -> None:
        """All that has come is durable."""
        self.storing = True
        if self.records:
            self._say_to_all(feed.Durable(max(record.n for record in self.records)))

    def fence(self, epoch: int) -> None:
        self._say_to_all(feed.Fenced(epoch))

    def of(self, kind: type[E]) -> list[E]:
        """The records of one kind, in order."""
        return [record for record in self.records if isinstance(record, kind)]


class Gateway:
    """A gateway's link to a room; it remembers all that it heard."""

    def __init__(self) -> None:
        self.heard: list[Event] = []
        self.lost = False
        self.link: RoomLink | None = None

    @classmethod
    @asynccontextmanager
    async def linked(cls, address: RoomAddress) -> AsyncIterator[Gateway]:
        gateway = cls()
        gateway.link = await RoomLink.connect(gateway, address, "gateway")
        yield gateway
        gateway.link.close()

    def on_event(self, event: Event) -> None:
        self.heard.append(event)

    def on_lost(self) -> None:
        self.lost = True

    def send(self, message: link.ToRoom) -> None:
        assert self.link is not None
        self.link.send(message)

    async def call(self, make: Any, *fields: object) -> Any:
        assert self.link is not None
        return await self.link.call(make, *fields)

    def of(self, kind: type[E]) -> list[E]:
        """What was heard of one kind, in order."""
        return [event for event in self.heard if isinstance(event, kind)]

    async def attach(self, sid: int, user_id: str, role: Role = "member", **fields: Any) -> dict[str, Any]:
        """Let someone in; returns the `room_joined`."""
        self.ask_in(sid, user_id, role, **fields)
        await until(lambda: any(event.sid == sid for event in self.of(link.Attached)))
        payload = next(event.payload for event in self.of(link.Attached) if event.sid == sid)
        joined: dict[str, Any] = msgspec.json.decode(payload)["data"]
        return joined

    def ask_in(
        self,
        sid: int,
        user_id: str,
        role: Role = "member",
        *,
        client_id: str | None = None,
        version: int | None = None,
    ) -> None:
        self.send(
            link.Attach(sid, user_id, user_id.title(), "#336699", role, client_id or user_id, version, None, None)
        )

    def edit(self, sid: int, op: Operation, *, seq: int | None = None, version: int | None = None) -> None:
        self.send(link.Edit(sid, op, version, None, seq, 7))

    def versions(self) -> list[int]:
        """All commits that were told, in order."""
        return [commit.version for event in self.of(link.Commits) for commit in event.commits]

    def told(self, sid: int) -> list[dict[str, Any]]:
        """The events for one session alone."""
        return [msgspec.json.decode(event.payload) for event in self.of(link.Unicast) if event.sid == sid]

    def errors(self, sid: int) -> list[str]:
        return [event["data"]["code"] for event in self.told(sid) if event["event"] == "error"]

    def broadcast(self, name: str) -> list[dict[str, Any]]:
        """The events of this name that went to all."""
        said = [msgspec.json.decode(event.payload) for event in self.of(link.Broadcast)]
        return [event["data"] for event in said if event["event"] == name]


class Stage:
    """A host that owns a room under epoch 1, and both ends around it."""

    def __init__(self, path: Path, archive: FakeArchive, **config: Any) -> None:
        self.feed = FeedEnd(path)
        self.archive = archive
        self.config = msgspec.structs.replace(CONFIG, **config)
        self.ended: list[str] = []
        self.idle: list[str] = []
        self.host = RoomHost(
            archive,
            node_ip="127.0.0.1",
            feed_path=path,
            node_id="node",
            on_end=self.ended.append,
            on_idle=self._idle,
        )

    def _idle(self, room_id: str) -> None:
        self.idle.append(room_id)

    async def activate(self, epoch: int = 1) -> RoomAddress:
        return await self.host.activate(Activation("room", epoch, "secret"), self.config)

    @property
    def address(self) -> RoomAddress:
        assert self.host.address is not None
        return self.host.address

    @property
    def core(self) -> RoomCore:
        """The room itself."""
        assert self.host._room is not None
        return self.host._room.core

    async def stored(self) -> None:
        """Wait until all that the room has said is durable: only then it may sleep."""
        await until(lambda: self.host._feed is not None and self.host._feed.backlog_records == 0)

    async def close(self) -> None:
        """The process ends."""
        await self.host.close()
        await self.feed.stop()


@asynccontextmanager
async def on_stage(path: Path, archive: FakeArchive | None = None, **config: Any) -> AsyncIterator[Stage]:
    stage = Stage(path, archive or FakeArchive(), **config)
    await stage.feed.start()
    await stage.host.start()
    await stage.activate()
    yield stage
    await stage.close()


async def edits(gateway: Gateway, count: int, first: int = 1) -> None:
    """Ada makes edits, and all of them are told."""
    for seq in range(first, first + count):
        gateway.edit(ADA, ["x"], seq=seq)
    await until(lambda: gateway.versions()[-1:] == [first + count - 1])
