"""Plays a trace into a room: its authors write as recorded, others read along, and all is timed."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from loadtest.author import Author, ReplayError
from loadtest.wire import Wire
from rayrooms.codec import codec_for
from rayrooms.errors import RayroomsError
from rayrooms.protocol import SUBPROTOCOL_JSON

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping

    from loadtest.trace import Trace, TraceEdit
    from rayrooms.protocol import Change

_codec = codec_for(SUBPROTOCOL_JSON)
_now = time.perf_counter

WINDOW = 100
"""Edits that an author has in flight at most."""
_TURN = 16
"""Edits that an author makes before it looks whether anything has arrived."""
_STALL = 45.0
_REJOIN = 0.1


class Times:
    """When each edit was sent, first acknowledged, and first seen by each other client; all in seconds."""

    def __init__(self) -> None:
        self.acks: list[float] = []
        self.arrivals: list[float] = []
        self._sent: dict[tuple[str, int], float] = {}

    def sent(self, client_id: str, seq: int) -> None:
        self._sent[client_id, seq] = _now()

    def arrived(self, reader: str, changes: Iterable[Change]) -> None:
        """Changes came to a client that had not had them."""
        at = _now()
        for change in changes:
            sent = self._sent.get((change.client_id, change.seq))
            if sent is not None:
                (self.acks if change.client_id == reader else self.arrivals).append(at - sent)


class Participant(Wire):
    """A client with its connection. `news`, which several may share, is set whenever something has arrived."""

    def __init__(
        self, author: Author, times: Times, news: asyncio.Event, on_failure: Callable[[Exception], None]
    ) -> None:
        super().__init__()
        self.author = author
        self.head = 0
        """The newest version that has arrived, taken in or not."""
        self.acked = 0
        """The last own edit whose commit has arrived, taken in or not."""
        self._times = times
        self._news = news
        self._on_failure = on_failure
        self._retrying: asyncio.TimerHandle | None = None

    async def open(self, url: str, token: str) -> None:
        """Connect and enter the room. Raises WireError, and ReplayError when the room does not let it in."""
        self.author.state.connected()
        await self.connect(url, token)
        while self.author.state.phase != "joined":
            if self.author.state.failure is not None:
                raise ReplayError(f"The room cannot be entered: {self.author.state.failure}")
            self._news.clear()
            await self._news.wait()

    def edit(self, edit: TraceEdit) -> None:
        before = self.author.last_seq
        self.author.edit(edit.op)
        for seq in range(before + 1, self.author.last_seq + 1):
            self._times.sent(self.author.client_id, seq)
        self._flush()

    def received(self, data: bytes) -> None:
        try:
            changes = self.author.receive(_codec.decode_server(data))
        except (ReplayError, RayroomsError) as error:
            self._on_failure(error)
            return
        fresh = [change for change in changes if change.version > self.head]
        if fresh:
            self._times.arrived(self.author.client_id, fresh)
            self.head = fresh[-1].version
            self.acked = max([self.acked, *(one.seq for one in fresh if one.client_id == self.author.client_id)])
        self._flush()
        self._news.set()

    def lost(self, why: str) -> None:
        self._on_failure(ReplayError(f"The connection of client {self.author.client_id} ended: {why}."))

    def _flush(self) -> None:
        state = self.author.state
        if state.phase == "astray" and self._retrying is None:
            if state.retry is None:
                state.join()
            else:
                self._retrying = asyncio.get_running_loop().call_later(_REJOIN, self._rejoin)
        for message in self.author.take_outbox():
            data = _codec.encode(message)
            self.send(data.encode() if isinstance(data, str) else data)

    def _rejoin(self) -> None:
        self._retrying = None
        self.author.state.retry = None
        self._flush()


class Played(NamedTuple):
    """What came of it: `edits` were committed in `seconds`, the last of them durable `settled` seconds later."""

    edits: int
    seconds: float
    settled: float


class Player:
    """The authors of a trace and some readers in one room.

    `ties` maps an edit to one that the room must have got before it, as loadtest.merge finds them.
    """

    def __init__(
        self, trace: Trace, room_id: str, *, ties: Mapping[int, int], readers: int = 1, window: int = WINDOW
    ) -> None:
        self.times = Times()
        self._news = asyncio.Event()
        self.authors = [self._participant(Author(room_id, f"author-{number}")) for number in range(trace.authors)]
        self.readers = [self._participant(Author(room_id, f"reader-{number}")) for number in range(readers)]
        self._trace = trace
        self._ties = ties
        self._window = window
        self._made = [[0] for _ in self.authors]
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def everybody(self) -> list[Participant]:
        return [*self.authors, *self.readers]

    @property
    def committed(self) -> int:
        """How many edits are known to be committed."""
        return sum(author.acked for author in self.authors)

    @property
    def sent(self) -> int:
        """How many edits were made."""
        return sum(author.author.last_seq for author in self.authors)

    async def play(self) -> Played:
        """Write all edits, and return when all clients hold all of them and know them durable. Raises ReplayError."""
        began = _now()
        await self._or_failure(*(self._write(number) for number in range(len(self.authors))))
        await self._or_failure(self._until(self._has_all, self.everybody))
        took = _now() - began
        await self._or_failure(self._until(lambda one: one.author.state.replica.durable >= self.sent, self.everybody))
        settled = _now() - began - took
        # Readers have held most of it back until now; taking it in is their own time, not the server's.
        await self._or_failure(self._until(self._is_complete, self.everybody))
        return Played(self.sent, took, settled)

    def close(self) -> None:
        for one in self.everybody:
            one.close()

    def _participant(self, author: Author) -> Participant:
        return Participant(author, self.times, self._news, self._fail)

    def _fail(self, error: Exception) -> None:
        if not self._failed.done():
            self._failed.set_exception(error)

    # -------------------------------------------------------------- writing

    async def _write(self, number: int) -> None:
        """One author's edits, each as soon as it has seen what it had seen when recorded."""
        me = self.authors[number]
        turn = 0
        for index, edit in enumerate(self._trace.edits):
            if edit.author != number:
                continue
            while not self._may(me, edit, self._ties.get(index)):
                self._news.clear()
                await self._news.wait()
                turn = 0
            me.edit(edit)
            self._made[number].append(me.author.last_seq)
            self._news.set()
            turn += 1
            if turn % _TURN == 0:
                await asyncio.sleep(0)

    def _may(self, me: Participant, edit: TraceEdit, behind: int | None) -> bool:
        """Whether an edit can be made now: its author has seen what it had, and edit `behind` is committed."""
        if me.author.state.phase != "joined" or me.author.last_seq - me.acked >= self._window:
            return False
        for number, count in enumerate(edit.seen):
            if number == edit.author:
                continue
            made = self._made[number]
            if len(made) <= count or not me.author.see(self.authors[number].author.client_id, made[count]):
                return False
        return behind is None or self._is_committed(self._trace.edits[behind])

    def _is_committed(self, edit: TraceEdit) -> bool:
        made = self._made[edit.author]
        number = edit.seen[edit.author] + 1
        return len(made) > number and self.authors[edit.author].acked >= made[number]

    def _has_all(self, one: Participant) -> bool:
        """Whether all commits have arrived, its own among them."""
        return one.head >= self.sent and one.acked >= one.author.last_seq

    def _is_complete(self, one: Participant) -> bool:
        """Take in what has arrived; whether that is everything."""
        one.author.see_all()
        return one.author.state.replica.is_acked and one.author.state.version >= self.sent

    async def _until(self, holds: Callable[[Participant], bool], of: list[Participant]) -> None:
        for one in of:
            while not holds(one):
                self._news.clear()
                await self._news.wait()

    # -------------------------------------------------------------- failing

    async def _or_failure(self, *steps: Coroutine[Any, Any, None]) -> None:
        """Take steps side by side until all are done, one fails, a client fails, or nothing moves any more."""
        tasks = [asyncio.create_task(step) for step in steps]
        try:
            before, since = self._progress(), _now()
            while True:
                done, waiting = await asyncio.wait(
                    [*tasks, self._failed], timeout=1, return_when=asyncio.FIRST_COMPLETED
                )
                for one in done:
                    one.result()
                waiting.discard(self._failed)
                if not waiting:
                    return
                tasks = [task for task in tasks if not task.done()]
                if (progress := self._progress()) != before:
                    before, since = progress, _now()
                elif _now() - since > _STALL:
                    raise ReplayError(f"Nothing moves any more since {_STALL:.0f} s: {self._state()}.")
        finally:
            for task in tasks:
                task.cancel()

    def _progress(self) -> list[tuple[int, int, int]]:
        return [(one.author.last_seq, one.head, one.author.state.replica.durable) for one in self.everybody]

    def _state(self) -> str:
        return "; ".join(
            f"{one.author.client_id} made {one.author.last_seq}, of which {one.acked} are committed, received version "
            f"{one.head}, durable up to {one.author.state.replica.durable}, is {one.author.state.phase}"
            for one in self.everybody
        )
