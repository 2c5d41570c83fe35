"""Chat requests, of which some are about messages that have left memory and must be brought in again first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.link import messages as link
from rayrooms.errors import RateLimitedError, RayroomsError

if TYPE_CHECKING:
    from actors.host.link_server import LinkServer
    from actors.host.live_room import LiveRoom
    from actors.host.room_host import RoomHost

MAX_WAITING = 256
"""Requests about older messages that wait for the database, in one room."""


class Recall:
    """Lets a room talk, once it knows the message that is talked about.

    Older messages are asked for one at a time, and each request is done before the next question: none can act on an
    answer that another has made stale. Requests about one message keep their order.
    """

    def __init__(self, host: RoomHost) -> None:
        self._host = host

    def talk(self, room: LiveRoom, pipe: LinkServer, request: link.Talk) -> None:
        """Act on a request, now or as soon as its message is there; a refusal is answered to its sender."""
        message_id = request.reply_to if isinstance(request, link.Post) else request.message_id
        waiting = room.recalls
        try:
            if message_id is None or (room.core.chat.knows(message_id) and message_id not in waiting):
                room.talk(request)
            elif len(waiting) >= MAX_WAITING:
                raise RateLimitedError("Too much is asked about older messages; try again in a moment.")
            else:
                waiting.append(message_id)
                self._host.spawn(self._talk_later(room, pipe, request, message_id))
        except RayroomsError as error:
            room.refuse(pipe, request.sid, error, request.ref)

    async def _talk_later(self, room: LiveRoom, pipe: LinkServer, request: link.Talk, message_id: str) -> None:
        chat = room.core.chat
        try:
            async with room.recalling:
                if not chat.knows(message_id):
                    found = await self._host.archive.message(room.core.room_id, message_id)
                    if found is not None:
                        chat.adopt(found)
                if self._host.is_live(room):
                    room.talk(request)
        except RayroomsError as error:
            room.refuse(pipe, request.sid, error, request.ref)
        finally:
            room.recalls.remove(message_id)
        room.end_turn()
