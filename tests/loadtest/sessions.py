"""Recorded sessions made up at random, and a room to play them into, without sockets or processes."""

from __future__ import annotations

import random
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from actors.core.room import RoomCore, as_change
from actors.core.sessions import User
from actors.core.state import ClientMark, RoomLimits, RoomState
from loadtest.author import Author
from loadtest.merge import merge
from loadtest.rest import LoggedOperation
from loadtest.trace import Trace, TraceEdit
from rayrooms.errors import ConflictError
from rayrooms.protocol import (
    Ack,
    AckData,
    Acked,
    AnyServerEvent,
    Change,
    Changes,
    ChangesData,
    CodeChange,
    ConnectionResponse,
    ConnectionResponseData,
    Error,
    ErrorData,
    JoinRoom,
    RoomJoined,
)

if TYPE_CHECKING:
    from actors.core.log import Commit

_ROOM = "room"
_NOW = 1.0


def session(seed: int, *, edits: int) -> Trace:
    """Two authors who edit at once and look up now and then; every position fits what its author had seen."""
    rng = random.Random(seed)
    made: list[TraceEdit] = []
    counts = [0, 0]
    seen = [[0, 0], [0, 0]]
    for _ in range(edits):
        author = rng.randrange(2)
        other = 1 - author
        seen[author][author] = counts[author]
        if rng.random() < 0.3:
            seen[author][other] = rng.randint(seen[author][other], counts[other])
        view = merge(_visible(made, author, seen[author][other])).text
        at = rng.randint(0, len(view))
        gone = rng.randint(0, min(3, len(view) - at)) if rng.random() < 0.4 else 0
        op: list[int | str | dict[str, int]] = [at] if at else []
        if not gone or rng.random() < 0.5:
            op.append(rng.choice(["a", "b", "xyz", "é", "👩‍👩‍👧"]) if author else rng.choice(["A", "B", "漢字"]))
        if gone:
            op.append({"d": gone})
        edit = TraceEdit(author, (*seen[author],), op)  # type: ignore[arg-type]  # invariance of lists
        made.append(edit)
        counts[author] += 1
    return Trace("made up", 2, made, merge(made).text)


def _visible(made: list[TraceEdit], author: int, of_other: int) -> list[TraceEdit]:
    """What an author sees: all that it made, and the first so many of the other's."""
    visible = []
    for edit in made:
        if edit.author != author:
            of_other -= 1
            if of_other < 0:
                continue
        visible.append(edit)
    return visible


class Stage:
    """A room core and two authors, joined by queues whose every step is somebody's choice."""

    def __init__(self, trace: Trace) -> None:
        self.authors = [Author(_ROOM, f"author-{number}") for number in range(2)]
        self.readers = [Author(_ROOM, "reader")]
        self.everybody = [*self.authors, *self.readers]
        self.crashes = 0
        self._trace = trace
        self._ties = merge(trace.edits).ties
        self._left = [
            deque((index, edit) for index, edit in enumerate(trace.edits) if edit.author == number)
            for number in range(2)
        ]
        self._made = [[0], [0]]
        self._up: list[deque[CodeChange]] = [deque() for _ in self.everybody]
        self._down: list[deque[AnyServerEvent]] = [deque() for _ in self.everybody]
        self._told = [0] * len(self.everybody)
        self._core = RoomCore(RoomState(_ROOM), epoch=1, limits=RoomLimits())
        for number, one in enumerate(self.everybody):
            one.state.connected()
            one.receive(ConnectionResponse(data=ConnectionResponseData(session_id="c")))
            one.state.join()
            self._attach(number, ref=self._join_request(one).ref)
            self._deliver(number)

    @property
    def content(self) -> str:
        return self._core.content

    @property
    def log(self) -> list[LoggedOperation]:
        return [_logged(commit) for commit in self._core.log.after(0)]

    @property
    def left(self) -> int:
        """Edits of the trace that are still to be made."""
        return sum(len(edits) for edits in self._left)

    # -------------------------------------------------------------- steps

    def write(self, number: int) -> bool:
        """An author makes its next edit, if it has seen enough."""
        if not self._left[number]:
            return False
        index, edit = self._left[number][0]
        author, other = self.authors[number], 1 - number
        made = self._made[other]
        if len(made) <= edit.seen[other] or not author.see(f"author-{other}", made[edit.seen[other]]):
            return False
        if index in self._ties and not self._is_committed(self._trace.edits[self._ties[index]]):
            return False
        self._left[number].popleft()
        author.edit(edit.op)
        self._made[number].append(author.last_seq)
        self._take_outbox(number)
        return True

    def commit(self, number: int) -> None:
        """The room takes one message of a client."""
        if not self._up[number]:
            return
        message = self._up[number].popleft()
        data = message.data
        assert data.op is not None
        try:
            edited = self._core.edit(
                number + 1, data.op, version=data.version, client_id=data.client_id, seq=data.seq, now=_NOW
            )
        except ConflictError as error:
            refusal = ErrorData(code=error.code, message=error.message, seq=data.seq)
            self._down[number].append(Error(data=refusal, ref=message.ref))
            return
        if edited.commit is None:
            self.tell(number)
            ack = Ack(version=edited.version, seq=data.seq or 0)
            self._down[number].append(Acked(data=AckData(room_id=_ROOM, client_id=data.client_id or "", acks=[ack])))

    def tell(self, number: int) -> None:
        """The room tells a client all that it has not told it, in one frame."""
        commits = self._core.log.after(self._told[number])
        if commits:
            mine = self.everybody[number].client_id
            changes = [_as_told(commit, mine) for commit in commits]
            self._told[number] = commits[-1].version
            self._down[number].append(Changes(data=ChangesData(room_id=_ROOM, changes=changes)))

    def deliver(self, number: int) -> None:
        """A client gets its next frame."""
        if self._down[number]:
            self._deliver(number)

    def crash(self) -> None:
        """The room dies and comes back with its log; what was on its way to it is lost, what it told is not."""
        self.crashes += 1
        log = self._core.log.after(0)
        state = RoomState(
            _ROOM,
            content=self._core.content,
            version=len(log),
            version_epoch=log[-1].epoch if log else 0,
            log=log,
            clients={commit.client_id: ClientMark(commit.seq, commit.version, commit.user_id) for commit in log},
        )
        self._core = RoomCore(state, epoch=self._core.epoch + 1, limits=RoomLimits())
        for number in range(len(self.everybody)):
            self._up[number].clear()
            self._attach(number, version=self._told[number], epoch=self._epoch_at(log, self._told[number]))

    def finish(self) -> None:
        """Let everything through until nothing is left to do."""
        while self.left or any(self._up) or any(self._down) or any(told < self._core.version for told in self._told):
            for number in range(len(self.everybody)):
                self.commit(number)
                self.tell(number)
                self.deliver(number)
            for number in range(2):
                self.write(number)
        for one in self.everybody:
            one.see_all()

    # -------------------------------------------------------------- parts

    def _is_committed(self, edit: TraceEdit) -> bool:
        made, number = self._made[edit.author], edit.seen[edit.author] + 1
        mark = self._core.client(f"author-{edit.author}")
        return len(made) > number and mark is not None and mark.seq >= made[number]

    def _attach(self, number: int, *, ref: int | None = None, version: int | None = None, epoch: int = 0) -> None:
        who = self.everybody[number]
        user = User(user_id=f"user-{number}", name="n", colour="#000000", role="member")
        joined = self._core.attach(
            number + 1,
            user,
            who.client_id,
            version=version,
            version_epoch=epoch if version is not None else None,
            now=_NOW,
        )
        self._told[number] = self._core.version
        self._down[number].append(
            RoomJoined(data=msgspec.convert(msgspec.to_builtins(joined.data), type(joined.data)), ref=ref)
        )

    def _epoch_at(self, log: list[Commit], version: int) -> int:
        return log[version - 1].epoch if version else 0

    def _deliver(self, number: int) -> None:
        self.everybody[number].receive(self._down[number].popleft())
        self._take_outbox(number)

    def _take_outbox(self, number: int) -> None:
        for message in self.everybody[number].take_outbox():
            assert isinstance(message, CodeChange), message
            self._up[number].append(message)

    def _join_request(self, one: Author) -> JoinRoom:
        [message] = one.take_outbox()
        assert isinstance(message, JoinRoom)
        return message


def _as_told(commit: Commit, receiver: str) -> Change:
    change = as_change(commit)
    if commit.client_id == receiver:
        change.op = None
    return change


def _logged(commit: Commit) -> LoggedOperation:
    return LoggedOperation(version=commit.version, op=commit.op, client_id=commit.client_id, seq=commit.seq)
