"""The way from a gateway to the owner of a room: asks the directory where it is, and links to it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from actors.link.client import RoomLink
from rayrooms.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from actors.host.config import RoomAddress
    from actors.link import messages as link
    from actors.link.client import LinkListener


class Owner:
    """Whoever owns a room at the time; `link` is the way there while it is up.

    `locate(room_id, failed_epoch)` is asked where that is; an owner that could not be reached is named by its epoch, so
    that the directory looks after it. `on_linked` is called when a link came up, before it is used.
    """

    def __init__(
        self,
        room_id: str,
        listener: LinkListener,
        *,
        gateway_id: str,
        locate: Callable[[str, int], Awaitable[RoomAddress]],
        on_linked: Callable[[], None],
    ) -> None:
        self.link: RoomLink | None = None
        self._room_id = room_id
        self._listener = listener
        self._gateway_id = gateway_id
        self._locate = locate
        self._on_linked = on_linked
        self._linking: asyncio.Task[RoomLink] | None = None
        self._failed_epoch = 0
        self._ending = False

    async def linked(self) -> RoomLink:
        """The link, brought up when it is down; those who ask meanwhile wait for the same one.

        Raises NotFoundError and UnavailableError.
        """
        if self.link is not None:
            return self.link
        if self._linking is None:
            self._linking = asyncio.create_task(self._connect())
            self._linking.add_done_callback(self._linking_done)
        return await asyncio.shield(self._linking)

    def send(self, message: link.ToRoom) -> None:
        """Tell the owner, if the link is up."""
        if self.link is not None:
            self.link.send(message)

    def lost(self) -> None:
        """The link went down."""
        if self.link is not None:
            self._failed_epoch = self.link.address.epoch
        self.link = None

    def close(self) -> None:
        """Hang up, and keep no link that is still being made."""
        self._ending = True
        if self.link is not None:
            self.link.close()
            self.link = None

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
        address = await self._locate(self._room_id, self._failed_epoch)
        try:
            made = await RoomLink.connect(self._listener, address, self._gateway_id)
        except UnavailableError:
            self._failed_epoch = address.epoch
            raise
        if self._ending:
            made.close()
            raise UnavailableError("The gateway is letting go of this room; try again.")
        self.link = made
        self._on_linked()
        return made
