"""A room at a gateway: one link to its owner, fanned out to all sessions here; linked anew when the owner changes.

A room that sleeps has no owner. Its sessions stay, and the next message of one of them wakes it.
"""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from actors.link import messages as link
from rayrooms import protocol
from rayrooms.errors import NotFoundError, RateLimitedError, RayroomsError, UnavailableError
from serve.sockets.connection import going_away
from serve.sockets.fanout import FanOut
from serve.sockets.owner import Owner
from serve.sockets.payload import Payload
from serve.sockets.review import Review
from serve.sockets.session import Standing
from serve.sockets.slumber import Slumber

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator

    from actors.directory.notices import Kind
    from actors.host.config import RoomAddress
    from actors.link.client import CallType, Event, RoomLink
    from serve.auth.access import RoomAccess
    from serve.sockets.session import RoomSession
    from serve.sockets.tally import GatewayTally

logger = logging.getLogger(__name__)

_RETRY_FIRST = 0.02
_RETRY_MOST = 1.0
_OWNER_BUSY = 1.0
_PATIENCE = 5.0
_CUT_OFF = "this gateway is cut off"


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
        on_vacant: Callable[[str], None],
        is_cut_off: Callable[[], Awaitable[bool]],
        tally: GatewayTally,
    ) -> None:
        self.room_id = room_id
        self.sessions: dict[int, RoomSession] = {}
        self.version = 0
        self.version_epoch = 0
        self._access = access
        self._users = 0
        self._on_empty = on_empty
        self._on_vacant = on_vacant
        self._is_cut_off = is_cut_off
        # Those who were here while the room slept come along.
        self._owner = Owner(room_id, self, gateway_id=gateway_id, locate=locate, on_linked=self._move)
        self._relinking: asyncio.Task[None] | None = None
        self._ending = False
        self._slumber = Slumber()
        self._errands: set[asyncio.Task[None]] = set()
        self._fanout = FanOut(room_id, self.sessions, tally)
        self._review = Review(room_id, self.sessions, access, partial(self.call, link.MemberChanged))

    # -------------------------------------------------------------- the link

    @property
    def is_linked(self) -> bool:
        """Whether the link is up, and no end of it in sight."""
        return self._owner.link is not None and not self._slumber.is_drowsy

    async def linked(self) -> RoomLink:
        """The link, brought up when it is down. Raises NotFoundError and UnavailableError."""
        await self._slumber.decided()
        return await self._owner.linked()

    def on_lost(self) -> None:
        """The owner went away: find the next one and take all sessions there, unless it went to sleep."""
        self._owner.lost()
        for session in self.sessions.values():
            session.asked = None
            if session.attached:
                session.attached = False
                session.standing = Standing(self.version, self.version_epoch, None)
        self._slumber.decide()
        left = [session for session in self.sessions.values() if self._has_left(session)]
        for session in left:
            self._drop(session)
        if not self._slumber.is_asleep or self._slumber.has_messages or self._slumber.is_called:
            self._move()
        elif left:
            self._changed_asleep()

    def _move(self) -> None:
        """Take the sessions here to the owner, unless that is under way; wake it if it sleeps."""
        self._slumber.wake()
        if self.sessions and not self._ending and self._relinking is None:
            self._relinking = asyncio.create_task(self._relink())
            self._run(self._give_up(self._relinking))

    async def _give_up(self, relinking: asyncio.Task[None]) -> None:
        """Send those away who wait for the room in vain, if it is this gateway that is cut off from the cluster."""
        if not (await asyncio.wait([relinking], timeout=_PATIENCE))[0] and await self._is_cut_off():
            payload = going_away(_CUT_OFF)
            for session in list(self.sessions.values()):
                if not session.attached:
                    session.connection.send_away(payload, _CUT_OFF)

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
                    logger.warning("room %s cannot be reached yet: %s", self.room_id, error, extra=self._about(error))
                    self._refuse_held(error)
                else:
                    if self._owner.link is made:  # else that owner is gone already, too
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

    async def _readmit(self) -> bool:
        """Ask again who may be here and as what, and return whether that changed while no owner could be told."""
        waiting = [session for session in self.sessions.values() if not session.attached]
        if not waiting:
            return False
        roles = await self._access.roles(self.room_id, [session.identity for session in waiting])
        changed = False
        for session in waiting:
            role = roles[session.identity.user_id]
            if role is not None:
                changed |= role != session.role
                session.role = role
            elif session.sid in self.sessions and not session.attached:
                changed = True
                self._part(session, "removed")
        return changed

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
        self._fanout.close()
        self._review.close()
        if self._slumber.is_asleep and self.sessions and not self._slumber.elsewhere:
            self._on_vacant(self.room_id)
        if self._relinking is not None:
            self._relinking.cancel()
        for errand in self._errands:
            errand.cancel()
        self._owner.close()

    # -------------------------------------------------------------- sessions

    async def join(self, session: RoomSession) -> None:
        """Take a session to the room; its `room_joined` comes over the link. Raises as `linked`."""
        with self._in_use():
            made = await self.linked()
        if session.connection.closed:
            return
        for other in [one for one in self.sessions.values() if one.client_id == session.client_id]:
            if not other.attached:  # it would come back later and take the newer one's place
                self._part(other, "superseded")
        self.sessions[session.sid] = session
        session.connection.sessions[self.room_id] = session
        if self._owner.link is made:
            self._attach(made, session)
        else:
            self._move()

    def _attach(self, made: RoomLink, session: RoomSession) -> None:
        """Ask the owner to let a session in; one that falls asleep is asked afterwards."""
        if self._slumber.is_drowsy:
            self._slumber.is_called = True
            return
        identity = session.identity
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
        slumber = self._slumber
        if slumber.is_drowsy or slumber.says(session.sid):
            # What it said before it left still counts, and so does that it left.
            slumber.hold(session.sid, link.Detach(session.sid), always=True)
            self._disconnect(session)
            return
        self._owner.send(link.Detach(session.sid))
        self._drop(session)
        if slumber.is_asleep:
            self._changed_asleep()

    def _has_left(self, session: RoomSession) -> bool:
        """Whether all that a session still has to say is that it left."""
        return [type(message) for message in self._slumber.says(session.sid)] == [link.Detach]

    def _disconnect(self, session: RoomSession) -> None:
        if session.connection.sessions.get(self.room_id) is session:
            del session.connection.sessions[self.room_id]

    def _drop(self, session: RoomSession) -> None:
        session.attached = False
        self._slumber.release(session.sid)
        self.sessions.pop(session.sid, None)
        self._disconnect(session)
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
        """Send a session's message to the room, which it wakes; False while the room moves to another owner.

        Raises RateLimitedError while the room does not keep up with what it is sent.
        """
        if self._slumber.holds(session.sid):
            self._slumber.hold(session.sid, message)
            if self._slumber.is_asleep:
                self._move()
            return True
        if self._owner.link is None or not session.attached:
            return False
        if self._owner.link.is_full:
            raise RateLimitedError("The room does not keep up; try again in a moment.", retry_after=_OWNER_BUSY)
        self._owner.link.send(message)
        return True

    # -------------------------------------------------------------- sleep

    def noticed(self, kind: Kind) -> None:
        """The directory says that the room was woken, or that something of it changed while it slept."""
        if not self.sessions or self._ending:
            return
        if self._slumber.is_drowsy:
            self._slumber.is_called = True
        elif self._slumber.is_asleep:
            if kind == "awake":
                self._move()
            else:
                self._run(self._check_sleepers())

    @property
    def is_asleep(self) -> bool:
        """Whether the room sleeps under sessions here, as far as is known."""
        return self._slumber.is_asleep and self._owner.link is None and bool(self.sessions)

    async def _check_sleepers(self) -> None:
        """Let go of those who may not be here any more; the room wakes only if others have to be told."""
        try:
            if await self._readmit() and self._slumber.is_asleep:
                self._changed_asleep()
        except NotFoundError:
            self._dismiss("deleted")
        except RayroomsError as error:
            logger.warning(
                "who is in room %s will be checked when it wakes: %s", self.room_id, error, extra=self._about(error)
            )

    def _changed_asleep(self) -> None:
        """Somebody left or got another role while the room slept: it wakes if those in it have to be told."""
        if self._ending:
            return
        if self.sessions:
            self._move()
        elif self._slumber.elsewhere:
            self._slumber.wake()
            self._run(self._rouse())
        else:
            self._slumber.wake()
            self._on_vacant(self.room_id)

    async def _rouse(self) -> None:
        """Wake the room for the sake of other gateways."""
        try:
            await self.linked()
        except RayroomsError as error:
            logger.info("room %s was not woken: %s", self.room_id, error, extra=self._about(error))

    def _about(self, error: RayroomsError) -> dict[str, str]:
        """The fields of what is logged here."""
        return {"room_id": self.room_id, "code": error.code}

    def _run(self, errand: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    def _refuse_held(self, error: RayroomsError) -> None:
        """The room cannot be woken now: tell those who wait for it. Numbered edits are their clients' to send again."""
        for sid in self._slumber.sids():
            session, held = self.sessions.get(sid), self._slumber.release(sid)
            for message in held or ():
                if session is None:
                    continue
                if isinstance(message, link.Detach):
                    self._drop(session)
                elif not _comes_again(message):
                    session.connection.refuse(error, getattr(message, "ref", None), self.room_id)

    def _hand_over(self, session: RoomSession, held: list[link.ToRoom], *, unchanged: bool) -> None:
        """Give the room what a session said while it slept; but not edits of a text that others changed meanwhile."""
        for message in held:
            if unchanged or not isinstance(message, link.Edit | link.SetCursor):
                self._owner.send(message)
                if isinstance(message, link.Detach):
                    self._drop(session)
            elif not _comes_again(message):
                error = UnavailableError("The room was edited by others while it woke up; try again.")
                session.connection.refuse(error, message.ref, self.room_id)

    # -------------------------------------------------------------- what the room says

    def on_event(self, event: Event) -> None:
        """Something from the room, for one session or for all."""
        match event:
            case link.Commits():
                # Without a link they came behind the welcome: nobody has been let in over it yet.
                if self._owner.link is not None:
                    self.version, self.version_epoch = event.commits[-1].version, self._owner.link.address.epoch
                    self._fanout.commits(event.commits)
            case link.Broadcast():
                self._fanout.broadcast(event)
            case link.Mark():
                self._fanout.mark(event)
            case link.Unicast():
                self._fanout.to_one(event.sid, event.payload)
            case link.Attached():
                self._attached(event)
            case link.RoleChanged():
                changed = self.sessions.get(event.sid)
                if changed is not None:
                    changed.role = event.role
            case link.Detached():
                self._fanout.to_one(event.sid, event.payload)
                gone = self.sessions.get(event.sid)
                if gone is not None:
                    self._drop(gone)
            case link.Drowse() | link.Stay() | link.Asleep():
                self._drowse(event)

    def _drowse(self, event: link.Sleep) -> None:
        match event:
            case link.Drowse():
                self._slumber.drowse(session.sid for session in self.sessions.values() if session.attached)
                self._owner.send(link.Drowsy())
            case link.Stay():
                self._slumber.decide()
                for sid in self._slumber.sids():
                    session, held = self.sessions.get(sid), self._slumber.release(sid)
                    if session is not None:
                        self._hand_over(session, held or [], unchanged=True)
                if self._owner.link is not None:
                    self._attach_all(self._owner.link)
            case link.Asleep():
                self._slumber.fall_asleep(elsewhere=event.elsewhere)

    def _attached(self, event: link.Attached) -> None:
        self.version, self.version_epoch = event.version, event.version_epoch
        session = self.sessions.get(event.sid)
        if session is None:
            # It left before the room, which had to ask the database first, let it in.
            self._owner.send(link.Detach(event.sid))
            return
        session.attached = True
        self._review.of(session)
        self._fanout.attached(session, event.version)
        held = None if self._slumber.is_drowsy else self._slumber.release(event.sid)
        if held is None:
            session.connection.deliver(Payload(event.payload))
            return
        unchanged = (event.version, event.version_epoch) == session.standing[:2]
        session.connection.rejoined(Payload(event.payload), keeps_edits=unchanged)
        self._hand_over(session, held, unchanged=unchanged)


def _comes_again(message: link.ToRoom) -> bool:
    """Whether a client says so again by itself once it has been let in again."""
    if isinstance(message, link.Edit):
        return message.seq is not None
    return isinstance(message, link.SetCursor | link.SetTyping | link.SetPresence | link.Detach)
