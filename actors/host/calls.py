"""Answers the calls that REST routes make to a live room over the link."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from actors.core.sessions import User
from actors.host.config import API_CLIENT, refuse_reserved
from actors.link import messages as link
from rayrooms.errors import InvalidError, RayroomsError, UnavailableError

if TYPE_CHECKING:
    from actors.host.link_server import LinkServer
    from actors.host.live_room import LiveRoom
    from actors.host.room_host import RoomHost

Call = (
    link.Peek | link.Tail | link.ReadChat | link.ReadParticipants | link.Submit | link.TakeSnapshot | link.MemberChanged
)


async def answer(host: RoomHost, room: LiveRoom, pipe: LinkServer, call: Call) -> None:
    """Answer one call with a Reply, or with a Failure that carries the refusal."""
    try:
        room.check_clogged()
        result = await _answer(host, room, call)
    except RayroomsError as error:
        room.refused(pipe, link.Failure(call.call, error.code, error.message))
    else:
        room.outbox.send(pipe, link.Reply(call.call, result))
    room.end_turn()


async def _answer(host: RoomHost, room: LiveRoom, call: Call) -> link.Answer:
    match call:
        case link.Peek():
            return _state(host, room)
        case link.Tail():
            return _tail(room, call)
        case link.ReadChat():
            return link.ChatAnswer(room.core.chat.held())
        case link.ReadParticipants():
            return link.ParticipantsAnswer(room.core.participants(room.now()))
        case link.Submit():
            return await _submit(host, room, call)
        case link.TakeSnapshot():
            await host.snapshot_durable()
            return link.Ok()
        case link.MemberChanged():
            room.member_changed(call.user_id, call.role)
            return link.Ok()


def _state(host: RoomHost, room: LiveRoom) -> link.StateAnswer:
    address, last = host.address, room.core.log.last
    return link.StateAnswer(
        content=room.core.content,
        version=room.core.version,
        epoch=room.core.epoch,
        last_update=last.at if last is not None else None,
        pid=os.getpid(),
        node_ip=address.host if address is not None else "",
    )


def _tail(room: LiveRoom, call: link.Tail) -> link.TailAnswer:
    log = room.core.log
    upto = log.head if call.upto is None else min(call.upto, log.head)
    start = max(call.after, log.base)
    commits = log.after(start)[: max(upto - start, 0)] if start <= log.head else []
    return link.TailAnswer([link.LoggedOp(c.version, c.op, c.user_id, c.client_id, c.seq, c.at) for c in commits])


async def _submit(host: RoomHost, room: LiveRoom, call: link.Submit) -> link.SubmitAnswer:
    if (call.client_id is None) != (call.seq is None):
        raise InvalidError("client_id and seq come together or not at all.")
    room.check_backlog()
    if call.client_id is None:
        client_id = f"{API_CLIENT}{call.user_id}"
    else:
        client_id = call.client_id
        refuse_reserved(client_id)
    known = room.core.client(client_id)
    if known is None:
        known = await host.archive.client(room.core.room_id, client_id)
        if not host.is_live(room):
            raise UnavailableError("The room is not here.")
    # Asked again: while the database was asked, the same client may have committed something.
    mark = room.core.client(client_id) or known
    last = mark.seq if mark is not None else 0
    edited = room.core.submit(
        User(call.user_id, call.name, "", call.role),
        call.op,
        version=call.version,
        client_id=client_id,
        seq=last + 1 if call.seq is None else call.seq,
        known=known,
        now=room.now(),
    )
    if edited.commit is None:
        version = edited.version
        if version == 0 and call.seq is not None:
            version = await host.archive.result_of(room.core.room_id, client_id, call.seq) or 0
        return link.SubmitAnswer(version, room.now())
    room.committed(edited)
    return link.SubmitAnswer(edited.version, edited.commit.at)
