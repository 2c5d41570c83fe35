"""What a gateway and a room actor say to each other on the room link.

Every frame is a msgpack array of these messages, in order; both ends put whatever is ready into one frame. `sid` is a
session: an integer that the gateway picks, unique among all gateways. Payloads for sockets are JSON text, encoded
once by the room and passed on as they are.
"""

from __future__ import annotations

import msgspec

from rayrooms.protocol import ChatMessage, Operation, Participant, Range, Role, Status


class _Message(msgspec.Struct, tag=True, array_like=True):
    """Base of all link messages: tagged by class name, fields as a msgpack array."""


# ------------------------------------------------------------------ gateway to room


class Hello(_Message):
    """First message of a gateway: the secret that the directory gave it, and the epoch that it expects."""

    secret: str
    epoch: int
    gateway_id: str


class Attach(_Message):
    """A session joins; see `rayrooms.protocol.JoinRoomData` for version and version_epoch, Participant for verified."""

    sid: int
    user_id: str
    name: str
    colour: str
    role: Role
    client_id: str
    version: int | None
    version_epoch: int | None
    ref: int | None
    verified: bool = False


class Detach(_Message):
    sid: int


class Edit(_Message):
    sid: int
    op: Operation
    version: int | None
    client_id: str | None
    seq: int | None
    ref: int | None


class SetCursor(_Message):
    sid: int
    ranges: list[Range]
    version: int | None
    ref: int | None


class SetTyping(_Message):
    sid: int
    is_typing: bool


class SetPresence(_Message):
    sid: int
    status: Status


class Post(_Message):
    sid: int
    content: str
    reply_to: str | None
    ref: int | None


class EditMessage(_Message):
    sid: int
    message_id: str
    content: str
    ref: int | None


class DeleteMessage(_Message):
    sid: int
    message_id: str
    ref: int | None


class React(_Message):
    sid: int
    message_id: str
    emoji: str
    ref: int | None


class Sync(_Message):
    sid: int
    version: int | None
    ref: int | None


class Ping(_Message):
    """Asks whether anybody is there."""


class Drowsy(_Message):
    """The answer to Drowse: nothing more comes from this gateway until it hears Stay."""


class Peek(_Message):
    """The calls of REST: `call` comes back in the Reply or Failure."""

    call: int


class Tail(_Message):
    """Asks for the commits in memory of versions `after + 1 .. upto`."""

    call: int
    after: int
    upto: int | None


class ReadChat(_Message):
    call: int


class ReadParticipants(_Message):
    call: int


class Submit(_Message):
    """A single edit by someone without a session."""

    call: int
    user_id: str
    name: str
    role: Role
    op: Operation
    version: int | None
    client_id: str | None
    seq: int | None


class TakeSnapshot(_Message):
    """Write a snapshot; the reply comes once it is durable."""

    call: int


class MemberChanged(_Message):
    """A member has a new role, or (None) is none any more."""

    call: int
    user_id: str
    role: Role | None


Talk = Post | EditMessage | DeleteMessage | React
"""What is done in chat."""

ToRoom = (
    Hello
    | Attach
    | Detach
    | Edit
    | SetCursor
    | SetTyping
    | SetPresence
    | Post
    | EditMessage
    | DeleteMessage
    | React
    | Sync
    | Ping
    | Drowsy
    | Peek
    | Tail
    | ReadChat
    | ReadParticipants
    | Submit
    | TakeSnapshot
    | MemberChanged
)


# ------------------------------------------------------------------ room to gateway


class Welcome(_Message):
    """The room accepted the Hello."""

    room_id: str
    epoch: int


class Pong(_Message):
    """Somebody is there."""


class Drowse(_Message):
    """The room wants to sleep: the gateway answers Drowsy and keeps what comes for the room."""


class Stay(_Message):
    """The room stays awake after all: what was kept may come."""


class Asleep(_Message):
    """The room sleeps, and this link ends; the sessions stay with their gateways. `elsewhere`: some at others too."""

    elsewhere: bool


class Commit(_Message):
    """One commit: its author's session, and the JSON of the `Change` that everybody else is shown."""

    sid: int
    version: int
    seq: int
    change: bytes


class Commits(_Message):
    """Commits for all sessions here, in version order."""

    commits: list[Commit]


class Attached(_Message):
    """The session is in: `payload` is its `room_joined`, and from here on it gets what the room says to all."""

    sid: int
    version: int
    version_epoch: int
    payload: bytes


class Detached(_Message):
    """The session is out of the room, with a last event for it."""

    sid: int
    payload: bytes


class RoleChanged(_Message):
    """The session's user has another role from now on."""

    sid: int
    role: Role


class Unicast(_Message):
    sid: int
    payload: bytes


class Broadcast(_Message):
    """An event for all sessions here but one (0: for all)."""

    payload: bytes
    but: int


class Mark(_Message):
    """The durable watermark: all versions up to this one are in Postgres."""

    version: int


class Ok(_Message):
    """An answer that says no more than that it is done."""


class StateAnswer(_Message):
    content: str
    version: int
    epoch: int
    last_update: float | None
    pid: int
    node_ip: str


class LoggedOp(_Message):
    version: int
    op: Operation
    user_id: str
    client_id: str
    seq: int
    at: float


class TailAnswer(_Message):
    ops: list[LoggedOp]


class ChatAnswer(_Message):
    messages: list[ChatMessage]


class ParticipantsAnswer(_Message):
    participants: list[Participant]


class SubmitAnswer(_Message):
    version: int
    at: float


Answer = Ok | StateAnswer | TailAnswer | ChatAnswer | ParticipantsAnswer | SubmitAnswer


class Reply(_Message):
    call: int
    answer: Answer


class Failure(_Message):
    """The refusal of a call; the code and the sentence of a RayroomsError."""

    call: int
    code: str
    message: str


Sleep = Drowse | Stay | Asleep
"""What a room says of its going to sleep."""

FromRoom = (
    Welcome | Pong | Sleep | Commits | Attached | Detached | RoleChanged | Unicast | Broadcast | Mark | Reply | Failure
)
