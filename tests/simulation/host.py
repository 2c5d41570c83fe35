"""A room core with what stands around it in the real server: sessions on connections, fan-out, a modelled database."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from actors.core.room import RoomCore, as_change
from actors.core.state import ClientMark, RoomLimits, RoomState
from rayrooms.errors import InvalidError, RayroomsError, UnavailableError
from rayrooms.protocol import (
    Ack,
    AckData,
    Acked,
    AddReaction,
    AnyClientEvent,
    AnyServerEvent,
    Change,
    Changes,
    ChangesData,
    ChatMessageData,
    ChatPosted,
    CodeChange,
    ConnectionResponse,
    ConnectionResponseData,
    CursorMoved,
    CursorMovedData,
    CursorUpdate,
    DeleteMessage,
    Durable,
    DurableData,
    EditMessage,
    Error,
    ErrorData,
    GetSync,
    JoinRoom,
    LeaveRoom,
    LeftRoomData,
    MessageChanged,
    MessageChangedData,
    Ping,
    Pong,
    PresenceChanged,
    PresenceChangedData,
    PresenceUpdate,
    ReactionAdded,
    ReactionAddedData,
    RoomJoined,
    RoomLeft,
    SendChat,
    SyncResponse,
    Typing,
    TypingChanged,
    TypingChangedData,
    UserJoined,
    UserJoinedData,
    UserLeft,
    UserLeftData,
)
from tests.simulation.database import Database

if TYPE_CHECKING:
    from actors.core.sessions import User
    from rayrooms.protocol import ChatMessage, Role

NOW = 1_000.0


@dataclass(slots=True, eq=False)
class Connection:
    """A socket as the server sees it; `outbox` is what it has written to it."""

    user: User
    sid: int = 0
    client_id: str = ""
    told: int = 0
    """The newest version that was sent to it, and the epoch of that."""
    told_epoch: int = 0
    durable_told: int = 0
    outbox: list[AnyServerEvent] = field(default_factory=list)


class RoomHost:
    """Serves one room. Commits are sent out by `flush`, all that there are since the last one in one frame."""

    def __init__(self, room_id: str, limits: RoomLimits | None = None) -> None:
        self.room_id = room_id
        self.limits = limits or RoomLimits()
        self.database = Database()
        self.connections: list[Connection] = []
        self.counters: Counter[str] = Counter()
        self.is_full = False
        """Whether the backlog of what is not durable yet is full: then edits are refused."""
        self.missing = False
        """Whether the room is said not to exist."""
        self._sids = 0
        self._ids = 0
        self._held: list[tuple[Connection, AnyClientEvent]] | None = None
        self.core = self._load()

    # -------------------------------------------------------------- the room's life

    def _load(self) -> RoomCore:
        log = self.database.commits
        window = log[-self.limits.log_window :]
        before = log[-len(window) - 1] if len(log) > len(window) else None
        state = RoomState(
            room_id=self.room_id,
            content=self.database.text,
            version=len(log),
            version_epoch=log[-1].epoch if log else 0,
            log=list(window),
            base_epoch=before.epoch if before else 0,
            clients={commit.client_id: ClientMark(commit.seq, commit.version, commit.user_id) for commit in log},
            messages=list(self.core.chat.tail()) if hasattr(self, "core") else [],
        )
        self.database.epoch += 1
        return RoomCore(state, epoch=self.database.epoch, limits=self.limits)

    def stop(self, *, hold: bool) -> None:
        """The room's process is gone. What arrives meanwhile is held for the next one, or refused."""
        self.flush()
        self._held = [] if hold else None
        self.is_up = False

    is_up = True

    def start(self, *, lose_tail: bool, reattach: bool) -> None:
        """A new owner takes over, from the log or (`lose_tail`) from its durable part alone.

        With `reattach` the gateway brings the sessions along, telling each client; otherwise the sockets are closed.
        """
        if lose_tail:
            self.counters["lost commits"] += self.database.lose_tail()
        self.core = self._load()
        self.is_up = True
        held, self._held = self._held or [], None
        for connection in list(self.connections):
            if reattach and connection.sid:
                self._attach(connection, connection.client_id, connection.told, connection.told_epoch, None)
            elif not reattach:
                self.connections.remove(connection)
        for connection, message in held:
            if connection in self.connections:
                self.receive(connection, message)

    def persist(self, version: int) -> None:
        """The database has taken in all commits up to `version`."""
        self.database.persist(version)
        for connection in self._sessions():
            self._tell_durable(connection)

    def flush(self, connection: Connection | None = None) -> None:
        """Send out the commits that were not sent yet, to one connection or to all."""
        for one in [connection] if connection is not None else self._sessions():
            commits = self.database.commits[one.told :]
            if not commits or not one.sid:
                continue
            one.told, one.told_epoch = commits[-1].version, commits[-1].epoch
            if all(commit.client_id == one.client_id for commit in commits):
                acks = [Ack(version=commit.version, seq=commit.seq) for commit in commits]
                data = AckData(room_id=self.room_id, client_id=one.client_id, acks=acks)
                one.outbox.append(Acked(data=data))
            else:
                changes = [as_change(commit) for commit in commits]
                for change in changes:
                    if change.client_id == one.client_id:
                        change.op, change.user_id = None, ""
                one.outbox.append(Changes(data=ChangesData(room_id=self.room_id, changes=changes)))
            self._tell_durable(one)

    def set_role(self, user: User, role: Role) -> None:
        """What a user may do has changed; those who are here are told."""
        user.role = role
        self.core.set_role(user.user_id, role)
        for participant in self.core.participants(NOW):
            if participant.user_id == user.user_id:
                for one in self._sessions():
                    joined = UserJoinedData(room_id=self.room_id, user=participant)
                    one.outbox.append(UserJoined(data=joined))

    # -------------------------------------------------------------- connections

    def connect(self, user: User) -> Connection:
        connection = Connection(user)
        self.connections.append(connection)
        data = ConnectionResponseData(session_id="c", user_id=user.user_id, name=user.name)
        connection.outbox.append(ConnectionResponse(data=data))
        return connection

    def disconnect(self, connection: Connection) -> None:
        """The server has noticed that a socket is gone."""
        if connection in self.connections:
            self.connections.remove(connection)
            self._detach(connection)

    def receive(self, connection: Connection, message: AnyClientEvent) -> None:
        """Handle a message, answering on the connection's outbox."""
        if isinstance(message, Ping):
            self.counters["pings"] += 1
            connection.outbox.append(Pong(ref=message.ref))
        elif not self.is_up and self._held is not None:
            self._held.append((connection, message))
        else:
            try:
                if not self.is_up:
                    raise UnavailableError("The room is not there now.")
                self._handle(connection, message)
            except RayroomsError as error:
                self.counters[f"refused {error.code}"] += 1
                seq = message.data.seq if isinstance(message, CodeChange) else None
                data = ErrorData(code=error.code, message=error.message, room_id=self.room_id, seq=seq)
                connection.outbox.append(Error(ref=message.ref, data=data))

    def _handle(self, connection: Connection, message: AnyClientEvent) -> None:
        sid, room_id = connection.sid, self.room_id
        match message:
            case JoinRoom(data=data, ref=ref):
                self._detach(connection)
                self._attach(connection, data.client_id or "", data.version, data.version_epoch, ref)
            case CodeChange():
                self._edit(connection, message)
            case CursorUpdate(data=data):
                cursor = self.core.cursor(sid, data.ranges or [], data.version)
                moved = CursorMovedData(
                    room_id=room_id, session_id=f"{sid:x}", user_id=connection.user.user_id, cursor=cursor
                )
                self._others(connection, CursorMoved(data=moved))
            case PresenceUpdate(data=data):
                session = self.core.presence(sid, data.status)
                self._others(
                    connection,
                    PresenceChanged(
                        data=PresenceChangedData(
                            room_id=room_id,
                            session_id=session.session_id,
                            user_id=session.user.user_id,
                            status=data.status,
                        )
                    ),
                )
            case Typing(data=data):
                session = self.core.typing(sid, NOW, is_typing=data.is_typing)
                typing = TypingChangedData(
                    room_id=room_id,
                    session_id=session.session_id,
                    user_id=session.user.user_id,
                    is_typing=data.is_typing,
                )
                self._others(connection, TypingChanged(data=typing))
            case SendChat(data=data):
                self._ids += 1
                posted = self.core.post(sid, data.content, data.reply_to, str(self._ids), NOW)
                assert posted.created_at == datetime.fromtimestamp(NOW, UTC)
                for one in self._sessions():
                    one.outbox.append(ChatPosted(data=ChatMessageData(room_id=room_id, message=posted)))
            case EditMessage(data=data, ref=ref):
                self._tell_changed(connection, ref, self.core.edit_message(sid, data.message_id, data.content).message)
            case DeleteMessage(data=data, ref=ref):
                self._tell_changed(connection, ref, self.core.delete_message(sid, data.message_id).message)
            case AddReaction(data=data):
                reacted = self.core.react(sid, data.message_id, data.emoji)
                reaction = ReactionAddedData(
                    room_id=room_id,
                    message_id=data.message_id,
                    emoji=data.emoji,
                    user_id=connection.user.user_id,
                    reactions=reacted.reactions,
                )
                for one in self._sessions():
                    one.outbox.append(ReactionAdded(data=reaction))
            case GetSync(data=data, ref=ref):
                connection.outbox.append(SyncResponse(ref=ref, data=self.core.sync(data.version)))
            case LeaveRoom(ref=ref):
                self._detach(connection)
                left = RoomLeft(ref=ref, data=LeftRoomData(room_id=room_id, reason="left"))
                connection.outbox.append(left)
            case _:
                raise InvalidError("There is no such event here.", code="unknown_event")

    # -------------------------------------------------------------- steps

    def _tell_changed(self, connection: Connection, ref: int | None, message: ChatMessage) -> None:
        data = MessageChangedData(room_id=self.room_id, message=message)
        for one in self._sessions():
            one.outbox.append(MessageChanged(data=data, ref=ref if one is connection else None))

    def _attach(
        self, connection: Connection, client_id: str, version: int | None, epoch: int | None, ref: int | None
    ) -> None:
        if self.missing:
            raise RayroomsError("There is no such room.", code="room_not_found")
        self._sids += 1
        joined = self.core.attach(self._sids, connection.user, client_id, version=version, version_epoch=epoch, now=NOW)
        if joined.evicted is not None:
            self._say_left(joined.evicted.session_id, joined.evicted.user.user_id, connection)
            for other in self.connections:
                if other.sid == joined.evicted.sid and other is not connection:
                    other.sid = 0
                    left = LeftRoomData(room_id=self.room_id, reason="superseded")
                    other.outbox.append(RoomLeft(data=left))
                    self.counters["superseded"] += 1
        connection.sid, connection.client_id = self._sids, client_id
        connection.told, connection.told_epoch = joined.data.version, joined.data.version_epoch
        joined.data.durable = connection.durable_told = self.database.durable
        self._count_join(joined.data.operations, client_id, reset=joined.data.reset, asked=ref is not None)
        connection.outbox.append(RoomJoined(ref=ref, data=joined.data))
        self._others(connection, UserJoined(data=UserJoinedData(room_id=self.room_id, user=joined.who)))

    def _detach(self, connection: Connection) -> None:
        session = self.core.detach(connection.sid) if connection.sid else None
        connection.sid = 0
        if session is not None:
            self._say_left(session.session_id, session.user.user_id, connection)

    def _say_left(self, session_id: str, user_id: str, connection: Connection) -> None:
        data = UserLeftData(room_id=self.room_id, session_id=session_id, user_id=user_id)
        self._others(connection, UserLeft(data=data))

    def _edit(self, connection: Connection, message: CodeChange) -> None:
        data = message.data
        if self.is_full:
            raise UnavailableError("Too much waits for the database.", code="backlog_full")
        session = self.core.sessions.get(connection.sid)
        bridged = session is not None and data.version is not None and data.version < session.bridge.last_own
        before = self.core.version
        edited = self.core.edit(
            connection.sid, data.op or [], version=data.version, client_id=data.client_id, seq=data.seq, now=NOW
        )
        if edited.commit is None:
            self.counters["repeats"] += 1
            self.flush(connection)
            ack = Ack(version=edited.version, seq=data.seq or 0)
            answer = AckData(room_id=self.room_id, client_id=connection.client_id, acks=[ack])
            connection.outbox.append(Acked(ref=message.ref, data=answer))
            return
        self.database.append(edited.commit)
        assert self.database.text == self.core.content, "the log does not replay to the room's text"
        own = sum(commit.client_id == data.client_id for commit in self.database.commits[data.version : before])
        foreign = before - (data.version or 0) - own
        self.counters["transformed"] += foreign > 0
        self.counters["pipelined"] += bridged
        self.counters["bridged"] += bridged and foreign > 0

    def _tell_durable(self, connection: Connection) -> None:
        durable = min(self.database.durable, connection.told)
        if durable > connection.durable_told:
            connection.durable_told = durable
            connection.outbox.append(Durable(data=DurableData(room_id=self.room_id, version=durable)))

    def _count_join(self, operations: list[Change], client_id: str, *, reset: bool, asked: bool) -> None:
        self.counters["joins"] += 1
        self.counters["resets"] += reset
        self.counters["unasked joins"] += not asked
        self.counters["catch-ups"] += bool(operations)
        self.counters["catch-ups with own"] += any(change.client_id == client_id for change in operations)

    def _sessions(self) -> list[Connection]:
        return [connection for connection in self.connections if connection.sid]

    def _others(self, connection: Connection, message: AnyServerEvent) -> None:
        for one in self._sessions():
            if one is not connection:
                one.outbox.append(message)
