"""The routes of the web pages: the page itself at the addresses that it knows, and the files that it loads."""

from __future__ import annotations

import asyncio
import secrets
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from serve.pages.bundle import INDEX, read_bundle
from serve.pages.negotiation import choose_coding, is_current

if TYPE_CHECKING:
    from starlette.requests import Request

    from serve.pages.bundle import Asset, Bundle

STATIC: Final = Path(__file__).parents[1] / "static"
"""Where the build puts the bundle."""

NOT_BUILT: Final = "The web pages are not built; run scripts/up or scripts/web.\n"

_PAGE_PATHS: Final = ("/", "/rooms/{room_id}", "/invite", "/admin")
_METHODS: Final = ("GET", "HEAD")
_HTML: Final = "text/html"
_ASSETS: Final = "assets"
_FOREVER: Final = "public, max-age=31536000, immutable"
"""Of files whose name holds a hash of what is in them."""
_FOR_AN_HOUR: Final = "public, max-age=3600"

_NONCE: Final = "{{nonce}}"
_NONCE_BYTES: Final = 16
_PAGE_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class _NoPage(Convertor[str]):
    """A path that is neither a page nor one of the API's: it holds no dot and does not begin as those do."""

    regex = r"(?!(?:api|assets|docs|redoc|health|metrics|ws|socket\.io)(?:/|$))[^.]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("no_page", _NoPage())


class Pages:
    """Serves a build from memory, so that its files always fit together and no path leads out of it.

    A build that came or changed since is read anew, beside the event loop, when the page or a file that is not in the
    last one is asked for.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._bundle: Bundle | None = None
        self._stamp: tuple[int, int] | None = None

    def routes(self) -> list[Route]:
        """To stand after all other routes: the last takes any top-level name with a dot in it."""
        return [
            *(Route(path, self._page, methods=_METHODS) for path in _PAGE_PATHS),
            Route(f"/{_ASSETS}/{{name:path}}", self._asset, methods=_METHODS),
            Route("/{stem}.{ending}", self._file, methods=_METHODS),
            Route("/{path:no_page}", self._lost, methods=_METHODS),
        ]

    async def _page(self, request: Request) -> Response:
        bundle = await self._present()
        if bundle is None:
            return PlainTextResponse(NOT_BUILT, HTTPStatus.SERVICE_UNAVAILABLE, _PAGE_HEADERS)
        nonce = secrets.token_urlsafe(_NONCE_BYTES)
        headers = _PAGE_HEADERS | {"Content-Security-Policy": content_security_policy(nonce)}
        page = HTMLResponse(bundle.index.replace(_NONCE, nonce), headers=headers)
        return _without_body(page) if request.method == "HEAD" else page

    async def _lost(self, request: Request) -> Response:
        """A browser is shown the page, which says that there is nothing here; others get the problem document."""
        if _HTML not in request.headers.get("accept", "") or await self._present() is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        page = await self._page(request)
        page.status_code = HTTPStatus.NOT_FOUND
        return page

    async def _asset(self, request: Request) -> Response:
        return await self._answer(request, f"{_ASSETS}/{request.path_params['name']}", _FOREVER)

    async def _file(self, request: Request) -> Response:
        return await self._answer(request, "{stem}.{ending}".format(**request.path_params), _FOR_AN_HOUR)

    async def _answer(self, request: Request, name: str, cache_control: str) -> Response:
        asset = _find(self._bundle, name) or _find(await self._present(), name)
        if asset is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return _file_response(request, asset, cache_control)

    async def _present(self) -> Bundle | None:
        """The build as it now stands; while one is being replaced, the last one."""
        try:
            stamp = self._stamp_now()
            if stamp != self._stamp:
                bundle = await asyncio.to_thread(read_bundle, self._directory)
                if stamp == self._stamp_now():
                    self._bundle, self._stamp = bundle, stamp
        except FileNotFoundError:
            pass
        return self._bundle

    def _stamp_now(self) -> tuple[int, int]:
        found = (self._directory / INDEX).stat()
        return found.st_ino, found.st_mtime_ns


def content_security_policy(nonce: str) -> str:
    """Only what this server serves runs, and the styles that the page puts in itself carry the nonce."""
    return (
        "default-src 'none'; script-src 'self'; "
        f"style-src 'self' 'nonce-{nonce}'; "
        "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _find(bundle: Bundle | None, name: str) -> Asset | None:
    return None if bundle is None else bundle.assets.get(name)


def _file_response(request: Request, asset: Asset, cache_control: str) -> Response:
    coding = choose_coding(request.headers.get("accept-encoding", ""), asset.encoded)
    content = asset.content if coding is None else asset.encoded[coding]
    etag = f'"{asset.digest}"' if coding is None else f'"{asset.digest}-{coding}"'
    headers = {"Cache-Control": cache_control, "ETag": etag}
    if asset.encoded:
        headers["Vary"] = "Accept-Encoding"
    if is_current(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    headers["Content-Type"] = asset.media_type
    if coding is not None:
        headers["Content-Encoding"] = coding
    answer = Response(content, headers=headers)
    return _without_body(answer) if request.method == "HEAD" else answer


def _without_body(answer: Response) -> Response:
    """The answer to HEAD: the headers of GET, its length among them, and nothing else."""
    answer.body = b""
    return answer
