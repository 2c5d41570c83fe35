"""Someone's session at a hub, with the wire that it is told things on."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from actors.link import messages as link
from serve.sockets.session import RoomSession, Standing

from .fakes import connected, identity, until

if TYPE_CHECKING:
    from serve.sockets.hub import RoomHub

FRESH = Standing(None, None, 1)


class Guest:
    """Someone's session at the hub, with the wire that it is told things on."""

    sids = itertools.count(1)

    def __init__(self, hub: RoomHub, user_id: str, standing: Standing = FRESH, client_id: str | None = None) -> None:
        self.hub = hub
        connection, self.wire = connected(user_id)
        self.session = RoomSession(
            next(self.sids), hub, connection, identity(user_id), client_id or user_id, "member", "#336699", standing
        )

    async def join(self) -> dict[str, Any]:
        await self.hub.join(self.session)
        return await self.joined()

    async def joined(self, times: int = 1) -> dict[str, Any]:
        """The data of the so-manieth `room_joined`."""
        await until(lambda: len(self.wire.of("room_joined")) >= times)
        return self.wire.of("room_joined")[times - 1]

    def edit(self, text: str, seq: int | None = None) -> bool:
        return self.hub.post(self.session, link.Edit(self.session.sid, [text], None, None, seq, None))

    def versions(self) -> list[int]:
        """All versions that it was told of after it joined, own ones included, in order."""
        told = []
        for event in self.wire.events():
            if event["event"] in {"ack", "code_change"}:
                data = event["data"]
                told += [one["version"] for one in data.get("acks", data.get("changes"))]
        return told
