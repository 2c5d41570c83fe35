"""The room server as the proxy reaches it: sockets and REST calls that carry a token and nothing else of the page's."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Final

import httpx
from tornado.httpclient import HTTPError, HTTPRequest
from tornado.websocket import WebSocketClosedError, WebSocketError, websocket_connect

from rayrooms.client.transport import MAX_FRAME, socket_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tornado.websocket import WebSocketClientConnection

USER_AGENT: Final = "rayrooms-jupyter"
_CONNECT_SECONDS: Final = 10.0
_ANSWER_SECONDS: Final = 30.0
_PING_SECONDS: Final = 25.0
"""Well below the time after which anything between the two servers calls a silent connection dead."""
_MAX_ANSWER: Final = 16 * 1024 * 1024
"""Bytes of a REST answer; the greatest, a page of long chat messages, is well below."""
_JSON: Final = ("application/json", "application/problem+json")


class UpstreamError(Exception):
    """The room server cannot be reached, or what answers is none; the message says why, without a token."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What of a REST answer is passed on."""

    status: int
    content_type: str
    body: bytes


class UpstreamSocket:
    """A connection to the room server's `/ws`. It holds a frame or two: who stops reading stops the server."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self._connection = connection
        self.subprotocol = connection.selected_subprotocol

    @property
    def close_code(self) -> int | None:
        """What the server closed with; None when it just went."""
        return self._connection.close_code

    @property
    def close_reason(self) -> str | None:
        return self._connection.close_reason

    async def read(self) -> str | bytes | None:
        """The next frame; None at the end."""
        return await self._connection.read_message()

    async def write(self, frame: str | bytes) -> None:
        """Returns once the kernel has the frame. What is written after the end is lost, as on any connection."""
        try:
            await self._connection.write_message(frame, binary=isinstance(frame, bytes))
        except WebSocketClosedError:
            return

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Say goodbye; the end then comes out of `read`. Does nothing after the first time."""
        self._connection.close(code, reason)


class Upstream:
    """One room server. Makes no difference between people: each call is given its token."""

    def __init__(self, url: str) -> None:
        """`url`: the server's base URL, http or https."""
        self._url = url
        self._socket_url = socket_url(url)
        self._http: httpx.AsyncClient | None = None

    async def connect(self, token: str | None, subprotocols: Sequence[str]) -> UpstreamSocket:
        """Open a socket. Raises UpstreamError."""
        request = HTTPRequest(
            self._socket_url,
            headers=_authorization(token),
            user_agent=USER_AGENT,
            connect_timeout=_CONNECT_SECONDS,
            request_timeout=_CONNECT_SECONDS,
            decompress_response=False,
        )
        try:
            connection = await websocket_connect(
                request,
                subprotocols=list(subprotocols) or None,
                max_message_size=MAX_FRAME,
                ping_interval=_PING_SECONDS,
                ping_timeout=_PING_SECONDS,
            )
        except (HTTPError, OSError, WebSocketError, ValueError, AssertionError) as error:
            # Tornado asserts that a handshake's answer is one.
            raise UpstreamError(str(error) or type(error).__name__) from error
        if connection.protocol is not None:
            connection.protocol.set_nodelay(True)
        return UpstreamSocket(connection)

    async def call(
        self,
        method: str,
        path: str,
        *,
        token: str | None,
        query: Mapping[str, str],
        body: bytes | None,
    ) -> Answer:
        """One REST call. Raises UpstreamError."""
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": USER_AGENT}
        headers |= _authorization(token)
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            async with self._client().stream(
                method, self._url + path, params=query or None, headers=headers, content=body
            ) as response:
                content_type = response.headers.get("Content-Type", "")
                # Jupyter's origin must not serve what a stranger in the server's place may want it to.
                if content_type.partition(";")[0].strip().lower() not in _JSON:
                    raise UpstreamError(f"It answered with status {response.status_code} and no JSON.")
                content = bytearray()
                async for part in response.aiter_raw():
                    content += part
                    if len(content) > _MAX_ANSWER:
                        raise UpstreamError("Its answer is too long.")
                return Answer(response.status_code, content_type, bytes(content))
        except httpx.HTTPError as error:
            raise UpstreamError(str(error) or type(error).__name__) from error

    def _client(self) -> httpx.AsyncClient:
        """The one client, which keeps no cookies. It trusts whom the sockets trust, and uses no proxy either."""
        if self._http is None:
            self._http = httpx.AsyncClient(
                timeout=httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS),
                verify=ssl.create_default_context(),
                trust_env=False,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                follow_redirects=False,
            )
        return self._http


def _authorization(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}
