"""Real rooms for hubs to link to: one after the other owns the room, as a directory would have it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from actors.core.sessions import User
from actors.core.state import RoomState
from actors.directory.notices import NoticeBoard
from rayrooms.errors import NotFoundError, UnavailableError
from serve.sockets.hubs import RoomHubs
from tests.actors.hosting import FakeArchive, Stage

from .fakes import NoVacancies

if TYPE_CHECKING:
    from pathlib import Path

    from actors.core.room import RoomCore
    from actors.directory.notices import Notices
    from actors.host.config import RoomAddress
    from rayrooms.protocol import Operation

STRANGER = User("eve", "Eve", "#993333", "member")


class Town:
    """The directory and the owners of one room, "room"."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._last: RoomCore | None = None
        self.owner: Stage | None = None
        self.epoch = 0
        self.located = 0
        self.deleted = False
        self.away = False
        self.cut_off = False
        """Whether the directory does not answer."""
        self.pinged = 0
        self.slow = asyncio.Event()
        """While it is cleared, nobody is told anything."""
        self.slow.set()
        self._falling = asyncio.Event()
        self._falling.set()
        self.board = NoticeBoard()
        self.unnoticed: RoomAddress | None = None
        """The owner that this directory takes for alive until it is told otherwise."""
        self.vacancies: Any = NoVacancies()
        self.meanwhile: list[Operation] = []
        """What the next owner finds committed that the last one had not told anybody."""

    async def locate(self, room_id: str, failed_epoch: int) -> RoomAddress:
        self.located += 1
        await self.slow.wait()
        await self._falling.wait()
        if self.away:
            raise UnavailableError("The database is away.", code="database_unavailable")
        if self.unnoticed is not None and self.unnoticed.epoch > failed_epoch:
            return self.unnoticed
        if self.deleted or room_id != "room":
            raise NotFoundError("There is no such room.")
        if self.owner is None:
            await self._open()
        assert self.owner is not None
        return self.owner.address

    async def peek(self, room_id: str) -> RoomAddress | None:
        return self.owner.address if self.owner is not None and room_id == "room" else None

    async def forget(self, room_id: str) -> None:
        assert room_id == "room"
        await self.bury()

    async def ping(self) -> None:
        self.pinged += 1
        await asyncio.sleep(0)
        if self.cut_off:
            raise UnavailableError("The directory of rooms does not answer.")

    async def _open(self) -> None:
        self.epoch += 1
        path = self._directory / f"{self.epoch}.sock"
        self.owner = Stage(path, FakeArchive(self._state()))
        await self.owner.feed.start()
        await self.owner.host.start()
        await self.owner.activate(self.epoch)
        core = self.owner.core
        for op in self.meanwhile:
            number = core.clients["elsewhere"].seq + 1 if "elsewhere" in core.clients else 1
            core.submit(STRANGER, op, version=None, client_id="elsewhere", seq=number, now=0.0)
        self.meanwhile.clear()

    def _state(self) -> RoomState:
        """All that the last owner had committed."""
        core = self._last
        if core is None:
            return RoomState(room_id="room")
        return RoomState(
            room_id="room",
            content=core.content,
            version=core.version,
            version_epoch=core.version_epoch,
            log=core.log.after(0),
            clients=core.clients,
        )

    async def changed(self, room_id: str) -> None:
        self.board.post(room_id, "changed")

    async def notices(self, board: str, after: int) -> Notices:
        return await self.board.read(board, after, 10.0)

    def replace_board(self) -> None:
        """As a directory does that was restarted: readers of the old board find out at their next question."""
        old, self.board = self.board, NoticeBoard()
        old.post("elsewhere", "awake")

    async def lull(self) -> bool:
        """The owner goes to sleep, if it can."""
        assert self.owner is not None
        stage, self._last = self.owner, self.owner.core
        self._falling.clear()
        try:
            slept = await stage.host.sleep()
            if slept:
                self.owner = None
                await stage.close()
        finally:
            self._falling.set()
        return slept

    async def bury(self) -> None:
        """The owner dies."""
        assert self.owner is not None
        stage, self.owner = self.owner, None
        self._last = stage.core
        await stage.close()

    async def close(self) -> None:
        if self.owner is not None:
            await self.bury()


def gateway(town: Town, access: Any) -> RoomHubs:
    """The rooms of a gateway in this town; `access` is what stands in for the database's RoomAccess."""
    locator: Any = town
    return RoomHubs(locator, access, town.vacancies)
