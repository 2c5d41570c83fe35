"""What holds for every HTTP exchange: limits of request bodies, security headers, and what other origins may read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware

from rayrooms.errors import TooLargeError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Container

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    Refuse = Callable[[str, TooLargeError], ASGIApp]

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""Of every response."""

DATA_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""Further ones of responses that carry data, not pages."""

_LENGTH_DIGITS = 18
"""A Content-Length with more digits is too large without being read as a number."""

_REST_PATHS = ("/api/", "/health")
_DATA_PATHS = (*_REST_PATHS, "/openapi.json", "/metrics")


class SecurityHeaders:
    """Adds the security headers to every HTTP response that does not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        added = SECURITY_HEADERS | (DATA_HEADERS if scope["path"].startswith(_DATA_PATHS) else {})

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in added.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class RestGrants:
    """Lets the pages of these origins call the REST routes (CORS), without cookies, which nobody needs here.

    To all others the server answers as if there were no CORS. No answer has to vary by origin, since none is stored.
    """

    def __init__(self, app: ASGIApp, origins: Container[str]) -> None:
        self._app = app
        self._origins = origins
        self._granting = CORSMiddleware(
            app,
            allow_origin_regex=".*",  # only what comes from a granted one gets there
            allow_methods=("GET", "POST", "PUT", "DELETE"),
            allow_headers=("Authorization", "Content-Type"),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        rest = scope["type"] == "http" and scope["path"].startswith(_REST_PATHS)
        granted = rest and Headers(scope=scope).get("origin") in self._origins
        await (self._granting if granted else self._app)(scope, receive, send)


class BodyLimit:
    """Refuses request bodies over `limit` bytes: by their declared length before any is read, else as they arrive.

    `refuse(path, error)` makes the response to a body that declares itself too large. One that grows too large while
    it is read raises TooLargeError where it is read.
    """

    def __init__(self, app: ASGIApp, limit: int, refuse: Refuse) -> None:
        self._app = app
        self._limit = limit
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdigit() and (len(declared) > _LENGTH_DIGITS or int(declared) > self._limit):
            response = self._refuse(scope["path"], self._error())
            await response(scope, receive, send)
            return
        await self._app(scope, self._counted(receive), send)

    def _counted(self, receive: Receive) -> Callable[[], Awaitable[Message]]:
        seen = 0

        async def receive_counted() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > self._limit:
                    raise self._error()
            return message

        return receive_counted

    def _error(self) -> TooLargeError:
        return TooLargeError(f"A request body holds at most {self._limit} bytes.")
