"""A gateway that stops lets go of its sockets instead of cutting them."""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import suppress
from typing import TYPE_CHECKING

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from serve.websocket_protocol import farewells

from .desk import a_desk

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from websockets.asyncio.client import ClientConnection

SERVICE_RESTART = 1012
PATIENCE = 10.0


async def _to_the_end(socket: ClientConnection) -> list[str]:
    """The events that come until the socket is closed."""
    events: list[str] = []
    with suppress(ConnectionClosed):
        async with asyncio.timeout(PATIENCE):
            while True:
                events.append(json.loads(await socket.recv())["event"])
    return events


async def test_each_socket_is_told_before_it_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SCALE-8: `going_away`, then close code 1012, to each at a moment of its own within a second."""
    drawn: list[float] = []

    def draw(least: float, most: float) -> float:
        drawn.append((least + most) * len(drawn) / 10)
        return drawn[-1]

    monkeypatch.setattr(random, "uniform", draw)
    async with a_desk(tmp_path) as desk, desk.serving() as url:
        assert desk.server is not None
        headers = {"Authorization": "Bearer ada"}
        sockets = [
            await connect(url.replace("http", "ws") + "/ws", additional_headers=headers, compression=None)
            for _ in range(3)
        ]
        desk.server.should_exit = True
        told = await asyncio.gather(*(_to_the_end(socket) for socket in sockets))
        assert told == [["connection_response", "going_away"]] * 3
        assert [socket.close_code for socket in sockets] == [SERVICE_RESTART] * 3
    assert drawn == [0.0, 0.1, 0.2]


def test_many_take_their_time() -> None:
    """SCALE-8: a second for each twenty-five, one at least and ten at most."""
    assert [farewells(sockets) for sockets in (0, 25, 125, 5_000)] == [1.0, 1.0, 5.0, 10.0]
