"""The process of a room actor, with slots for one room or several, behind its Ray handle."""

from __future__ import annotations

import asyncio
import re
import uuid
from typing import TYPE_CHECKING, Any, Final

import ray
from ray.exceptions import GetTimeoutError, RayActorError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from actors.directory.worker import WorkerLostError
from actors.room_actor import RoomActor
from rayrooms.errors import RayroomsError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from actors.host.config import RoomProcess

_ROOM: Any = ray.remote(num_cpus=0, max_restarts=0, max_concurrency=1_000)(RoomActor)  # type: ignore[call-overload]
_NAME: Final = re.compile(r"room-actor-[0-9a-f]+(?:-of-(?P<slots>[0-9]+))?")
"""One with several slots says so: a directory that finds it has to know of all, also when it does not answer."""
_START_TIMEOUT = 60.0


class RayProcess:
    """One room actor. `node_id` is empty while a restarted directory has not heard from it.

    `is_silent` when the last that was asked of it had no answer.
    """

    def __init__(self, node_id: str, slots: int, handle: Any = None) -> None:  # noqa: ANN401 - Ray's handles are untyped
        self.node_id = node_id
        self.slots = slots
        self.is_silent = False
        self._handle = handle
        self._started: asyncio.Task[None] | None = None

    async def start(self, place: Callable[[], Awaitable[RoomProcess]]) -> None:
        """Have it run and listen, once, however many slots are waited for; see `RoomActor.start`.

        Raises UnavailableError.
        """
        if self._started is None:
            self._started = asyncio.create_task(self._start(place))
        await asyncio.shield(self._started)

    async def _start(self, place: Callable[[], Awaitable[RoomProcess]]) -> None:
        told = await place()
        self._handle = await asyncio.to_thread(_new_actor, self.node_id, self.slots)
        try:
            await self.ask("start", told, within=_START_TIMEOUT)
        except WorkerLostError as error:
            await self.kill()  # it may come up yet, unknown to anybody
            raise UnavailableError("A room actor could not be started.") from error

    async def ask(self, method: str, *args: object, slot: int = 0, within: float) -> Any:  # noqa: ANN401 - the callee's type
        """Call the actor, for one of its slots.

        Raises WorkerLostError when it is dead or silent, and the project's errors as raised.
        """
        of_slot = {"slot": slot} if slot else {}  # one of an earlier version knows of none
        try:
            answer = await asyncio.wait_for(getattr(self._handle, method).remote(*args, **of_slot), within)
        except RayTaskError as error:
            self.is_silent = False
            if isinstance(error.cause, RayroomsError):
                raise error.cause from None
            raise
        except (RayActorError, GetTimeoutError, TimeoutError) as error:
            self.is_silent = True
            raise WorkerLostError(str(error)) from error
        self.is_silent = False
        return answer

    async def kill(self) -> None:
        """End it, whatever its rooms do."""
        if self._handle is not None:
            await asyncio.to_thread(ray.kill, self._handle, no_restart=True)


def _new_actor(node_id: str, slots: int) -> Any:  # noqa: ANN401 - Ray's handles are untyped
    """Waits for Ray."""
    several = f"-of-{slots}" if slots > 1 else ""
    return _ROOM.options(
        name=f"room-actor-{uuid.uuid4().hex[:12]}{several}",
        lifetime="detached",
        scheduling_strategy=NodeAffinitySchedulingStrategy(node_id, soft=False),
    ).remote()


def existing_processes() -> list[RayProcess]:
    """All room actors of the cluster. Waits for Ray."""
    found = []
    for name in ray.util.list_named_actors():
        if (named := _NAME.fullmatch(name)) is None:
            continue
        try:
            found.append(RayProcess("", int(named["slots"] or 1), ray.get_actor(name)))
        except ValueError:  # gone meanwhile
            continue
    return found
