"""A live room: its core, and what each step of the core means for the feed and for the links."""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from actors.core.sessions import participant
from actors.host import events
from actors.host.outbox import Outbox, alone
from actors.link import messages as link
from persistence import feed
from rayrooms import protocol
from rayrooms.errors import RayroomsError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.core.chat import Amended
    from actors.core.room import Edited, RoomCore
    from actors.core.sessions import Session, User
    from actors.core.state import ClientMark
    from actors.host.config import RoomConfig
    from actors.host.outbox import Pipe
    from persistence.feed_client import FeedSender
    from rayrooms.protocol import ChatMessage, Role

_BACKLOG_RETRY = 1.0
"""Seconds after which an edit that found the backlog full may be sent again."""


class LiveRoom:
    """Turns what comes over the links into steps of the core, and their results into records and messages.

    A turn is all that one read of a link brought. At its end (`end_turn`) the records of its commits go to the feed in
    one write, and only when the kernel has them are the frames written that tell anybody of them: what has been
    acknowledged survives this process (guarantee G4). While the feed is backed up, the frames wait in order.
    """

    def __init__(self, core: RoomCore, sender: FeedSender, config: RoomConfig, clock: Callable[[], float]) -> None:
        self.core = core
        self.outbox = Outbox()
        self.closed = False
        self.last_edit = clock()
        """When it was last edited or talked in; at first, when it woke."""
        self.recalls: list[str] = []
        """The ids of the older chat messages that are waited for, one for each request."""
        self.recalling = asyncio.Lock()
        """Held by the request whose message is being asked for."""
        self._feed = sender
        self._config = config
        self._clock = clock
        self._owners: dict[int, Pipe] = {}
        self._held: list[tuple[Pipe, bytes]] = []
        self._held_bytes = 0
        self._waiting: deque[tuple[int, int]] = deque()
        self._durable = core.version
        self._snapshot_at = core.version
        self._n = sender.next_n
        self._hearing = False

    # -------------------------------------------------------------- turns

    def end_turn(self) -> None:
        """Hand the turn's records to the feed and then its frames to the links."""
        if self.outbox.records:
            self._hearing = True
            self._feed.hear()
            self._hearing = False
        records = self.outbox.take_records()
        handed_over = self._feed.write(records) if records else self._feed.handed_over
        frames = self.outbox.take()
        if handed_over and not self._held:
            for pipe, data in frames:
                pipe.write(data)
        else:
            self._held.extend(frames)
            self._held_bytes += sum(len(data) for _, data in frames)

    def resumed(self) -> None:
        """The feed has handed over all that was written: what waited for it may be told."""
        held, self._held = self._held, []
        self._held_bytes = 0
        for pipe, data in held:
            pipe.write(data)

    def durable(self, n: int) -> None:
        """The feed is in Postgres up to record `n`: move the watermark and tell everybody."""
        self.core.chat.durable(n)
        version = self._durable
        while self._waiting and self._waiting[0][0] <= n:
            version = self._waiting.popleft()[1]
        if version != self._durable:
            self._durable = version
            self.outbox.mark(version)
            if not self._hearing:
                self.end_turn()

    @property
    def durable_version(self) -> int:
        """The watermark: all versions up to it are in Postgres."""
        return self._durable

    def now(self) -> float:
        """The room's clock, in unix seconds."""
        return self._clock()

    def _next(self) -> int:
        n, self._n = self._n, self._n + 1
        return n

    # -------------------------------------------------------------- links

    def unlink(self, pipe: Pipe) -> None:
        """A link went down: all its sessions leave."""
        self.outbox.close(pipe)
        for sid in [sid for sid, owner in self._owners.items() if owner is pipe]:
            self.detach(sid)

    def has_sessions_but_at(self, pipe: Pipe) -> bool:
        """Whether somebody is here through another link than this one."""
        return any(owner is not pipe for owner in self._owners.values())

    def refuse(self, pipe: Pipe, sid: int, error: RayroomsError, ref: int | None, seq: int | None = None) -> None:
        """Tell one session that its message was refused; nobody else learns of it."""
        self.refused(pipe, link.Unicast(sid, events.refusal(error, self.core.room_id, ref, seq)))

    def reject(self, pipe: Pipe, message: link.Attach, error: RayroomsError) -> None:
        """Tell a session that it was not let in, and its gateway to forget it."""
        payload = events.refusal(error, self.core.room_id, message.ref)
        self.refused(pipe, link.Detached(message.sid, payload))

    def refused(self, pipe: Pipe, message: link.Unicast | link.Detached | link.Failure) -> None:
        """Pass on a refusal, in order; but past all that waits once no more may wait."""
        if self.is_clogged:
            pipe.write(alone(message))
        else:
            self.outbox.send(pipe, message)

    # -------------------------------------------------------------- coming and going

    def attach(self, pipe: Pipe, message: link.Attach, user: User, known: ClientMark | None) -> None:
        """Let a session in and tell the others."""
        now = self._clock()
        joined = self.core.attach(
            message.sid,
            user,
            message.client_id,
            version=message.version,
            version_epoch=message.version_epoch,
            known=known,
            now=now,
        )
        if joined.evicted is not None:
            self._evict(joined.evicted, "superseded")
        joined.data.durable = self._durable
        self._owners[message.sid] = pipe
        payload = events.event(protocol.RoomJoined(data=joined.data, ref=message.ref))
        self.outbox.send(pipe, link.Attached(message.sid, self.core.version, self.core.version_epoch, payload))
        arrival = protocol.UserJoinedData(room_id=self.core.room_id, user=joined.who)
        self.outbox.broadcast(events.event(protocol.UserJoined(data=arrival)), but=message.sid)
        self._seen(user.user_id, now)

    def detach(self, sid: int) -> None:
        """A session left of itself."""
        session = self.core.detach(sid)
        self._owners.pop(sid, None)
        if session is not None:
            self._left(session)

    def _evict(self, session: Session, reason: str) -> None:
        pipe = self._owners.pop(session.sid, None)
        if pipe is not None:
            data = protocol.LeftRoomData(room_id=self.core.room_id, reason=reason)
            self.outbox.send(pipe, link.Detached(session.sid, events.event(protocol.RoomLeft(data=data))))
        self._left(session)

    def _left(self, session: Session) -> None:
        data = protocol.UserLeftData(
            room_id=self.core.room_id, session_id=session.session_id, user_id=session.user.user_id
        )
        self.outbox.broadcast(events.event(protocol.UserLeft(data=data)), but=session.sid)
        self._seen(session.user.user_id, self._clock())

    def _seen(self, user_id: str, now: float) -> None:
        active = user_id in self.core.sessions.user_ids()
        self.outbox.records.append(feed.MemberSeen(self._next(), self.core.room_id, user_id, active, now))

    def member_changed(self, user_id: str, role: Role | None) -> None:
        """A member's role changed, or (None) the member was removed: their sessions follow at once."""
        for session in self.core.set_role(user_id, role):
            if role is None:
                self._evict(session, "removed")
                continue
            pipe = self._owners.get(session.sid)
            if pipe is not None:
                self.outbox.send(pipe, link.RoleChanged(session.sid, role))
            # For everybody, the member included: a participant who is known already is brought up to date.
            data = protocol.UserJoinedData(
                room_id=self.core.room_id, user=participant(session, self.core.log, self._clock())
            )
            self.outbox.broadcast(events.event(protocol.UserJoined(data=data)))

    # -------------------------------------------------------------- editing

    def check_backlog(self) -> None:
        """Raise UnavailableError(backlog_full) when too much waits for the database (guarantee G7)."""
        sender = self._feed
        if (
            sender.backlog_records + len(self.outbox.records) >= self._config.backlog_max_records
            or sender.backlog_bytes >= self._config.backlog_max_bytes
        ):
            raise _backlog_full()
        self.check_clogged()

    def check_clogged(self) -> None:
        """Raise UnavailableError(backlog_full) when an answer would have to wait with too many others."""
        if self.is_clogged:
            raise _backlog_full()

    @property
    def is_clogged(self) -> bool:
        """Whether as much waits to be told, behind a feed that is backed up, as may wait in memory (guarantee G10)."""
        return self._held_bytes >= self._config.backlog_max_bytes

    def edit(self, message: link.Edit) -> Edited:
        """An edit by a session. Raises what the core raises, and UnavailableError(backlog_full)."""
        self.check_backlog()
        return self.core.edit(
            message.sid,
            message.op,
            version=message.version,
            client_id=message.client_id,
            seq=message.seq,
            now=self._clock(),
        )

    def acknowledge_repeat(self, pipe: Pipe, message: link.Edit, version: int) -> None:
        """Answer a repeated edit with its first result."""
        session = self.core.sessions.get(message.sid)
        if session is not None and message.seq is not None:
            ack = protocol.Ack(version=version, seq=message.seq)
            data = protocol.AckData(room_id=self.core.room_id, client_id=session.client_id, acks=[ack])
            payload = events.event(protocol.Acked(data=data, ref=message.ref))
            self.outbox.send(pipe, link.Unicast(message.sid, payload))

    def committed(self, edited: Edited) -> None:
        """Record a commit for the feed and show it to everybody."""
        commit = edited.commit
        if commit is None:
            return
        n = self._next()
        records = self.outbox.records
        records.append(
            feed.Op(
                n, commit.version, events.operation(commit), commit.user_id, commit.client_id, commit.seq, commit.at
            )
        )
        self._waiting.append((n, commit.version))
        self.outbox.commit(link.Commit(commit.sid, commit.version, commit.seq, events.change(commit)))
        for one in edited.conflicts:
            records.append(feed.Conflict(self._next(), *one))
        self.last_edit = commit.at
        if commit.version - self._snapshot_at >= self._config.snapshot_every:
            self.snapshot()

    def snapshot(self) -> int:
        """Put a snapshot of the present state into the feed; returns its place there."""
        core, n = self.core, self._next()
        self._snapshot_at = core.version
        clients = {client_id: (mark.seq, mark.version, mark.user_id) for client_id, mark in core.clients.items()}
        self.outbox.records.append(
            feed.Snapshot(n, core.version, core.version_epoch, core.content, clients, self._clock())
        )
        return n

    @property
    def needs_snapshot(self) -> bool:
        """Whether there are commits since the last snapshot."""
        return self.core.version > self._snapshot_at

    # -------------------------------------------------------------- being seen

    def cursor(self, message: link.SetCursor) -> None:
        cursor = self.core.cursor(message.sid, message.ranges, message.version)
        session = self.core.sessions.get(message.sid)
        if session is not None:
            data = protocol.CursorMovedData(
                room_id=self.core.room_id,
                session_id=session.session_id,
                user_id=session.user.user_id,
                cursor=cursor,
            )
            self.outbox.broadcast(events.event(protocol.CursorMoved(data=data)), but=message.sid)

    def typing(self, message: link.SetTyping) -> None:
        session = self.core.typing(message.sid, self._clock(), is_typing=message.is_typing)
        self._typing_changed(session, is_typing=message.is_typing)

    def _typing_changed(self, session: Session, *, is_typing: bool) -> None:
        data = protocol.TypingChangedData(
            room_id=self.core.room_id,
            session_id=session.session_id,
            user_id=session.user.user_id,
            is_typing=is_typing,
        )
        self.outbox.broadcast(events.event(protocol.TypingChanged(data=data)), but=session.sid)

    def presence(self, message: link.SetPresence) -> None:
        session = self.core.presence(message.sid, message.status)
        data = protocol.PresenceChangedData(
            room_id=self.core.room_id,
            session_id=session.session_id,
            user_id=session.user.user_id,
            status=session.status,
        )
        self.outbox.broadcast(events.event(protocol.PresenceChanged(data=data)), but=message.sid)

    def expire(self) -> None:
        """End the typing of those who fell silent."""
        self._end_typing(self._clock())

    def hush(self) -> None:
        """End all typing: nobody could tell of its end while the room sleeps."""
        self._end_typing(float("inf"))

    def _end_typing(self, now: float) -> None:
        for session in self.core.sessions.expire_typing(now):
            self._typing_changed(session, is_typing=False)

    # -------------------------------------------------------------- talking

    def talk(self, message: link.Talk) -> None:
        """What a session does in chat. Raises what the core raises, and UnavailableError(backlog_full)."""
        self.check_backlog()
        self.last_edit = self._clock()
        match message:
            case link.Post(sid, content, reply_to):
                self._posted(message, self.core.post(sid, content, reply_to, uuid.uuid4().hex, self._clock()))
            case link.EditMessage(sid, message_id, content):
                self._amended(message, self.core.edit_message(sid, message_id, content))
            case link.DeleteMessage(sid, message_id):
                self._amended(message, self.core.delete_message(sid, message_id))
            case link.React(sid, message_id, emoji):
                self._reacted(message, self.core.react(sid, message_id, emoji))

    def _posted(self, request: link.Post, posted: ChatMessage) -> None:
        self._record_message(posted)
        data = protocol.ChatMessageData(room_id=self.core.room_id, message=posted)
        self._announce(request, protocol.ChatPosted(data=data))

    def _amended(self, request: link.EditMessage | link.DeleteMessage, amended: Amended) -> None:
        data = protocol.MessageChangedData(room_id=self.core.room_id, message=amended.message)
        event = protocol.MessageChanged(data=data)
        if amended.changed:
            self._record_message(amended.message)
            self._announce(request, event)
        else:
            self._answer(request, event)

    def _reacted(self, request: link.React, message: ChatMessage) -> None:
        self._record_message(message)
        session = self.core.sessions.get(request.sid)
        if session is None:
            return
        data = protocol.ReactionAddedData(
            room_id=self.core.room_id,
            message_id=message.id,
            emoji=request.emoji,
            user_id=session.user.user_id,
            reactions=message.reactions,
        )
        self._announce(request, protocol.ReactionAdded(data=data))

    def _announce(self, request: link.Talk, event: protocol.ServerEvent) -> None:
        """Tell everybody what a request led to; who made it is told with its `ref`."""
        self.outbox.broadcast(events.event(event), but=request.sid)
        self._answer(request, event)

    def _answer(self, request: link.Talk, event: protocol.ServerEvent) -> None:
        payload = events.event(msgspec.structs.replace(event, ref=request.ref))
        self.outbox.send(self._owners[request.sid], link.Unicast(request.sid, payload))

    def _record_message(self, message: ChatMessage) -> None:
        n = self._next()
        self.core.chat.recorded(message.id, n)
        self.outbox.records.append(
            feed.Message(
                n,
                message.id,
                message.user_id,
                message.name,
                message.content,
                message.reply_to,
                {emoji: list(users) for emoji, users in message.reactions.items()},
                message.edited,
                message.deleted,
                message.created_at.timestamp(),
            )
        )

    def sync(self, pipe: Pipe, message: link.Sync) -> None:
        if self.core.sessions.get(message.sid) is None:
            return
        data = self.core.sync(message.version)
        self.outbox.send(
            pipe, link.Unicast(message.sid, events.event(protocol.SyncResponse(data=data, ref=message.ref)))
        )


def _backlog_full() -> UnavailableError:
    return UnavailableError(
        "Too many edits wait to be stored; they are taken again as soon as the database answers.",
        code="backlog_full",
        retry_after=_BACKLOG_RETRY,
    )
