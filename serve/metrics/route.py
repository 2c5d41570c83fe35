"""The route `/metrics`: who may read it, and one gathering at a time however many do."""

from __future__ import annotations

import asyncio
import hmac
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from rayrooms.errors import ForbiddenError, UnauthenticatedError
from serve.metrics.agents import agents_of_cluster, scrape_all
from serve.sockets.handshake import bearer_token

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.datastructures import Headers
    from starlette.requests import Request

    from persistence.settings import Settings
    from serve.metrics.agents import Agent

PATH = "/metrics"
_MEDIA_TYPE = "text/plain; version=0.0.4"
_FRESH = 1.0
"""Seconds for which an answer is given again."""


class MetricsRoute:
    """Gathers for whoever may ask. `find` names the agents to be asked."""

    def __init__(self, settings: Settings, find: Callable[[], Awaitable[list[Agent]]] = agents_of_cluster) -> None:
        self._token = settings.metrics_token
        self._open = settings.bound_to_loopback
        self._find = find
        self._gathering = asyncio.Lock()
        self._text = b""
        self._gathered_at = float("-inf")

    def routes(self) -> list[Route]:
        """It is no part of the REST API, whose document does not describe it."""
        return [Route(PATH, self._answer, methods=["GET"], include_in_schema=False)]

    async def _answer(self, request: Request) -> Response:
        self._admit(request.headers)
        async with self._gathering:
            loop = asyncio.get_running_loop()
            if loop.time() > self._gathered_at + _FRESH:
                scrapes = await scrape_all(self._find)
                # Nobody but an operator with Prometheus needs what this imports.
                from serve.metrics.exposition import exposition  # noqa: PLC0415

                self._text = await asyncio.to_thread(exposition, scrapes)
                self._gathered_at = loop.time()
        return Response(self._text, media_type=_MEDIA_TYPE)

    def _admit(self, headers: Headers) -> None:
        """Raises UnauthenticatedError without the right token, and ForbiddenError where there is none."""
        if not self._token:
            if not self._open:
                raise ForbiddenError("Metrics are read with a token, and none is set: RAYROOMS_METRICS_TOKEN.")
            return
        shown = bearer_token(headers) or ""
        if not hmac.compare_digest(shown.encode(), self._token.encode()):
            raise UnauthenticatedError("This needs the token of RAYROOMS_METRICS_TOKEN.")
