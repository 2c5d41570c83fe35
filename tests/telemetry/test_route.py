"""Who may read `/metrics`, and what it asks."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from ray.exceptions import RayError
from starlette.applications import Starlette

from persistence.settings import Settings
from rayrooms.errors import RayroomsError
from serve.metrics import agents as agents_module
from serve.metrics.agents import Agent, agents_of_cluster
from serve.metrics.route import MetricsRoute
from serve.problems import from_error

from .agents import agent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

TOKEN = "0123456789abcdef"


@asynccontextmanager
async def server(
    settings: Settings, *asked: Agent, find: Callable[[], Awaitable[list[Agent]]] | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app with nothing but this route; its errors are answered as the gateway does."""

    async def refuse(request: Request, error: Exception) -> Response:
        assert isinstance(error, RayroomsError)
        return from_error(request.url.path, error)

    async def given() -> list[Agent]:
        await asyncio.sleep(0)
        return list(asked)

    app = Starlette(routes=MetricsRoute(settings, find or given).routes(), exception_handlers={RayroomsError: refuse})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://server") as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
async def test_it_is_open_on_loopback(host: str) -> None:
    """OBS-4."""
    async with agent("") as one, server(Settings(host=host), one) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "ray_rayrooms_edits_total" in answer.text


async def test_elsewhere_it_is_closed_without_a_token() -> None:
    """OBS-4: and nothing that is shown opens it, not an empty token either."""
    async with server(Settings(host="0.0.0.0")) as client:
        for headers in ({}, bearer(""), bearer("x")):
            assert (await client.get("/metrics", headers=headers)).status_code == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
async def test_with_a_token_it_opens_for_that_alone(host: str) -> None:
    """OBS-4: also on loopback."""
    async with agent("") as one, server(Settings(host=host, metrics_token=TOKEN), one) as client:
        for headers in ({}, bearer(""), bearer(TOKEN[:-1]), bearer(f"{TOKEN}x"), bearer("ä"), {"Authorization": TOKEN}):
            encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
            assert (await client.get("/metrics", headers=encoded)).status_code == 401
        assert (await client.get("/metrics", headers=bearer(TOKEN))).status_code == 200


async def test_nodes_that_are_silent_hold_nobody_up_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """OBS-5: all are asked at the same time; the answer says which did not answer and holds what the others said."""
    monkeypatch.setattr(agents_module, "TIMEOUT", 0.3)
    told = '# TYPE ray_rayrooms_rooms_awake gauge\nray_rayrooms_rooms_awake{WorkerId="w"} 3.0\n'
    async with AsyncExitStack() as stack:
        well = await stack.enter_async_context(agent(told, "10.0.0.1", "n1"))
        hanging = [await stack.enter_async_context(agent(None, f"10.0.1.{n}", f"h{n}")) for n in range(5)]
        asked = [
            well._replace(address="127.0.0.1"),
            *(one._replace(address="127.0.0.1") for one in hanging),
            Agent("none", "127.0.0.2", 0),
            Agent("closed", "127.0.0.1", 1),
        ]
        client = await stack.enter_async_context(server(Settings(), *asked))
        async with asyncio.timeout(5 * 0.3):
            text = (await client.get("/metrics")).text
    assert 'ray_rayrooms_rooms_awake{node="127.0.0.1"} 3.0' in text
    up = {line.split('node_id="')[1].split('"')[0]: line[-3:] for line in text.splitlines() if "_up{" in line}
    assert up == {"n1": "1.0", **{f"h{n}": "0.0" for n in range(5)}, "none": "0.0", "closed": "0.0"}


@pytest.mark.parametrize("how", ["fails", "hangs"])
async def test_a_cluster_that_cannot_be_asked_is_no_lasting_trouble(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """OBS-5: it is told as unavailable, and asked anew the next time."""
    ended, broken = threading.Event(), True

    def nodes() -> list[dict[str, Any]]:
        if broken and how == "fails":
            raise RayError
        if broken:
            ended.wait(10)
        return []

    monkeypatch.setattr(agents_module, "TIMEOUT", 0.2)
    monkeypatch.setattr("ray.nodes", nodes)
    async with server(Settings(), find=agents_of_cluster) as client:
        answer = await client.get("/metrics")
        assert (answer.status_code, answer.json()["code"]) == (503, "room_unavailable")
        broken = False
        ended.set()
        assert (await client.get("/metrics")).status_code == 200


async def test_many_readers_are_one_gathering() -> None:
    """OBS-5: however often it is read, each agent is asked once a second at most."""
    asked = 0

    async def find() -> list[Agent]:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return []

    app = Starlette(routes=MetricsRoute(Settings(), find).routes())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://server") as client:
        answers = await asyncio.gather(*(client.get("/metrics") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert asked == 1
