"""What room actors read of the stored rooms, through their node's persistence actor."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import ray
from ray.exceptions import RayActorError, RayTaskError

from actors.core.log import Commit
from actors.core.state import ClientMark, RoomState
from rayrooms.errors import RayroomsError, UnavailableError
from rayrooms.protocol import Operation

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from persistence.loaded import LoadedRoom
    from rayrooms.protocol import ChatMessage

_decode_op = msgspec.json.Decoder(Operation).decode


def room_state(loaded: LoadedRoom) -> RoomState:
    """A stored room as the core takes it.

    Where the log does not begin with the first version, its first commit only tells the epoch of the version that the
    window then begins after.
    """
    log = [
        Commit(op.version, _decode_op(op.op), op.user_id, op.client_id, op.seq, op.epoch, op.at) for op in loaded.log
    ]
    base_epoch = 0 if log else loaded.version_epoch
    if log and log[0].version > 1:
        base_epoch = log.pop(0).epoch
    return RoomState(
        room_id=loaded.room_id,
        name=loaded.name,
        language=loaded.language,
        max_users=loaded.max_users,
        content=loaded.content,
        version=loaded.version,
        version_epoch=loaded.version_epoch,
        log=log,
        base_epoch=base_epoch,
        clients={client_id: ClientMark(*mark) for client_id, mark in loaded.clients.items()},
        messages=loaded.messages,
    )


class ActorArchive:
    """A RoomArchive that asks the persistence actor: a room process needs no database client of its own."""

    def __init__(self, persistence: str) -> None:
        self._name = persistence
        self._actor: Any = None

    async def load(self, room_id: str) -> RoomState:
        return room_state(await self._ask("load", room_id))

    async def client(self, room_id: str, client_id: str) -> ClientMark | None:
        mark = await self._ask("client", room_id, client_id)
        return None if mark is None else ClientMark(*mark)

    async def result_of(self, room_id: str, client_id: str, seq: int) -> int | None:
        version: int | None = await self._ask("result_of", room_id, client_id, seq)
        return version

    async def message(self, room_id: str, message_id: str) -> ChatMessage | None:
        message: ChatMessage | None = await self._ask("message", room_id, message_id)
        return message

    async def find(self) -> None:
        """Look the persistence actor up and speak to it, which waits for Ray: a room that wakes then need not.

        Raises ValueError when there is none, and UnavailableError.
        """
        self._actor = await asyncio.to_thread(ray.get_actor, self._name)
        await call(self._actor.ready.remote())

    async def _ask(self, method: str, *args: str | int) -> Any:  # noqa: ANN401 - each caller knows its answer's type
        if self._actor is None:
            await self.find()
        try:
            return await call(getattr(self._actor, method).remote(*args))
        except UnavailableError:
            self._actor = None  # should it be dead for good, there may be another by the same name
            raise


async def call(reference: Awaitable[Any]) -> Any:  # noqa: ANN401 - the type is the called method's
    """Await an actor's answer, with the errors of this project as they were raised.

    Raises UnavailableError when the actor is gone.
    """
    try:
        return await reference
    except RayTaskError as error:
        if isinstance(error.cause, RayroomsError):
            raise error.cause from None
        raise
    except RayActorError as error:
        raise UnavailableError("A part of the server is restarting; try again.") from error
