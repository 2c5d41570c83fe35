"""The running server, for a command: where it is, a token of the operator's own, and the admin routes."""

from __future__ import annotations

from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import msgspec

from persistence.repositories import OPERATOR
from rayrooms.client.rest import RestClient
from serve.auth.tokens import Tokens
from serve.launcher.errors import LaunchError
from serve.launcher.health import base_url
from serve.schemas.admin import AdminRoomPage, ClusterStatus, DrainedNode

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import AsyncIterator

    from persistence.settings import Settings
    from serve.schemas.admin import AdminRoom

_TOKEN_LIFETIME: Final = 300.0
_PAGE_USER: Final = "rayrooms-admin-page"
_PAGE: Final = 200
_TIMEOUT: Final = 15.0


class AdminClient(RestClient):
    """The routes for those who run the server. All methods raise as those of RestClient."""

    async def status(self) -> ClusterStatus:
        """The server at this moment."""
        return ClusterStatus.model_validate_json(bytes(await self._call("GET", "/api/admin/status", msgspec.Raw)))

    async def rooms(self, *, awake: bool) -> AsyncIterator[AdminRoom]:  # type: ignore[override]  # all, not the caller's
        """All rooms by id, or those that are awake."""
        after: str | None = ""
        while after is not None:
            params: dict[str, str | int] = {"awake": str(awake).lower(), "after": after, "limit": _PAGE}
            answer = await self._call("GET", "/api/admin/rooms", msgspec.Raw, params=params)
            page = AdminRoomPage.model_validate_json(bytes(answer))
            for room in page.items:
                yield room
            after = page.next

    async def drain(self, node_id: str, *, keep_gateway: bool) -> DrainedNode:
        """Empty a machine; returns when its rooms are elsewhere."""
        params = {"keep_gateway": str(keep_gateway).lower()}
        path = f"/api/admin/nodes/{quote(node_id, safe='')}/drain"
        answer = await self._call("POST", path, msgspec.Raw, params=params)
        return DrainedNode.model_validate_json(bytes(answer))

    async def reopen_node(self, node_id: str) -> None:
        """Let a machine take rooms again."""
        await self._call("POST", f"/api/admin/nodes/{quote(node_id, safe='')}/reopen", NoneType)

    async def reopen(self, room_id: str) -> None:
        """Have a live room read anew from the database."""
        await self._call("POST", f"/api/admin/rooms/{quote(room_id, safe='')}/reopen", NoneType)


def admin_client(settings: Settings, options: Namespace, *, timeout: float = _TIMEOUT) -> AdminClient:
    """A client of the server that settings and options name, with a token of its own; `timeout` is of each request."""
    return AdminClient(server_url(settings, options), operator_token(settings), timeout=timeout)


def server_url(settings: Settings, options: Namespace) -> str:
    """Where the server is reached."""
    url: str | None = options.url
    return url or base_url(settings.host, settings.port)


def operator_token(settings: Settings) -> str:
    """A token that holds for minutes, signed with the server's own secret. Raises LaunchError when that is not here."""
    return _tokens(settings).issue(OPERATOR, "Operator", admin=True)


def page_token(settings: Settings, lifetime: float) -> str:
    """A token for the admin page, for so many seconds; into rooms it lets nobody see. Raises as `operator_token`."""
    return _tokens(settings).issue(_PAGE_USER, "Admin page", lifetime, admin="server")


def _tokens(settings: Settings) -> Tokens:
    secret = settings.jwt_secret or _kept_secret(Path(settings.data_dir))
    try:
        return Tokens(secret, ttl=_TOKEN_LIFETIME)
    except ValueError as error:
        raise LaunchError(str(error)) from error


def _kept_secret(data: Path) -> str:
    try:
        return (data / "jwt-secret").read_text().strip()
    except OSError as error:
        message = f"The server's secret is not in {data}; name its data directory, or set RAYROOMS_JWT_SECRET."
        raise LaunchError(message) from error
