"""Gateways come and go with the sockets that are open, while people write."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, TypeVar

import httpx
import pytest

from .conftest import SERVER_URL
from .party import party_of
from .people import new_guest, until
from .server import Server, running
from .sockets import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractAsyncContextManager

    from rayrooms import StatusChanged

    from .party import Party

T = TypeVar("T")

GATEWAY = "ray::ServeReplica:rayrooms:gateway"
SERVICE_RESTART = 1012
EACH = 10


def _gateways(session_ids: Iterable[str]) -> set[str]:
    """Where these sessions are: of a session's name, all but the last eight digits is its gateway's."""
    return {session_id[:-8] for session_id in session_ids}


def _sessions_of(party: Party) -> list[str]:
    return [participant.session_id for participant in party.writers[0].room.users]


def _those_who_reconnect(party: Party) -> set[str]:
    """The names of the writers who lose their connection from now on."""
    names: set[str] = set()
    for writer in party.writers:

        def note(_: StatusChanged, name: str = writer.name) -> None:
            names.add(name)

        writer.room.on_status(note)
    return names


@pytest.fixture
def growing() -> Iterator[Server]:
    """A server of one gateway, or two when there are more than ten sockets."""
    if SERVER_URL:
        pytest.skip("needs a server of its own")
    with running(
        gateways="1", gateways_max="2", sockets_per_gateway=str(EACH), gateways_shrink_after="3", warm_pool="2"
    ) as server:
        yield server


async def _partly_elsewhere(
    home: set[str],
    stack: AsyncExitStack,
    make: Callable[[], AbstractAsyncContextManager[T]],
    sessions: Callable[[T], Iterable[str]],
) -> T:
    """Have people come in until one of them is at another gateway: the ingress deals them out as it likes.

    It knows of a new gateway a moment later than we do.
    """
    async with asyncio.timeout(2 * PATIENCE):
        while True:
            attempt = AsyncExitStack()
            made = await attempt.enter_async_context(make())
            if _gateways(sessions(made)) - home:
                stack.push_async_callback(attempt.aclose)
                return made
            await attempt.aclose()


async def test_a_second_gateway_comes_and_goes(growing: Server) -> None:
    """SCALE-7, SCALE-8, G4: it takes sockets while the others stay; when it goes, they come back and lose nothing."""

    async def gateways(count: int) -> None:
        async def there() -> bool:
            return len(await asyncio.to_thread(growing.titled, GATEWAY)) == count

        await until(there, 2 * PATIENCE)

    async with httpx.AsyncClient(base_url=growing.url, timeout=60) as http, AsyncExitStack() as stack:
        ada = await new_guest(growing, http, "Ada")
        first = await stack.enter_async_context(party_of(ada))
        leaving = AsyncExitStack()
        early = [await leaving.enter_async_context(ada.connected()) for _ in range(EACH - 1)]
        stayed = await stack.enter_async_context(ada.connected())
        await gateways(2)

        home, room_id = _gateways(_sessions_of(first)), await ada.make_room()
        assert len(home) == 1
        # Three, since a request of theirs may have gone there and neither of two sockets.
        second = await _partly_elsewhere(home, stack, lambda: party_of(ada, ada, ada), _sessions_of)
        late = await _partly_elsewhere(
            home, stack, lambda: ada.inside(room_id), lambda socket: [socket.joined["session_id"]]
        )
        first_writers = _those_who_reconnect(first)
        await first.write_more()
        await second.write_more()
        assert all(socket.is_open for socket in [*early, late, stayed])

        moved_writers = _those_who_reconnect(second)
        await leaving.aclose()
        await gateways(1)
        assert moved_writers
        assert await late.closed() == SERVICE_RESTART
        assert late.received[-1]["event"] == "going_away"
        assert stayed.is_open
        assert await stayed.quiet() == []
        assert not first_writers, "those of the first gateway stayed there"
        await first.write_more()
        await second.write_more()
        await first.settle()
        await second.settle()
