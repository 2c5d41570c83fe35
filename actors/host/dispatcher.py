"""What each message of a gateway does to the room that lives here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.core.sessions import User
from actors.host.calls import answer
from actors.host.config import refuse_reserved
from actors.host.recall import Recall
from actors.link import messages as link
from rayrooms.errors import RayroomsError

if TYPE_CHECKING:
    from actors.core.state import ClientMark
    from actors.host.link_server import LinkServer
    from actors.host.live_room import LiveRoom
    from actors.host.room_host import RoomHost


class Dispatcher:
    """Takes messages in their order. What is refused is answered to its sender and harms nobody else (G8)."""

    def __init__(self, host: RoomHost) -> None:
        self._host = host
        self._recall = Recall(host)

    def dispatch(self, room: LiveRoom, pipe: LinkServer, message: link.ToRoom) -> None:
        """Act on one message."""
        match message:
            case link.Edit():
                self._edit(room, pipe, message)
            case link.Attach():
                self._attach(room, pipe, message)
            case link.Detach():
                room.detach(message.sid)
            case link.Post() | link.EditMessage() | link.DeleteMessage() | link.React():
                self._recall.talk(room, pipe, message)
            case link.SetTyping() | link.SetPresence() | link.SetCursor() | link.Sync():
                self._social(room, pipe, message)
            case link.Ping():
                pipe.pong()
            case link.Drowsy():
                self._host.drowsy(pipe)
            case link.Hello():
                pipe.close()
            case _:
                self._host.spawn(answer(self._host, room, pipe, message))

    def _edit(self, room: LiveRoom, pipe: LinkServer, message: link.Edit) -> None:
        try:
            edited = room.edit(message)
        except RayroomsError as error:
            room.refuse(pipe, message.sid, error, message.ref, message.seq)
            return
        if edited.commit is not None:
            room.committed(edited)
        elif edited.version:
            room.acknowledge_repeat(pipe, message, edited.version)
        else:
            self._host.spawn(self._repeat_from_archive(room, pipe, message))

    async def _repeat_from_archive(self, room: LiveRoom, pipe: LinkServer, message: link.Edit) -> None:
        """A repeat of an edit so old that only the database knows its version."""
        session = room.core.sessions.get(message.sid)
        if session is None or message.seq is None:
            return
        try:
            version = await self._host.archive.result_of(room.core.room_id, session.client_id, message.seq)
        except RayroomsError as error:
            room.refuse(pipe, message.sid, error, message.ref, message.seq)
        else:
            room.acknowledge_repeat(pipe, message, version or 0)
        room.end_turn()

    def _social(
        self,
        room: LiveRoom,
        pipe: LinkServer,
        message: link.SetTyping | link.SetPresence | link.SetCursor | link.Sync,
    ) -> None:
        if room.is_clogged and not isinstance(message, link.Sync):
            return  # nobody would be told before the next such message
        try:
            match message:
                case link.SetTyping():
                    room.typing(message)
                case link.SetPresence():
                    room.presence(message)
                case link.SetCursor():
                    room.cursor(message)
                case link.Sync():
                    room.check_clogged()
                    room.sync(pipe, message)
        except RayroomsError as error:
            ref = None if isinstance(message, link.SetTyping | link.SetPresence) else message.ref
            room.refuse(pipe, message.sid, error, ref)

    # -------------------------------------------------------------- what memory may not know

    def _attach(self, room: LiveRoom, pipe: LinkServer, message: link.Attach) -> None:
        unknown = room.core.client(message.client_id) is None and room.core.sessions.holder(message.client_id) is None
        if unknown and message.version is not None:
            self._host.spawn(self._attach_known(room, pipe, message))
        else:
            self._admit(room, pipe, message, None)

    async def _attach_known(self, room: LiveRoom, pipe: LinkServer, message: link.Attach) -> None:
        """A client that was here before, but so long ago that only the database knows its last edit."""
        try:
            known = await self._host.archive.client(room.core.room_id, message.client_id)
        except RayroomsError as error:
            room.reject(pipe, message, error)
        else:
            if self._host.is_live(room):
                self._admit(room, pipe, message, known)
        room.end_turn()

    def _admit(self, room: LiveRoom, pipe: LinkServer, message: link.Attach, known: ClientMark | None) -> None:
        try:
            refuse_reserved(message.client_id)
            room.check_clogged()
            user = User(message.user_id, message.name, message.colour, message.role, message.verified)
            room.attach(pipe, message, user, known)
        except RayroomsError as error:
            room.reject(pipe, message, error)
