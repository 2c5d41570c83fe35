"""All rooms at this gateway, and the way to the directory."""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import TYPE_CHECKING

from rayrooms.errors import RayroomsError, UnavailableError
from serve.sockets.hub import RoomHub
from serve.sockets.tally import GatewayTally

if TYPE_CHECKING:
    from serve.auth.access import RoomAccess
    from serve.sockets.locator import Locator
    from serve.sockets.vacancies import Vacancies

logger = logging.getLogger(__name__)

_WATCH_RETRY = 1.0
_LINGER = 30.0
"""Seconds that a link stays up when its last session has left: REST calls and returning users find it warm."""


class RoomHubs:
    """Makes a hub when a room is first needed here and lets it go when nobody needs it any more."""

    def __init__(
        self, locator: Locator, access: RoomAccess, vacancies: Vacancies, tally: GatewayTally | None = None
    ) -> None:
        self.gateway_id = secrets.token_hex(4)
        self.tally = tally or GatewayTally()
        self._locator = locator
        self._access = access
        self._vacancies = vacancies
        self._watching: asyncio.Task[None] | None = None
        self._trying: asyncio.Future[None] | None = None
        self._hubs: dict[str, RoomHub] = {}
        self._lingering: dict[str, asyncio.TimerHandle] = {}
        # The high half makes session ids unique among gateways; msgpack holds 63 bits and more.
        self._next_sid = (secrets.randbits(31) << 32) | 1

    def __len__(self) -> int:
        return len(self._hubs)

    def new_sid(self) -> int:
        """A session id that no gateway has given out."""
        sid, self._next_sid = self._next_sid, self._next_sid + 1
        return sid

    def hub(self, room_id: str) -> RoomHub:
        """The hub of a room, new or not; its link comes up when it is used."""
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())
        self._keep(room_id)
        hub = self._hubs.get(room_id)
        if hub is None:
            hub = RoomHub(
                room_id,
                gateway_id=self.gateway_id,
                locate=self._locator.locate,
                access=self._access,
                on_empty=self._linger,
                on_vacant=self._vacancies.note,
                is_cut_off=self._is_cut_off,
                tally=self.tally,
            )
            self._hubs[room_id] = hub
        if not hub.sessions:
            self._linger(hub)
        return hub

    async def awake(self, room_id: str) -> RoomHub | None:
        """The hub of a room that is awake, else None; never wakes a room. Raises UnavailableError."""
        hub = self._hubs.get(room_id)
        if hub is not None and hub.is_linked:
            return hub
        if await self._locator.peek(room_id) is None:
            return None
        return self.hub(room_id)

    async def forget(self, room_id: str) -> None:
        """End a live room that is being deleted."""
        await self._locator.forget(room_id)

    async def changed(self, room_id: str) -> None:
        """Have all gateways look again at who may be in a room that sleeps."""
        await self._locator.changed(room_id)

    async def _watch(self) -> None:
        """Hear of rooms that were woken by others, or that changed while they slept."""
        board, after = "", 0
        while True:
            try:
                found = await self._locator.notices(board, after)
            except RayroomsError as error:
                logger.warning("the directory's notices cannot be read yet: %s", error, extra={"code": error.code})
                await asyncio.sleep(_WATCH_RETRY)
                continue
            except Exception:
                logger.exception("the directory's notices cannot be read")
                await asyncio.sleep(_WATCH_RETRY)
                continue
            if found.gap and board:
                await self._look_everywhere()
            board, after = found.board, found.upto
            for notice in found.notices:
                hub = self._hubs.get(notice.room_id)
                if hub is not None:
                    hub.noticed(notice.kind)

    async def _look_everywhere(self) -> None:
        """Some notices were missed: ask about every room that sleeps here."""
        for hub in list(self._hubs.values()):
            if not hub.is_asleep:
                continue
            try:
                awake = await self._locator.peek(hub.room_id) is not None
            except RayroomsError:
                awake = False
            hub.noticed("awake" if awake else "changed")

    async def directory_ok(self) -> None:
        """Raises UnavailableError when the directory does not answer."""
        await self._locator.ping()

    async def _is_cut_off(self) -> bool:
        """Whether the cluster cannot be reached from here: however many rooms ask, it is tried once at a time."""
        if self._trying is None:
            self._trying = asyncio.ensure_future(self._locator.ping())
            self._trying.add_done_callback(self._tried)
        try:
            await asyncio.shield(self._trying)
        except UnavailableError:
            return True
        return False

    def _tried(self, _done: asyncio.Future[None]) -> None:
        self._trying = None

    def _linger(self, hub: RoomHub) -> None:
        self._keep(hub.room_id)
        loop = asyncio.get_running_loop()
        self._lingering[hub.room_id] = loop.call_later(_LINGER, self._let_go, hub)

    def _keep(self, room_id: str) -> None:
        timer = self._lingering.pop(room_id, None)
        if timer is not None:
            timer.cancel()

    def _let_go(self, hub: RoomHub) -> None:
        self._lingering.pop(hub.room_id, None)
        if hub.sessions:
            return
        if hub.busy:
            self._linger(hub)
            return
        hub.close()
        if self._hubs.get(hub.room_id) is hub:
            del self._hubs[hub.room_id]

    async def close(self) -> None:
        """Let go of every room."""
        if self._watching is not None:
            self._watching.cancel()
        for timer in self._lingering.values():
            timer.cancel()
        self._lingering.clear()
        for hub in self._hubs.values():
            hub.close()
        self._hubs.clear()
        await self._vacancies.flush()
