"""The live rooms as REST services see them: calls over the room link, through this gateway's hubs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.link import messages as link
from serve.services.live import Committed, LiveOp, LiveState

if TYPE_CHECKING:
    from rayrooms.protocol import ChatMessage, Participant, Role
    from serve.services.live import RestEdit
    from serve.sockets.hubs import RoomHubs


class LinkedRooms:
    """The LiveRooms of a gateway. Reads of a sleeping room answer None and leave it asleep."""

    def __init__(self, hubs: RoomHubs) -> None:
        self._hubs = hubs

    async def peek(self, room_id: str) -> LiveState | None:
        hub = await self._hubs.awake(room_id)
        if hub is None:
            return None
        found = await hub.call(link.Peek)
        assert isinstance(found, link.StateAnswer)
        return LiveState(found.content, found.version, found.epoch, found.last_update, found.pid, found.node_ip)

    async def tail(self, room_id: str, after: int, upto: int | None) -> list[LiveOp] | None:
        hub = await self._hubs.awake(room_id)
        if hub is None:
            return None
        found = await hub.call(link.Tail, after, upto)
        assert isinstance(found, link.TailAnswer)
        return [LiveOp(op.version, op.op, op.user_id, op.client_id, op.seq, op.at) for op in found.ops]

    async def messages(self, room_id: str) -> list[ChatMessage] | None:
        hub = await self._hubs.awake(room_id)
        if hub is None:
            return None
        found = await hub.call(link.ReadChat)
        assert isinstance(found, link.ChatAnswer)
        return found.messages

    async def participants(self, room_id: str) -> list[Participant] | None:
        hub = await self._hubs.awake(room_id)
        if hub is None:
            return None
        found = await hub.call(link.ReadParticipants)
        assert isinstance(found, link.ParticipantsAnswer)
        return found.participants

    async def submit(self, room_id: str, edit: RestEdit) -> Committed:
        hub = self._hubs.hub(room_id)
        found = await hub.call(
            link.Submit, edit.user_id, edit.name, edit.role, edit.op, edit.version, edit.client_id, edit.seq
        )
        assert isinstance(found, link.SubmitAnswer)
        self._hubs.tally.rest_edits += 1
        return Committed(found.version, found.at)

    async def snapshot(self, room_id: str) -> None:
        await self._hubs.hub(room_id).call(link.TakeSnapshot)

    async def member_changed(self, room_id: str, user_id: str, role: Role | None) -> None:
        hub = await self._hubs.awake(room_id)
        if hub is not None:
            await hub.call(link.MemberChanged, user_id, role)
        else:
            await self._hubs.changed(room_id)

    async def room_deleted(self, room_id: str) -> None:
        await self._hubs.forget(room_id)

    async def directory_ok(self) -> None:
        await self._hubs.directory_ok()
