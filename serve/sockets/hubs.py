"""All rooms at this gateway, and the way to the directory."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from serve.sockets.hub import RoomHub

if TYPE_CHECKING:
    from serve.auth.access import RoomAccess
    from serve.sockets.locator import Locator

_LINGER = 30.0
"""Seconds that a link stays up when its last session has left: REST calls and returning users find it warm."""


class RoomHubs:
    """Makes a hub when a room is first needed here and lets it go when nobody needs it any more."""

    def __init__(self, locator: Locator, access: RoomAccess) -> None:
        self.gateway_id = secrets.token_hex(4)
        self._locator = locator
        self._access = access
        self._hubs: dict[str, RoomHub] = {}
        self._lingering: dict[str, asyncio.TimerHandle] = {}
        # The high half makes session ids unique among gateways; msgpack holds 63 bits and more.
        self._next_sid = (secrets.randbits(31) << 32) | 1

    def new_sid(self) -> int:
        """A session id that no gateway has given out."""
        sid, self._next_sid = self._next_sid, self._next_sid + 1
        return sid

    def hub(self, room_id: str) -> RoomHub:
        """The hub of a room, new or not; its link comes up when it is used."""
        self._keep(room_id)
        hub = self._hubs.get(room_id)
        if hub is None:
            hub = RoomHub(
                room_id,
                gateway_id=self.gateway_id,
                locate=self._locator.locate,
                access=self._access,
                on_empty=self._linger,
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

    async def directory_ok(self) -> None:
        """Raises UnavailableError when the directory does not answer."""
        await self._locator.ping()

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

    def close(self) -> None:
        """Let go of every room."""
        for timer in self._lingering.values():
            timer.cancel()
        self._lingering.clear()
        for hub in self._hubs.values():
            hub.close()
        self._hubs.clear()
