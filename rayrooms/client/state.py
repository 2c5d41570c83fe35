"""The state machine of a client in one room: what it sends and tells for each thing that it does or receives. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rayrooms import text
from rayrooms.client.company import Company, place
from rayrooms.client.events import (
    Confirmed,
    EditRefused,
    RequestRefused,
    TextChanged,
)
from rayrooms.client.outbox import Outbox
from rayrooms.client.replica import Replica
from rayrooms.errors import ConflictError, ForbiddenError, InvalidError, UnavailableError, from_code
from rayrooms.protocol import (
    Acked,
    Change,
    Changes,
    ConnectionResponse,
    Durable,
    Error,
    Range,
    RoomJoined,
    RoomLeft,
    SyncResponse,
    UserJoined,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rayrooms.client.events import Event
    from rayrooms.client.replica import Seen, SentEdit
    from rayrooms.errors import RayroomsError
    from rayrooms.protocol import (
        AnyClientEvent,
        AnyServerEvent,
        ErrorData,
        Operation,
        Participant,
        Role,
        RoomJoinedData,
    )

Phase = Literal["offline", "greeting", "astray", "joining", "joined", "closed"]
"""`offline`: no connection. `greeting`: awaiting the server's first message. `astray`: connected, has to join (again).
`joining`: awaiting `room_joined`. `joined`: in the room. `closed`: the room will not have this client.
"""

DEFAULT_WINDOW = 100
MAX_SUPERSEDED = 5
"""How often another connection may take the client id, within one connection, before this client gives up."""

_FINAL = frozenset(
    {
        "document_too_large",
        "message_too_large",
        "read_only",
        "forbidden",
        "malformed",
        "invalid_operation",
        "invalid_text",
        "unknown_event",
    }
)
"""Refusals of an edit that no rejoining will change."""
_JOIN_AGAIN = frozenset(
    {"room_unavailable", "room_load_failed", "backlog_full", "database_unavailable", "rate_limited", "superseded"}
)
"""Refusals of a join that may pass."""


class ClientState:
    """A client's side of one room.

    Every method is one step. What is to be sent collects in `take_outbox`, what the application is to know in
    `take_events`. Its shell carries messages, calls `connected`, `join` (whenever `phase` is "astray"; after a while
    when `retry` says why) and `disconnected`, and does the waiting. `new_client_id` returns a fresh id.
    """

    def __init__(
        self,
        room_id: str,
        *,
        new_client_id: Callable[[], str],
        client_id: str | None = None,
        window: int = DEFAULT_WINDOW,
    ) -> None:
        self.room_id = room_id
        self.client_id = client_id or new_client_id()
        self.phase: Phase = "offline"
        self.retry: RayroomsError | None = None
        self.failure: RayroomsError | None = None
        self.name = ""
        self.language = "text"
        self.role: Role | None = None
        self.session_id: str | None = None
        self.replica = Replica()
        self.company = Company()
        self._new_client_id = new_client_id
        self._window = window
        self._join_ref = 0
        self.entries = 0
        """How often the room has let this client in."""
        self._fresh = False
        self._superseded = 0
        self._epoch: int | None = None
        self._version_epoch: int | None = None
        self._cursor: list[Range] | None = None
        self._cursor_sent = True
        self._presence: Literal["online", "away"] = "online"
        self._outbox = Outbox(room_id)
        self._events: list[Event] = []

    # -------------------------------------------------------------- reading

    @property
    def has_joined(self) -> bool:
        """Whether the room has ever let this client in."""
        return self.entries > 0

    @property
    def text(self) -> str:
        """The document with all own edits."""
        return self.replica.text

    @property
    def version(self) -> int:
        """The newest version seen."""
        return self.replica.version

    @property
    def saved(self) -> str:
        """Whether all own edits are in the database: "saved", "saving" or "offline (n unsent)"."""
        if self.phase not in {"joined", "joining", "astray"}:
            return f"offline ({len(self.replica.sent) + len(self.replica.unsent)} unsent)"
        return "saved" if self.replica.is_durable else "saving"

    @property
    def cursor(self) -> list[Range] | None:
        """The own selections in the local text."""
        return self._cursor

    @property
    def others(self) -> list[Participant]:
        """All participants but this session."""
        return [one for one in self.company.participants if one.session_id != self.session_id]

    @property
    def cursors(self) -> dict[str, list[Range]]:
        """The others' selections by session id, as they stand in the local text."""
        return {one.session_id: place(one.cursor.ranges, self.replica) for one in self.others if one.cursor is not None}

    def take_outbox(self) -> list[AnyClientEvent]:
        """The messages to send since the last call, in order."""
        return self._outbox.take()

    def take_events(self) -> list[Event]:
        """What happened since the last call, in order."""
        events, self._events = self._events, []
        return events

    # -------------------------------------------------------------- connection

    def connected(self) -> None:
        """There is a new connection; nothing was sent on it yet."""
        self._outbox.clear()
        self.phase = "greeting"

    def disconnected(self) -> None:
        """The connection is gone with all that was under way."""
        self._outbox.clear()
        self._superseded = 0
        if self.phase != "closed":
            self.phase = "offline"

    def join(self) -> None:
        """Ask to enter the room, or to be brought up to date in it."""
        self.phase = "joining"
        self.retry = None
        known = self.has_joined and not self._fresh
        self._join_ref = self._outbox.join(
            self.client_id, self.version if known else None, self._version_epoch if known else None
        )

    def fail(self, error: RayroomsError) -> None:
        """Nothing will mend it: stay out of the room."""
        self.phase = "closed"
        self.failure = error

    # -------------------------------------------------------------- doing

    def edit(self, op: Operation) -> None:
        """Apply an edit to the local text at once, and send it when possible.

        Raises InvalidError (invalid_operation, invalid_text), and ForbiddenError (read_only) for a viewer.
        """
        if self.role == "viewer":
            raise ForbiddenError("Viewers can read and chat, but not edit.", code="read_only")
        op = self.replica.edit(op)
        if text.is_noop(op):
            return
        self._move_cursor(op, own=True)
        self._events.append(TextChanged(op, own=True))
        self._send_unsent()

    def set_cursor(self, ranges: list[Range]) -> None:
        """The own selections in the local text. Raises InvalidError when they lie outside it."""
        size = len(self.text)
        if not all(0 <= end <= size for item in ranges for end in (item.anchor, item.head)):
            raise InvalidError("A cursor position lies outside the document.")
        self._cursor = list(ranges)
        self._cursor_sent = False
        self._send_unsent()

    def set_presence(self, status: Literal["online", "away"]) -> None:
        """Tell the others; told again whenever the room is joined anew."""
        self._presence = status
        if self.phase == "joined":
            self._outbox.presence(status)

    def set_typing(self, *, is_typing: bool) -> None:
        """Raises UnavailableError while not in the room, as all that follow do: none of it is queued."""
        self._request().typing(is_typing=is_typing)

    def send_chat(self, content: str, *, reply_to: str | None = None) -> None:
        """Post a message."""
        self._request().chat(content, reply_to)

    def edit_message(self, message_id: str, content: str) -> None:
        """Give an own message another text."""
        self._request().edit_message(message_id, content)

    def delete_message(self, message_id: str) -> None:
        """Take an own message back, or as an admin anybody's."""
        self._request().delete_message(message_id)

    def react(self, message_id: str, emoji: str) -> None:
        """Add a reaction, or take it back."""
        self._request().reaction(message_id, emoji)

    def ask_version(self) -> int:
        """Ask for the room's version. Returns the `ref` of the Confirmed event that will answer."""
        return self._request().get_sync(self.version)

    def ping(self) -> None:
        """Keep the connection alive."""
        self._outbox.ping()

    # -------------------------------------------------------------- receiving

    def receive(self, message: AnyServerEvent) -> None:
        """Take in a message of the present connection."""
        match message:
            case Changes(data=data):
                if self.phase == "joined" and self._changed(data.changes):
                    self._send_unsent()
            case Acked(data=data):
                acks = (Change(version=ack.version, client_id=self.client_id, seq=ack.seq) for ack in data.acks)
                if self.phase == "joined" and self._changed(acks):
                    self._send_unsent()
            case Durable(data=data):
                if self.phase == "joined":  # else it may be about another history than the one that is held
                    self.replica.settle(data.version)
            case RoomJoined(data=data, ref=ref):
                self._joined(data, asked=ref is not None and ref == self._join_ref)
            case Error(data=data, ref=ref):
                self._refused(ref, data)
            case ConnectionResponse():
                if self.phase == "greeting":
                    self.phase = "astray"
            case RoomLeft():
                self._left()
            case SyncResponse(data=data, ref=ref):
                if ref is not None:
                    self._events.append(Confirmed(ref, data.version))
            case UserJoined(data=data) if data.user.session_id == self.session_id:
                self.role = data.user.role
                self._events.extend(self.company.receive(message, self.replica))
            case _:
                self._events.extend(self.company.receive(message, self.replica))

    def _changed(self, changes: Iterable[Change]) -> bool:
        """Take in commits and acknowledgements. Anything but the next version, or a repeat, sends the client astray."""
        for change in changes:
            own = change.client_id == self.client_id
            if change.version <= self.version:
                if own and self.replica.find(None, change.seq) is not None:
                    return self._go_astray(fresh=True)  # committed below a version that was seen without it
                continue
            if change.version != self.version + 1:
                return self._go_astray()
            seen = self.replica.acknowledge(change.seq) if own else self._receive(change)
            if seen is None:
                return self._go_astray(fresh=True)
            self._version_epoch = self._epoch
            self.company.follow(seen)
        return True

    def _receive(self, change: Change) -> Seen | None:
        """Someone else's commit; None when it does not fit, which means that this copy is not the room's."""
        if change.op is None:
            return None
        try:
            seen, local = self.replica.receive(change.op, change.user_id)
        except InvalidError:
            return None
        self._text_changed(local)
        return seen

    def _joined(self, data: RoomJoinedData, *, asked: bool) -> None:
        """The room let this client in, or (not `asked`) let it in anew after it had moved.

        Edits are numbered anew only after an own request, behind which nothing sent before can be committed.
        """
        if self.phase != ("joining" if asked else "joined"):
            return
        if not asked and self._needs_new_numbers(data):
            self._go_astray()
            return
        if data.last_seq > self.replica.last_seq:
            self._take_new_client_id()
            return
        self._epoch = data.epoch
        if data.content is not None:
            self._text_changed(self.replica.rebase(data.content, data.version, data.last_seq, data.durable))
        elif not self._follow(data):
            self._go_astray(fresh=True)
            return
        self._version_epoch = data.version_epoch
        self._enter(data)

    def _follow(self, data: RoomJoinedData) -> bool:
        """Come up to date by operations; False when they do not lead there: then this copy is not the room's."""
        self.replica.settle(data.durable)
        return self._changed(data.operations) and self.version == data.version and self.replica.acked == data.last_seq

    def _needs_new_numbers(self, data: RoomJoinedData) -> bool:
        """Whether edits that were sent must be numbered anew: some were refused, or the room's history is another."""
        return (
            data.content is not None
            or data.last_seq > self.replica.last_seq
            or (data.role == "viewer" and not self.replica.is_acked)
            or any(edit.refusal for edit in self.replica.sent)
        )

    def _enter(self, data: RoomJoinedData) -> None:
        """Up to date with the room: take up who and what is in it, and send again what it has not."""
        self.phase = "joined"
        self.entries += 1
        self._fresh = False
        self.session_id, self.role = data.session_id, data.role
        self.name, self.language = data.name, data.language
        self.company.start_over(data.users, data.messages)
        if data.role == "viewer":
            self._withdraw(ForbiddenError("Viewers can read and chat, but not edit.", code="read_only"))
        elif any(edit.refusal for edit in self.replica.sent):
            self._withdraw(None)
        for edit in self.replica.sent:
            self._send(edit)
        self._cursor_sent = self._cursor is None
        self._send_unsent()
        if self._presence == "away":
            self._outbox.presence(self._presence)

    def _withdraw(self, error: RayroomsError | None) -> None:
        """Take the refused edits out of the text or, given an error, all that are not committed."""
        errors = [edit.refusal for edit in self.replica.sent if error is not None or edit.refusal]
        errors += [None] * len(self.replica.unsent)
        gone, undo = self.replica.withdraw(everything=error is not None)
        self._text_changed(undo)
        for op, why in zip(gone, errors, strict=False):
            reason = why or error
            assert reason is not None
            self._events.append(EditRefused(op, reason))

    def _refused(self, ref: int | None, data: ErrorData) -> None:
        error = from_code(data.code, data.message, data.retry_after)
        if ref is not None and ref == self._join_ref:
            if self.phase == "joining":
                self._join_refused(error)
            return
        edit = self.replica.find(ref, data.seq)
        if edit is None:
            if data.seq is not None:
                return  # an earlier sending of an edit that has been sent again since
            self._events.append(RequestRefused(error, ref))
            if data.code == "not_joined":
                self._go_astray(error)
            return
        if data.code in _FINAL:
            edit.refusal = error
        if self.phase == "joined":  # else it is on its way already, and the others pipelined behind that edit fail too
            self._go_astray(None if edit.refusal else error)

    def _join_refused(self, error: RayroomsError) -> None:
        if error.code in _JOIN_AGAIN:
            self.phase = "astray"
            self.retry = error
        else:
            self.fail(error)

    def _left(self) -> None:
        """This session is out. Whether it may come back is for the answer to the next join to say."""
        if self.phase != "joined":
            return
        self._superseded += 1
        error = ConflictError("Another connection uses this client id.", code="superseded")
        if self._superseded > MAX_SUPERSEDED:
            self.fail(error)
        else:
            self._go_astray(error)

    def _take_new_client_id(self) -> None:
        """The room has committed more under this client id than this client ever made: it is somebody else's too."""
        self.client_id = self._new_client_id()
        self.replica.restart_numbering()
        self.phase = "astray"

    def _go_astray(self, retry: RayroomsError | None = None, *, fresh: bool = False) -> Literal[False]:
        """Join again; `fresh` when the text held here cannot be trusted to be the room's."""
        self._fresh = self._fresh or fresh
        if self.phase in {"joined", "joining"}:
            self.phase = "astray"
            self.retry = retry
        return False

    # -------------------------------------------------------------- parts

    def _send_unsent(self) -> None:
        if self.phase != "joined":
            return
        for edit in self.replica.send(self._window):
            self._send(edit)
        if not self._cursor_sent and self._cursor is not None and not self.replica.unsent:
            self._cursor_sent = True
            self._outbox.cursor(self._cursor, self.version)

    def _send(self, edit: SentEdit) -> None:
        edit.ref = self._outbox.edit(edit.op, self.version, self.client_id, edit.seq)

    def _request(self) -> Outbox:
        """Where requests go that are not queued. Raises UnavailableError while not in the room."""
        if self.phase != "joined":
            raise UnavailableError("This client is not in the room now.")
        return self._outbox

    def _text_changed(self, op: Operation) -> None:
        """Somebody else, or the room itself, changed the local text."""
        if not text.is_noop(op):
            self._move_cursor(op, own=False)
            self._events.append(TextChanged(op, own=False))

    def _move_cursor(self, op: Operation, *, own: bool) -> None:
        if self._cursor is not None:
            self._cursor = [text.transform_range(item, op, own=own) for item in self._cursor]
