"""A room at a gateway: one link to its owner, fanned out to all sessions here; linked anew when the owner changes."""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import contextmanager
from typing import TYPE_CHECKING

from actors.link import messages as link
from actors.link.client import RoomLink
from rayrooms import protocol
from rayrooms.errors import NotFoundError, RateLimitedError, RayroomsError, UnavailableError
from serve.auth.access import HiddenRoomError
from serve.sockets.frames import CommitFrames
from serve.sockets.payload import Payload
from serve.sockets.session import Standing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from actors.host.config import RoomAddress
    from actors.link.client import CallType, Event
    from serve.auth.access import RoomAccess
    from serve.sockets.session import RoomSession

logger = logging.getLogger(__name__)

_RETRY_FIRST = 0.02
_RETRY_MOST = 1.0
_OWNER_BUSY = 1.0


class RoomHub:
    """All sessions of one room at this gateway.

    `version` and `version_epoch` are what every attached session has been sent, so that after a change of owner the
    sessions can be attached again exactly where they were, without their clients doing anything.
    """

    def __init__(
        self,
        room_id: str,
        *,
        gateway_id: str,
        locate: Callable[[str, int], Awaitable[RoomAddress]],
        access: RoomAccess,
        on_empty: Callable[[RoomHub], None],
    ) -> None:
        self.room_id = room_id
        self.sessions: dict[int, RoomSession] = {}
        self.version = 0
        self.version_epoch = 0
        self._gateway_id = gateway_id
        self._locate = locate
        self._access = access
        self._users = 0
        self._on_empty = on_empty
        self._link: RoomLink | None = None
        self._linking: asyncio.Task[RoomLink] | None = None
        self._relinking: asyncio.Task[None] | None = None
        self._failed_epoch = 0
        self._ending = False
        self._frames = CommitFrames(room_id)

    # -------------------------------------------------------------- the link

    @property
    def is_linked(self) -> bool:
        """Whether the link is up."""
        return self._link is not None

    async def linked(self) -> RoomLink:
        """The link, brought up when it is down. Raises NotFoundError and UnavailableError."""
        if self._link is not None:
            return self._link
        if self._linking is None:
            self._linking = asyncio.create_task(self._connect())
            self._linking.add_done_callback(self._linking_done)
        return await asyncio.shield(self._linking)

    def _linking_done(self, task: asyncio.Task[RoomLink]) -> None:
        self._linking = None
        if not task.cancelled():
            task.exception()

    async def _connect(self) -> RoomLink:
        tried = self._failed_epoch
        try:
            return await self._reach()
        except UnavailableError:
            if self._failed_epoch == tried:
                raise
        # The directory may not have noticed yet that this owner died. Told that it cannot be reached, it looks.
        return await self._reach()

    async def _reach(self) -> RoomLink:
        address = await self._locate(self.room_id, self._failed_epoch)
        try:
            made = await RoomLink.connect(self, address, self._gateway_id)
        except UnavailableError:
            self._failed_epoch = address.epoch
            raise
        if self._ending:
            made.close()
            raise UnavailableError("The gateway is letting go of this room; try again.")
        self._link = made
        return made

    def on_lost(self) -> None:
        """The owner went away: find the next one and take all sessions there."""
        if self._link is not None:
            self._failed_epoch = self._link.address.epoch
        self._link = None
        for session in self.sessions.values():
            if session.attached:
                session.attached = False
                session.standing = Standing(self.version, self.version_epoch, None)
        self._move()

    def _move(self) -> None:
        """Take the sessions here to the owner, unless that is under way."""
        if self.sessions and not self._ending and self._relinking is None:
            self._relinking = asyncio.create_task(self._relink())

    async def _relink(self) -> None:
        delay = _RETRY_FIRST
        try:
            while self.sessions and not self._ending:
                try:
                    made = await self.linked()
                    await self._readmit()
                except NotFoundError:
                    self._dismiss("deleted")
                    return
                except RayroomsError as error:
                    logger.warning("room %s cannot be reached yet: %s", self.room_id, error)
                else:
                    if self._link is made:  # else that owner is gone already, too
                        self._attach_all(made)
                        return
                await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
                delay = min(delay * 2, _RETRY_MOST)
        finally:
            self._relinking = None

    def _attach_all(self, made: RoomLink) -> None:
        for session in self.sessions.values():
            if session.asked is not made:
                self._attach(made, session)

    async def _readmit(self) -> None:
        """Ask again who may be here and as what: it may have changed while no owner could be told."""
        for session in list(self.sessions.values()):
            identity = session.connection.identity
            if session.attached or identity is None:
                continue
            try:
                role = (await self._access.visit(self.room_id, identity)).role
            except HiddenRoomError:
                role = None
            if role is None:
                self._part(session, "removed")
            else:
                session.role = role

    def _part(self, session: RoomSession, reason: str) -> None:
        data = protocol.LeftRoomData(room_id=self.room_id, reason=reason)
        session.connection.deliver(Payload.of(protocol.RoomLeft(data=data)))
        self._drop(session)

    def _dismiss(self, reason: str) -> None:
        """The room is no more: tell its sessions so."""
        for session in list(self.sessions.values()):
            self._part(session, reason)

    def close(self) -> None:
        """Let go of the link; nobody is here any more."""
        self._ending = True
        if self._relinking is not None:
            self._relinking.cancel()
        if self._link is not None:
            self._link.close()
            self._link = None

    # -------------------------------------------------------------- sessions

    async def join(self, session: RoomSession) -> None:
        """Take a session to the room; its `room_joined` comes over the link. Raises as `linked`."""
        with self._in_use():
            made = await self.linked()
        if session.connection.closed:
            return
        self.sessions[session.sid] = session
        session.connection.sessions[self.room_id] = session
        if self._link is made:
            self._attach(made, session)
        else:
            self._move()

    def _attach(self, made: RoomLink, session: RoomSession) -> None:
        """Ask the owner to let a session in."""
        identity = session.connection.identity
        assert identity is not None
        session.asked = made
        at = session.standing
        made.send(
            link.Attach(
                session.sid,
                identity.user_id,
                identity.name,
                session.colour,
                session.role,
                session.client_id,
                at.version,
                at.version_epoch,
                at.ref,
                identity.verified,
            )
        )

    def leave(self, session: RoomSession) -> None:
        """A session goes."""
        if self._link is not None:
            self._link.send(link.Detach(session.sid))
        self._drop(session)

    def _drop(self, session: RoomSession) -> None:
        session.attached = False
        self.sessions.pop(session.sid, None)
        if session.connection.sessions.get(self.room_id) is session:
            del session.connection.sessions[self.room_id]
        if not self.sessions:
            self._on_empty(self)

    async def call(self, make: CallType, *fields: object) -> link.Answer:
        """Call the room on behalf of REST, waking it if it sleeps. Raises what it refuses with."""
        with self._in_use():
            return await (await self.linked()).call(make, *fields)

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1

    @property
    def busy(self) -> bool:
        """Whether a call or a join is under way."""
        return self._users > 0

    def post(self, session: RoomSession, message: link.ToRoom) -> bool:
        """Send a session's message to the room; False while the session is not attached.

        Raises RateLimitedError while the room does not keep up with what it is sent.
        """
        if self._link is None or not session.attached:
            return False
        if self._link.is_full:
            raise RateLimitedError("The room does not keep up; try again in a moment.", retry_after=_OWNER_BUSY)
        self._link.send(message)
        return True

    # -------------------------------------------------------------- fan-out

    def on_event(self, event: Event) -> None:
        """Something from the room, for one session or for all."""
        match event:
            case link.Commits():
                self._commits(event.commits)
            case link.Broadcast():
                payload = Payload(event.payload)
                for session in list(self.sessions.values()):
                    if session.attached and session.sid != event.but:
                        session.connection.deliver(payload)
            case link.Mark():
                data = protocol.DurableData(room_id=self.room_id, version=event.version)
                payload = Payload.of(protocol.Durable(data=data))
                for session in list(self.sessions.values()):
                    if session.attached:
                        session.connection.deliver(payload)
            case link.Unicast():
                self._to_one(event.sid, event.payload)
            case link.Attached():
                self._attached(event)
            case link.RoleChanged():
                changed = self.sessions.get(event.sid)
                if changed is not None:
                    changed.role = event.role
            case link.Detached():
                self._to_one(event.sid, event.payload)
                gone = self.sessions.get(event.sid)
                if gone is not None:
                    self._drop(gone)

    def _to_one(self, sid: int, payload: bytes) -> None:
        session = self.sessions.get(sid)
        if session is not None:
            session.connection.deliver(Payload(payload))

    def _attached(self, event: link.Attached) -> None:
        self.version, self.version_epoch = event.version, event.version_epoch
        session = self.sessions.get(event.sid)
        if session is None:
            # It left before the room, which had to ask the database first, let it in.
            if self._link is not None:
                self._link.send(link.Detach(event.sid))
            return
        session.attached = True
        session.connection.deliver(Payload(event.payload))

    def _commits(self, commits: list[link.Commit]) -> None:
        """All commits of a batch go to each socket in one frame, and one encoding serves all who wrote none of them."""
        if self._link is None:  # it came right behind the welcome; nobody has been let in over this link yet
            return
        self.version, self.version_epoch = commits[-1].version, self._link.address.epoch
        sessions = self.sessions
        authors = {commit.sid for commit in commits if commit.sid in sessions}
        shared: Payload | None = None
        for session in list(sessions.values()):
            if not session.attached:
                continue
            if session.sid in authors:
                session.connection.deliver(self._frames.for_author(session, commits))
            else:
                if shared is None:
                    shared = self._frames.for_reader(commits)
                session.connection.deliver(shared)
