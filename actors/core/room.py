"""The room core: one document with its order of commits, its sessions and its chat. Pure; the actor is its shell."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from actors.core.bridge import Bridge, place_range
from actors.core.chat import Chat
from actors.core.conflicts import NOTHING, STRATEGY, ConflictRecord, Touches, conflict_kind, touched
from actors.core.document import Document
from actors.core.log import Commit, Log
from actors.core.sessions import Session, Sessions, carry, participant
from actors.core.state import ClientMark
from rayrooms import text
from rayrooms.errors import ConflictError, ForbiddenError, InvalidError, TooLargeError
from rayrooms.protocol import Change, Cursor, Range, RoomJoinedData, SyncResponseData

if TYPE_CHECKING:
    from actors.core.bridge import Foreign
    from actors.core.chat import Amended
    from actors.core.sessions import User
    from actors.core.state import RoomLimits, RoomState
    from rayrooms.protocol import ChatMessage, Operation, Participant, Role, Status

CONFLICTS_PER_EDIT = 4
"""An edit that met many others is recorded with the first few: the table is for people to read."""
_CARRY_EVERY = 512


class Joined(NamedTuple):
    """The outcome of an attach: what the newcomer is told, who it is to others, whose place it took."""

    data: RoomJoinedData
    who: Participant
    evicted: Session | None


class Edited(msgspec.Struct, frozen=True, gc=False):
    """The outcome of an edit: its commit, or None with the first `version` when it was a repeat.

    A repeat so old that only the database knows its version has `version` 0.
    """

    commit: Commit | None
    version: int
    conflicts: list[ConflictRecord]


class RoomCore:
    """The state machine of a room under one owner epoch.

    Every method is one step: it either changes the state and returns what came of it, or raises a RayroomsError and
    has changed nothing. Time comes in as unix seconds.
    """

    def __init__(self, state: RoomState, *, epoch: int, limits: RoomLimits) -> None:
        self.room_id = state.room_id
        self.name = state.name
        self.language = state.language
        self.max_users = state.max_users
        self.epoch = epoch
        self.limits = limits
        self._document = Document(state.content)
        self._touches = Touches()
        self.log = Log(
            state.log, base=state.version - len(state.log), base_epoch=state.base_epoch, size=limits.log_window
        )
        self.sessions = Sessions()
        self.chat = Chat(state.messages, size=limits.chat_tail, max_length=limits.max_chat)
        self._clients: OrderedDict[str, ClientMark] = OrderedDict(state.clients)
        self._version_epoch = state.version_epoch

    # -------------------------------------------------------------- reading

    @property
    def version(self) -> int:
        """The newest version."""
        return self.log.head

    @property
    def content(self) -> str:
        """The text as it is."""
        return self._document.content

    @property
    def version_epoch(self) -> int:
        """The epoch that committed the newest version."""
        last = self.log.last
        return last.epoch if last is not None else self._version_epoch

    @property
    def clients(self) -> dict[str, ClientMark]:
        """The last edit of each client, least recent first: part of every snapshot."""
        return dict(self._clients)

    def client(self, client_id: str) -> ClientMark | None:
        return self._clients.get(client_id)

    def participants(self, now: float) -> list[Participant]:
        return [participant(session, self.log, now) for session in self.sessions]

    # -------------------------------------------------------------- coming and going

    def attach(
        self,
        sid: int,
        user: User,
        client_id: str,
        *,
        version: int | None = None,
        version_epoch: int | None = None,
        known: ClientMark | None = None,
        now: float,
    ) -> Joined:
        """Let a client in. `version` and `version_epoch` name the last commit that it holds, if it holds one.

        `known` is what the database says of a client that memory does not know. A session that held the same
        client_id loses its place, so nothing that is still under way from it can be committed later.
        Raises ForbiddenError when the client id is another user's and ConflictError(room_full).
        """
        mark = self._clients.get(client_id) or known
        holder = self.sessions.holder(client_id)
        owner_id = holder.user.user_id if holder is not None else mark.user_id if mark is not None else user.user_id
        if owner_id != user.user_id:
            raise ForbiddenError("This client id belongs to another user.")
        present = self.sessions.user_ids()
        if self.max_users and user.user_id not in present and len(present) >= self.max_users:
            raise ConflictError(f"The room is full: it admits {self.max_users} people at once.", code="room_full")
        evicted = self.sessions.remove(holder.sid) if holder is not None else None
        if mark is not None:
            self._clients[client_id] = mark
        session = Session(sid=sid, user=user, client_id=client_id, bridge=Bridge(self.version))
        self.sessions.add(session)
        data = self._joined(session, version, version_epoch, now)
        return Joined(data, participant(session, self.log, now), evicted)

    def _joined(self, session: Session, version: int | None, version_epoch: int | None, now: float) -> RoomJoinedData:
        mark = self._clients.get(session.client_id)
        known = version is not None and self.log.matches(version, version_epoch)
        return RoomJoinedData(
            room_id=self.room_id,
            session_id=session.session_id,
            client_id=session.client_id,
            version=self.version,
            epoch=self.epoch,
            version_epoch=self.version_epoch,
            durable=0,
            last_seq=mark.seq if mark is not None else 0,
            role=session.user.role,
            content=None if known else self.content,
            operations=[as_change(commit) for commit in self.log.after(version)]
            if known and version is not None
            else [],
            reset=version is not None and not known,
            users=self.participants(now),
            messages=self.chat.tail(),
            language=self.language,
            name=self.name,
        )

    def detach(self, sid: int) -> Session | None:
        """A session left; returns it if it was here."""
        return self.sessions.remove(sid)

    # -------------------------------------------------------------- editing

    def edit(
        self,
        sid: int,
        op: Operation,
        *,
        version: int | None = None,
        client_id: str | None = None,
        seq: int | None = None,
        now: float,
    ) -> Edited:
        """An edit by a session. Its context is `version` plus all its client's own earlier edits.

        Raises ForbiddenError (read_only, another's client id), ConflictError (version_too_old, out_of_order),
        InvalidError (future_version, invalid_operation, invalid_text, not_joined) and TooLargeError.
        """
        session = self._session(sid)
        user = session.user
        if user.role == "viewer":
            raise ForbiddenError("Viewers can read and chat, but not edit.", code="read_only")
        if client_id is not None and client_id != session.client_id:
            raise ForbiddenError("This client id is not the one that this session joined with.")
        mark = self._clients.get(session.client_id)
        last = mark.seq if mark is not None else 0
        if seq is None:
            seq = last + 1
        if _is_repeat(seq, last):
            return Edited(None, self._result_of(session.client_id, seq, mark), [])
        text.check(op)
        made = op
        foreign = self._context(session, self.version if version is None else version)
        op, conflicts = self._carried(op, foreign, user, now)
        commit = self._commit(op, user.user_id, session.client_id, seq, sid, now)
        session.bridge.sent(made, commit.version)
        return Edited(commit, commit.version, conflicts)

    def _carried(
        self, op: Operation, foreign: list[Foreign], user: User, now: float
    ) -> tuple[Operation, list[ConflictRecord]]:
        """`op` transformed over what its author had not seen, and where the two met.

        Most commits lie wholly before or behind an edit: those only move it, or not even that.
        """
        conflicts: list[ConflictRecord] = []
        mine = touched(op)
        start, end = mine.start, mine.end
        for one in foreign:
            theirs = self._touches.of(one)
            if end < theirs.start or theirs is NOTHING:
                continue
            if theirs.end < start:
                start += theirs.grown
                end += theirs.grown
                continue
            if start != mine.start:
                op, mine = [start, *op[1:]], mine.moved(start - mine.start)
            kind = conflict_kind(mine, theirs)
            other = one.commit
            if kind is not None and len(conflicts) < CONFLICTS_PER_EDIT and other.user_id != user.user_id:
                made = (self.version + 1, other.version, user.user_id, other.user_id)
                conflicts.append(ConflictRecord(*made, kind, STRATEGY, now))
            op = text.transform(op, one.op, "left")
            mine = touched(op)
            start, end = mine.start, mine.end
        return (op if start == mine.start else [start, *op[1:]]), conflicts

    def submit(
        self,
        user: User,
        op: Operation,
        *,
        version: int | None,
        client_id: str,
        seq: int,
        known: ClientMark | None = None,
        now: float,
    ) -> Edited:
        """A single edit by someone without a session, made at `version` (None: the current one). Raises as `edit`.

        Unlike a session's edit, its context is `version` alone: such a caller waits for each answer.
        """
        if user.role == "viewer":
            raise ForbiddenError("Viewers can read and chat, but not edit.", code="read_only")
        mark = self._clients.get(client_id) or known
        holder = self.sessions.holder(client_id)
        if (mark is not None and mark.user_id != user.user_id) or holder is not None:
            raise ForbiddenError("This client id belongs to someone else, or to a live session.")
        last = mark.seq if mark is not None else 0
        if _is_repeat(seq, last):
            return Edited(None, self._result_of(client_id, seq, mark), [])
        text.check(op)
        at = self.version if version is None else version
        self._check_version(at)
        for commit in self.log.after(at):
            op = text.transform(op, commit.op, "left")
        commit = self._commit(op, user.user_id, client_id, seq, 0, now)
        return Edited(commit, commit.version, [])

    def _check_version(self, version: int) -> None:
        if version > self.version or version < 0:
            raise InvalidError(
                f"Version {version} does not exist; the room is at {self.version}.", code="future_version"
            )
        if version < self.log.base:
            raise ConflictError(
                f"Version {version} is too old to edit at; the log in memory begins at {self.log.base}.",
                code="version_too_old",
            )

    def _context(self, session: Session, version: int) -> list[Foreign]:
        """What the session had not seen at `version`, as operations on its own line of history."""
        self._check_version(version)
        bridge = session.bridge
        if bridge.last_own == 0 and version < bridge.upto:
            # It makes its first edit at a version from before it joined: take its context from there.
            commits = self.log.after(version)
            if any(commit.client_id == session.client_id for commit in commits):
                raise ConflictError("This client has edits after that version.", code="out_of_order")
            session.bridge = bridge = Bridge(version)
            return bridge.advance(version, commits, session.client_id, self.version)
        if version < bridge.seen:
            raise ConflictError(f"Version {version} lies before {bridge.seen}, already seen.", code="out_of_order")
        return bridge.advance(version, self.log.after(max(bridge.upto, version)), session.client_id, self.version)

    def _commit(self, op: Operation, user_id: str, client_id: str, seq: int, sid: int, now: float) -> Commit:
        change = self._document.plan(op)
        if change.length > self.limits.max_document and change.length > len(self._document):
            raise TooLargeError(
                f"A document holds at most {self.limits.max_document} characters.", code="document_too_large"
            )
        commit = Commit(self.version + 1, change.op, user_id, client_id, seq, self.epoch, now, sid)
        self._document.make(change)
        self.log.append(commit)
        self._clients[client_id] = ClientMark(seq, commit.version, user_id)
        self._clients.move_to_end(client_id)
        if len(self._clients) > self.limits.clients_kept:
            self._forget_client()
        if commit.version % min(_CARRY_EVERY, self.limits.log_window) == 0:
            for session in self.sessions:
                carry(session, self.log)
        return commit

    def _forget_client(self) -> None:
        """Forget the client that edited longest ago and is not here; the database still knows it."""
        for client_id in self._clients:
            if self.sessions.holder(client_id) is None:
                del self._clients[client_id]
                return

    def _result_of(self, client_id: str, seq: int, mark: ClientMark | None) -> int:
        if mark is not None and mark.seq == seq:
            return mark.version
        for commit in self.log.after(self.log.base):
            if commit.client_id == client_id and commit.seq == seq:
                return commit.version
        return 0

    # -------------------------------------------------------------- being seen

    def cursor(self, sid: int, ranges: list[Range], version: int | None) -> Cursor:
        """A session's selections, taken at `version` plus its own edits; returns them right for the head."""
        session = self._session(sid)
        if len(ranges) > self.limits.max_ranges:
            raise InvalidError(f"A cursor has at most {self.limits.max_ranges} selections.")
        foreign = self._context_for_cursor(session, version)
        size = len(self._document)
        placed = []
        for item in ranges:
            moved = place_range(item, foreign)
            if not (0 <= moved.anchor <= size and 0 <= moved.head <= size):
                raise InvalidError("A cursor position lies outside the document.")
            placed.append(moved)
        session.ranges = placed
        session.ranges_version = self.version
        return Cursor(version=self.version, ranges=placed)

    def _context_for_cursor(self, session: Session, version: int | None) -> list[Foreign]:
        at = self.version if version is None else version
        self._check_version(at)
        # A look back is harmless for a cursor: it is only taken a little less exactly.
        return self._context(session, max(at, session.bridge.seen))

    def presence(self, sid: int, status: Status) -> Session:
        session = self._session(sid)
        session.status = status
        return session

    def typing(self, sid: int, now: float, *, is_typing: bool) -> Session:
        """Note that a session types, until it says otherwise or the typing time-out passes."""
        session = self._session(sid)
        session.typing_until = now + self.limits.typing_timeout if is_typing else 0.0
        return session

    def set_role(self, user_id: str, role: Role | None) -> list[Session]:
        """A user's role changed, or (None) the user may not be here any more; returns the sessions concerned."""
        found = [session for session in self.sessions if session.user.user_id == user_id]
        for session in found:
            if role is None:
                self.sessions.remove(session.sid)
            else:
                session.user.role = role
        return found

    # -------------------------------------------------------------- talking

    def post(self, sid: int, content: str, reply_to: str | None, message_id: str, now: float) -> ChatMessage:
        return self.chat.post(self._session(sid).user, content, reply_to, message_id, now)

    def edit_message(self, sid: int, message_id: str, content: str) -> Amended:
        return self.chat.edit(self._session(sid).user.user_id, message_id, content)

    def delete_message(self, sid: int, message_id: str) -> Amended:
        return self.chat.delete(self._session(sid).user, message_id)

    def react(self, sid: int, message_id: str, emoji: str) -> ChatMessage:
        return self.chat.react(self._session(sid).user.user_id, message_id, emoji)

    def sync(self, version: int | None) -> SyncResponseData:
        """The operations above `version`, or the whole text when the window does not reach back so far."""
        if version is not None and version > self.version:
            raise InvalidError(
                f"Version {version} does not exist; the room is at {self.version}.", code="future_version"
            )
        if version is not None and version >= self.log.base:
            changes = [as_change(commit) for commit in self.log.after(version)]
            return SyncResponseData(room_id=self.room_id, version=self.version, operations=changes)
        return SyncResponseData(room_id=self.room_id, version=self.version, content=self.content)

    def _session(self, sid: int) -> Session:
        session = self.sessions.get(sid)
        if session is None:
            raise InvalidError("Join the room first.", code="not_joined")
        return session


def _is_repeat(seq: int, last: int) -> bool:
    """Whether edit `seq` of a client was committed before. Raises InvalidError, and ConflictError for a gap."""
    if seq < 1:
        raise InvalidError("Edits are numbered from 1 on.")
    if seq > last + 1:
        raise ConflictError(f"Edit {seq} came before edit {last + 1}.", code="out_of_order")
    return seq <= last


def as_change(commit: Commit) -> Change:
    """A commit as readers see it."""
    return Change(
        version=commit.version,
        client_id=commit.client_id,
        seq=commit.seq,
        op=commit.op,
        user_id=commit.user_id,
    )
