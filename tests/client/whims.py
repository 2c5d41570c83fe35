"""A room that says whatever it likes: every message a client may meet, likely or not, at any time.

A real room reaches few of the corners of a client's state machine, and never some. Whether what the client makes of it
is right is for the simulation and the other tests to say; here it is only written down.
"""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, TypeVar

from rayrooms import text
from rayrooms.errors import RayroomsError, from_code
from rayrooms.protocol import (
    Ack,
    AckData,
    Acked,
    Change,
    Changes,
    ChangesData,
    ChatMessage,
    ChatMessageData,
    ChatPosted,
    ConnectionResponse,
    ConnectionResponseData,
    Cursor,
    CursorMoved,
    CursorMovedData,
    Durable,
    DurableData,
    Error,
    ErrorData,
    GoingAway,
    GoingAwayData,
    LeftRoomData,
    MessageChanged,
    MessageChangedData,
    Participant,
    Pong,
    PresenceChanged,
    PresenceChangedData,
    Range,
    ReactionAdded,
    ReactionAddedData,
    RoomJoined,
    RoomJoinedData,
    RoomLeft,
    SyncResponse,
    SyncResponseData,
    TypingChanged,
    TypingChangedData,
    UserJoined,
    UserJoinedData,
    UserLeft,
    UserLeftData,
)
from tests.client.recording import RecordedState
from tests.text.generate import operation, random_document, random_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from rayrooms.protocol import AnyServerEvent, Operation, Role, Status

T = TypeVar("T")

CODES = (
    "document_too_large",
    "message_too_large",
    "read_only",
    "forbidden",
    "invalid_operation",
    "invalid_text",
    "backlog_full",
    "out_of_order",
    "version_too_old",
    "room_unavailable",
    "rate_limited",
    "not_joined",
    "message_not_found",
    "something new",
)
JOIN_CODES = ("room_unavailable", "backlog_full", "rate_limited", "superseded", "forbidden", "room_not_found")
BAD_EDITS: tuple[Operation, ...] = (
    [10**6, "x"],
    [{"d": "\ue000\ue000"}],
    [0],
    ["a", "b"],
    ["\0"],
    [{"d": 10**6}],
    ["x", 3],
    [],
)
POSSIBLE: Operation | None = ["!"]
IMPOSSIBLE: tuple[Operation | None, ...] = (None, [99, "x"], [{"d": "\ue000"}])
PEOPLE = ("ada", "bob", "eve")
ROLES: tuple[Role, ...] = ("member", "owner", "viewer")
STATUSES: tuple[Status, ...] = ("online", "away")
EMOJI = ("👍", "🎉")


class Whims:
    """One client and its whimsical room."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        ids = iter(f"client-{number}" for number in range(1, 1_000))
        self.state = RecordedState("r", new_client_id=lambda: next(ids), window=self.dice.choice([1, 2, 5, 100]))
        self.epoch = 1

    def run(self, steps: int) -> RecordedState:
        while len(self.state.steps) < steps and self.state.phase != "closed":
            try:
                self._step()
            except RayroomsError:
                continue  # it is written down
        return self.state

    # -------------------------------------------------------------- choosing

    def _step(self) -> None:
        phase, dice = self.state.phase, self.dice
        if phase != "joined" and dice.random() < 0.4:
            self._go_on()
        elif dice.random() < 0.45:
            self._act()
        else:
            self._pick(
                {
                    self._changes: 6,
                    self._acks: 4,
                    self._durable: 2,
                    self._cursor_moved: 3,
                    self._presence: 0.5,
                    self._typing: 0.5,
                    self._come: 0.7,
                    self._leave: 0.3,
                    self._chat: 1.5,
                    self._sync: 0.5,
                    self._refuse: 1,
                    self._join: 0.6,
                    self._put_out: 0.15,
                    self._chatter: 0.3,
                    self.state.disconnected: 0.3,
                }
            )()

    def _pick(self, weights: dict[Callable[[], None], float]) -> Callable[[], None]:
        return self.dice.choices(list(weights), list(weights.values()))[0]

    def _go_on(self) -> None:
        """What leads back into the room."""
        match self.state.phase:
            case "offline":
                self.state.connected()
            case "greeting":
                self._receive(ConnectionResponse(data=ConnectionResponseData(session_id="c")))
            case "astray":
                self.state.join()
            case _ if self.dice.random() < 0.12:
                code = self.dice.choice(JOIN_CODES[:4] if self.dice.random() < 0.8 else JOIN_CODES[4:])
                self._receive(Error(ref=self.state._join_ref, data=ErrorData(code=code, message="No.")))
            case _:
                self._join(asked=True)

    # -------------------------------------------------------------- the client

    def _act(self) -> None:
        state, dice = self.state, self.dice
        size = len(state.text)
        message_id = str(dice.randint(1, 6))
        self._pick(
            {
                self._edit: 12,
                lambda: state.edit(dice.choice(BAD_EDITS)): 0.5,
                lambda: state.set_cursor([Range(dice.randint(0, size + 1), dice.randint(0, size))]): 2,
                lambda: state.set_presence(dice.choice(["online", "away"])): 0.5,
                lambda: state.set_typing(is_typing=dice.random() < 0.5): 0.4,
                lambda: state.send_chat("hi", reply_to=dice.choice([None, message_id])): 0.4,
                lambda: state.edit_message(message_id, "hello"): 0.3,
                lambda: state.delete_message(message_id): 0.3,
                lambda: state.react(message_id, dice.choice(EMOJI)): 0.3,
                self._ask: 0.3,
                state.ping: 0.3,
                lambda: state.fail(from_code("room_not_found", "Gone.")): 0.05,
            }
        )()

    def _ask(self) -> None:
        self.state.ask_version()

    def _edit(self) -> None:
        self.state.edit(self._operation(self.state.text))

    def _operation(self, document: str) -> Operation:
        return operation(document, random_plan(self.dice))

    # -------------------------------------------------------------- the document's side of the room

    def _receive(self, message: AnyServerEvent) -> None:
        self.state.receive(message)

    def _committed(self) -> str:
        """The text without the own edits that are not committed."""
        document = self.state.text
        for op in reversed(self.state.replica._line()):
            document = text.apply(document, text.invert(op))
        return document

    def _changes(self) -> None:
        """Some commits, mostly the very next ones."""
        version, sent = self.state.version, [edit.seq for edit in self.state.replica.sent]
        document: str | None = self._committed()
        changes = []
        for _ in range(self.dice.randint(1, 3)):
            version += self._usually(1, lambda: self.dice.choice([0, 0, -1, 2]))
            if sent and self.dice.random() < 0.4:
                changes.append(Change(version=version, client_id=self.state.client_id, seq=sent.pop(0)))
                document = None  # it takes more to know what their text is now
                continue
            op: Operation | None = self._operation(document if document is not None else "abc")
            if document is None or self.dice.random() < 0.02:
                op = self._usually(POSSIBLE, lambda: self.dice.choice(IMPOSSIBLE))
            elif op:
                document, op = text.apply_checked(document, op)
            author = self.dice.choice(PEOPLE)
            changes.append(
                Change(version=version, client_id=f"of {author}", seq=version, op=op or ["."], user_id=author)
            )
            if op is None:
                changes[-1].op = None
        self._receive(Changes(data=ChangesData(room_id="r", changes=changes)))

    def _acks(self) -> None:
        version, next_seq = self.state.version, self.state.replica.acked + 1
        acks = []
        for index in range(self.dice.randint(1, max(1, len(self.state.replica.sent)))):
            number = self._usually(index, lambda: self.dice.randint(-1, 3))
            acks.append(Ack(version=version + 1 + number, seq=next_seq + self._usually(number, lambda: 1)))
        self._receive(Acked(data=AckData(room_id="r", client_id=self.state.client_id, acks=acks)))

    def _durable(self) -> None:
        version = self.dice.randint(max(0, self.state.version - 4), self.state.version)
        self._receive(Durable(data=DurableData(room_id="r", version=version)))

    def _join(self, *, asked: bool = False) -> None:
        """The room lets the client in: where it left off, further on, or with another text."""
        dice, replica = self.dice, self.state.replica
        role: Role = dice.choices(ROLES, [8, 1, 1])[0]
        data = RoomJoinedData(
            room_id="r",
            session_id=dice.choice(["s1", "s2"]),
            client_id=self.state.client_id,
            version=replica.version,
            epoch=self.epoch,
            version_epoch=self.epoch,
            durable=dice.randint(max(0, replica.version - 5), replica.version),
            last_seq=replica.acked,
            role=role,
            users=[self._somebody() for _ in range(dice.randint(0, 3))],
            messages=list({one.id: one for one in (self._message() for _ in range(dice.randint(0, 3)))}.values()),
            language=dice.choice(["text", "python"]),
            name=dice.choice(["", "Room"]),
        )
        if not self.state.has_joined or dice.random() < 0.5:
            self._reset(data)
        else:
            self._catch_up(data)
        self._receive(RoomJoined(ref=self.state._join_ref if asked else None, data=data))

    def _catch_up(self, data: RoomJoinedData) -> None:
        document = self._committed()
        for edit in list(self.state.replica.sent)[: self.dice.randint(0, 2)]:
            if self.dice.random() < 0.4:
                document, theirs = text.apply_checked(document, self._operation(document))
                data.version += 1
                data.operations.append(
                    Change(version=data.version, client_id="of bob", seq=1, op=theirs or ["."], user_id="bob")
                )
                break
            document = text.apply(document, edit.op)
            data.version, data.last_seq = data.version + 1, edit.seq
            data.operations.append(
                Change(version=data.version, client_id=data.client_id, seq=edit.seq, op=edit.op, user_id="ada")
            )
        data.last_seq += self._usually(0, lambda: self.dice.choice([-1, 1, 5]))

    def _reset(self, data: RoomJoinedData) -> None:
        dice, replica = self.dice, self.state.replica
        self.epoch += dice.random() < 0.5
        data.epoch = data.version_epoch = self.epoch
        data.reset = self.state.has_joined
        data.version = max(0, replica.version + dice.randint(-6, 6))
        data.last_seq = max(0, replica.acked + dice.randint(-3, len(replica.sent)))
        data.last_seq += dice.choices([0, 7], [9, 1])[0]
        document = self._committed()
        for _ in range(dice.randint(0, 3)):
            document = text.apply(document, self._operation(document))
        whim = dice.random()
        if whim < 0.1:
            document = random_document(dice)
        elif whim < 0.2:
            document = "".join(f"{random_document(dice)}\n" for _ in range(dice.randint(1, 30)))
        elif whim < 0.3:
            lines = document.splitlines(keepends=True)
            dice.shuffle(lines)
            document = "".join(lines)
        data.content = document[:400]

    def _refuse(self) -> None:
        """A refusal of an edit on its way, of one that is no longer, or of something else."""
        dice = self.dice
        code = dice.choice(CODES)
        if self.state.replica.sent and dice.random() < 0.7:
            edit = dice.choice(self.state.replica.sent)
            ref = dice.choices([edit.ref, None, max(1, edit.ref - 3)], [6, 1, 1])[0]
            self._receive(Error(ref=ref, data=ErrorData(code=code, message="No.", seq=edit.seq)))
        else:
            self._receive(Error(ref=dice.choice([None, 1, 10**6]), data=ErrorData(code=code, message="No.")))

    def _put_out(self) -> None:
        for _ in range(self.dice.choice([1, 1, 7])):
            self._receive(RoomLeft(data=LeftRoomData(room_id="r", reason="superseded")))
            if self.state.phase != "astray":
                break
            self.state.join()
            self._catch_up_at_once()

    def _catch_up_at_once(self) -> None:
        replica = self.state.replica
        data = RoomJoinedData(
            room_id="r",
            session_id="s1",
            client_id=self.state.client_id,
            version=replica.version,
            epoch=self.epoch,
            version_epoch=self.epoch,
            durable=replica.durable,
            last_seq=replica.acked,
            role="member",
        )
        self._receive(RoomJoined(ref=self.state._join_ref, data=data))

    # -------------------------------------------------------------- the others

    def _somebody(self) -> Participant:
        name = self.dice.choice(PEOPLE)
        return Participant(
            session_id=self.dice.choice(["s1", "s2", "s3", "s4"]),
            user_id=name,
            name=name.title(),
            colour="#123456",
            role=self.dice.choices(ROLES, [4, 0, 1])[0],
            status=self.dice.choice(STATUSES),
            typing=self.dice.random() < 0.2,
            cursor=self._cursor() if self.dice.random() < 0.6 else None,
            verified=name != PEOPLE[0],
        )

    def _cursor(self) -> Cursor:
        size = len(self.state.text)
        ends = [(self.dice.randint(0, size), self.dice.randint(0, size)) for _ in range(self.dice.randint(1, 2))]
        version = self.state.version + self.dice.choice([0, 0, 0, -1, -2, 1, 2, -300])
        return Cursor(version=max(0, version), ranges=[Range(*pair) for pair in ends])

    def _cursor_moved(self) -> None:
        who = self._somebody()
        data = CursorMovedData(room_id="r", session_id=who.session_id, user_id=who.user_id, cursor=self._cursor())
        self._receive(CursorMoved(data=data))

    def _presence(self) -> None:
        who = self._somebody()
        data = PresenceChangedData(room_id="r", session_id=who.session_id, user_id=who.user_id, status=who.status)
        self._receive(PresenceChanged(data=data))

    def _typing(self) -> None:
        who = self._somebody()
        data = TypingChangedData(room_id="r", session_id=who.session_id, user_id=who.user_id, is_typing=who.typing)
        self._receive(TypingChanged(data=data))

    def _come(self) -> None:
        self._receive(UserJoined(data=UserJoinedData(room_id="r", user=self._somebody())))

    def _leave(self) -> None:
        who = self._somebody()
        data = UserLeftData(room_id="r", session_id=who.session_id, user_id=who.user_id)
        self._receive(UserLeft(data=data))

    # -------------------------------------------------------------- chat and small talk

    def _message(self) -> ChatMessage:
        dice = self.dice
        author = dice.choice(PEOPLE)
        return ChatMessage(
            id=str(dice.randint(1, 6)),
            user_id=author,
            name=author.title(),
            content=random_document(dice, 4),
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            reply_to=dice.choice([None, None, "1"]),
            reactions=dice.choice([{}, {EMOJI[0]: [author]}]),
            edited=dice.random() < 0.2,
            deleted=dice.random() < 0.1,
        )

    def _chat(self) -> None:
        ref = self.dice.choice([None, 1, 2])
        match self.dice.randrange(3):
            case 0:
                self._receive(ChatPosted(ref=ref, data=ChatMessageData(room_id="r", message=self._message())))
            case 1:
                self._receive(MessageChanged(ref=ref, data=MessageChangedData(room_id="r", message=self._message())))
            case _:
                message = self._message()
                data = ReactionAddedData(
                    room_id="r",
                    message_id=message.id,
                    emoji=EMOJI[0],
                    user_id=message.user_id,
                    reactions=message.reactions,
                )
                self._receive(ReactionAdded(ref=ref, data=data))

    def _sync(self) -> None:
        data = SyncResponseData(room_id="r", version=self.state.version)
        self._receive(SyncResponse(ref=self.dice.choice([None, 3]), data=data))

    def _chatter(self) -> None:
        if self.dice.random() < 0.5:
            self._receive(Pong(ref=None))
        else:
            self._receive(GoingAway(data=GoingAwayData(reason="deploy")))

    def _usually(self, likely: T, otherwise: Callable[[], T]) -> T:
        return likely if self.dice.random() < 0.96 else otherwise()
