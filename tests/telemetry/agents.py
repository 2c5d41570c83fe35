"""Metrics agents of nodes, as small servers that answer what they are told, or nothing."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from serve.metrics.agents import Agent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

RAY = (
    'Component="core_worker",JobId="01000000",NodeAddress="{node}",SessionName="session_2026",Version="2.60.0",'
    'WorkerId="{worker}"'
)


def ray_labels(node: str, worker: str = "w1") -> str:
    """What Ray puts on each series of a process."""
    return RAY.format(node=node, worker=worker)


@asynccontextmanager
async def agent(answer: str | None, node: str = "127.0.0.1", node_id: str = "n1") -> AsyncIterator[Agent]:
    """An agent that answers so; None: it begins to answer and never ends."""
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun = False
        await reader.readuntil(b"\r\n\r\n")
        if answer is None:
            while not ended.is_set():  # it goes on, and comes to no end
                writer.write(b"HTTP/1.1 200 OK\r\nX: " if not begun else b"x")
                begun = True
                await asyncio.sleep(0.05)
        else:
            body = answer.encode()
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        try:
            yield Agent(node_id, node, server.sockets[0].getsockname()[1])
        finally:
            ended.set()
