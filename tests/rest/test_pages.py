"""The web pages: the built bundle as browsers get it."""

from __future__ import annotations

import gzip
import os
import re
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from serve.pages.bundle import read_bundle
from serve.pages.negotiation import choose_coding, is_current
from serve.pages.routes import NOT_BUILT

from .test_server_parts import client_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from serve.context import AppContext

SCRIPT = b"export const answer = 42;\n"
STYLE = b":root { color: black }\n"
PAGES = ("/", "/rooms/interview-42", "/rooms/none%20such", "/invite", "/admin")
INDEX = '<!doctype html><meta name="nonce" content="{{nonce}}"><style nonce="{{nonce}}"></style>'


def build(directory: Path, index: str = INDEX) -> None:
    """A build as web/build.ts makes it: the compressed siblings, however, say which they are."""
    shutil.rmtree(directory, ignore_errors=True)
    (directory / "assets").mkdir(parents=True)
    (directory / "index.html").write_text(index)
    (directory / "favicon.svg").write_text("<svg/>")
    (directory / "manifest.webmanifest").write_text("{}")
    (directory / "assets" / "main-ABC123.js").write_bytes(SCRIPT)
    (directory / "assets" / "main-ABC123.js.gz").write_bytes(gzip.compress(SCRIPT))
    (directory / "assets" / "main-ABC123.js.br").write_bytes(b"as if by brotli")
    (directory / "assets" / "main-DEF456.css").write_bytes(STYLE)
    (directory / "assets" / "font-AAA111.woff2").write_bytes(b"\0font")
    (directory / "assets" / "main-ABC123.js.LEGAL.txt").write_text("(c)")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    directory = tmp_path / "static"
    build(directory)
    (tmp_path / "secret.txt").write_text("not for everybody")
    return directory


@pytest.fixture
async def browser(context: AppContext, built: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(replace(context, pages=built)) as client:
        client.headers["Accept-Encoding"] = "identity"
        yield client


def policy(page: httpx.Response) -> dict[str, list[str]]:
    directives = (part.split() for part in page.headers["content-security-policy"].split(";"))
    return {name: sources for name, *sources in directives}


@pytest.mark.parametrize("path", PAGES)
async def test_page(browser: httpx.AsyncClient, path: str) -> None:
    """PAGE-1: each address of the page answers it, and a browser asks again each time."""
    page = await browser.get(path)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.text.startswith("<!doctype html>")
    assert page.headers["cache-control"] == "no-cache"
    head = await browser.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(page.content))


async def test_page_runs_only_what_is_ours(browser: httpx.AsyncClient) -> None:
    """PAGE-2: a strict policy without inline scripts; inline styles need the nonce, which no two answers share."""
    nonces = set()
    for _ in range(3):
        page = await browser.get("/")
        found = set(re.findall(r'(?:content|nonce)="([\w-]*)"', page.text))
        assert len(found) == 1
        [nonce] = found
        assert len(nonce) >= 22
        nonces.add(nonce)
        assert policy(page) == {
            "default-src": ["'none'"],
            "script-src": ["'self'"],
            "style-src": ["'self'", f"'nonce-{nonce}'"],
            "img-src": ["'self'", "data:", "blob:"],
            "font-src": ["'self'"],
            "connect-src": ["'self'"],
            "manifest-src": ["'self'"],
            "base-uri": ["'none'"],
            "form-action": ["'none'"],
            "frame-ancestors": ["'none'"],
        }
    assert len(nonces) == 3
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cross-origin-opener-policy"] == "same-origin"
    assert page.headers["permissions-policy"] == "camera=(), microphone=(), geolocation=()"


@pytest.mark.parametrize(
    ("path", "media_type", "cache_control"),
    [
        ("/assets/main-ABC123.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
        ("/assets/main-DEF456.css", "text/css; charset=utf-8", "public, max-age=31536000, immutable"),
        ("/assets/font-AAA111.woff2", "font/woff2", "public, max-age=31536000, immutable"),
        ("/assets/main-ABC123.js.LEGAL.txt", "text/plain; charset=utf-8", "public, max-age=31536000, immutable"),
        ("/favicon.svg", "image/svg+xml", "public, max-age=3600"),
        ("/manifest.webmanifest", "application/manifest+json", "public, max-age=3600"),
    ],
)
async def test_file(browser: httpx.AsyncClient, built: Path, path: str, media_type: str, cache_control: str) -> None:
    """PAGE-3: files have their type; hashed ones are kept for ever, others for an hour; what is held is a 304."""
    answer = await browser.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert answer.content == (built / path[1:]).read_bytes()
    assert answer.headers["cache-control"] == cache_control
    assert answer.headers["x-content-type-options"] == "nosniff"
    head = await browser.head(path)
    assert (head.content, head.headers) == (b"", answer.headers)
    held = await browser.get(path, headers={"If-None-Match": f'"other", W/{answer.headers["etag"]}'})
    assert (held.status_code, held.content) == (304, b"")
    assert (held.headers["etag"], held.headers["cache-control"]) == (answer.headers["etag"], cache_control)
    changed = await browser.get(path, headers={"If-None-Match": '"other"'})
    assert changed.status_code == 200


async def test_compressed_file(browser: httpx.AsyncClient) -> None:
    """PAGE-4: a browser gets the best form that the build made and that it accepts; each form has its validator."""
    path = "/assets/main-ABC123.js"
    etags = {}
    for accept, coding in (("gzip, deflate, br, zstd", "br"), ("gzip", "gzip"), ("identity", None)):
        async with browser.stream("GET", path, headers={"Accept-Encoding": accept}) as answer:
            raw = b"".join([part async for part in answer.aiter_raw()])
        assert answer.headers.get("content-encoding") == coding
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["content-length"] == str(len(raw))
        assert answer.headers["content-type"].startswith("text/javascript")
        etags[coding] = answer.headers["etag"]
        assert {"br": b"as if by brotli", "gzip": gzip.compress(SCRIPT), None: SCRIPT}[coding][10:] == raw[10:]
        held = await browser.get(path, headers={"Accept-Encoding": accept, "If-None-Match": etags[coding]})
        assert held.status_code == 304
        assert held.headers["vary"] == "Accept-Encoding"
    assert len(set(etags.values())) == 3
    plain = await browser.get("/assets/main-DEF456.css", headers={"Accept-Encoding": "br"})
    assert "content-encoding" not in plain.headers
    assert "vary" not in plain.headers


@pytest.mark.parametrize(
    "path",
    [
        "/assets/none-ABC123.js",
        "/assets/",
        "/assets/main-ABC123.js/",
        "/assets/main-ABC123.js.br",
        "/assets/../secret.txt",
        "/assets/..%2fsecret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets//etc/passwd",
        "/assets/%00.js",
        "/index.html",
        "/none.txt",
        "/nothing",
    ],
)
async def test_what_is_not_there(browser: httpx.AsyncClient, path: str) -> None:
    """PAGE-5: what the build does not hold is a 404 problem, and no path leads out of it."""
    answer = await browser.send(httpx.Request("GET", httpx.URL("http://server").copy_with(raw_path=path.encode())))
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_pages_are_only_read(browser: httpx.AsyncClient) -> None:
    """PAGE-5: other methods are a 405 problem."""
    for path in ("/", "/invite", "/assets/main-ABC123.js", "/favicon.svg"):
        answer = await browser.post(path)
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


async def test_pages_that_are_not_built_yet(context: AppContext, tmp_path: Path) -> None:
    """PAGE-6: without a bundle the page says in a plain sentence what to run, and is there once that has run."""
    directory = tmp_path / "static"
    async with client_of(replace(context, pages=directory)) as browser:
        browser.headers["Accept-Encoding"] = "identity"
        for path in PAGES:
            page = await browser.get(path)
            assert (page.status_code, page.text) == (503, NOT_BUILT)
            assert page.headers["content-type"].startswith("text/plain")
        assert (await browser.get("/assets/main-ABC123.js")).status_code == 404
        build(directory)
        assert (await browser.get("/assets/main-ABC123.js")).content == SCRIPT
        assert (await browser.get("/")).status_code == 200


async def test_pages_that_are_built_again(browser: httpx.AsyncClient, built: Path) -> None:
    """PAGE-6: a new build is served from the next page on; while it is being made, the last one is."""
    assert "new" not in (await browser.get("/")).text
    shutil.rmtree(built)
    assert (await browser.get("/")).status_code == 200
    assert (await browser.get("/assets/main-ABC123.js")).content == SCRIPT
    build(built, index="new")
    os.utime(built / "index.html", ns=(1, 1))
    assert (await browser.get("/")).text == "new"


async def test_pages_wherever_they_run(transport: httpx.AsyncBaseTransport, client: httpx.AsyncClient) -> None:
    """PAGE-1, PAGE-6: the server under test serves its pages, or says that they are not built."""
    browser = httpx.AsyncClient(transport=transport, base_url=client.base_url)
    page = await browser.get("/")
    if page.status_code == 503:
        assert page.text == NOT_BUILT
        return
    assert page.status_code == 200
    assert policy(page)["default-src"] == ["'none'"]
    assert "{{nonce}}" not in page.text
    for path in set(re.findall(r'"(/[\w./-]+\.[a-z]+)"', page.text)):
        file = await browser.get(path)
        assert file.status_code == 200, path
        assert file.headers["cache-control"].startswith("public, max-age=")


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("", None),
        ("br", "br"),
        ("gzip", "gzip"),
        ("GZIP;q=0.5", "gzip"),
        ("gzip, br", "br"),
        ("br;q=0, gzip", "gzip"),
        ("br; q=0.000, *", "gzip"),
        ("*", "br"),
        ("*;q=0", None),
        ("identity, deflate", None),
        (";;,=,q=0", None),
    ],
)
def test_choice_of_coding(accept: str, coding: str | None) -> None:
    """PAGE-4: only what the browser accepts, ours in our order."""
    assert choose_coding(accept, ["br", "gzip"]) == coding


def test_validators() -> None:
    """PAGE-3: any of the tags that a browser holds will do, weak or strong; another form's will not."""
    assert is_current('"a"', '"a"')
    assert is_current('W/"b", "a"', '"a"')
    assert is_current("*", '"a"')
    assert not is_current("", '"a"')
    assert not is_current('"a-br"', '"a"')


def test_compressed_forms_belong_to_their_file(built: Path) -> None:
    """PAGE-4: compressed siblings are forms of a file, not files; one without its file is a file."""
    (built / "assets" / "archive.gz").write_bytes(b"x")
    bundle = read_bundle(built)
    assert "assets/main-ABC123.js.br" not in bundle.assets
    assert list(bundle.assets["assets/main-ABC123.js"].encoded) == ["br", "gzip"]
    assert bundle.assets["assets/archive.gz"].encoded == {}


@pytest.mark.parametrize("path", ["/room/typo", "/rooms/a/b", "/wsx"])
async def test_a_browser_at_an_unknown_address_sees_a_page(browser: httpx.AsyncClient, path: str) -> None:
    """PAGE-7: it is a 404 all the same; who asks for anything else gets the problem document."""
    page = await browser.get(path, headers={"Accept": "text/html,*/*;q=0.8"})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "style-src" in policy(page)
    problem = await browser.get(path, headers={"Accept": "*/*"})
    assert (problem.status_code, problem.json()["code"]) == (404, "not_found")


async def test_no_page_stands_in_for_the_api(browser: httpx.AsyncClient) -> None:
    """PAGE-7: what the API does not have is a problem document for browsers too."""
    for path in ("/api/nothing", "/assets/nothing", "/ws"):
        answer = await browser.get(path, headers={"Accept": "text/html"})
        assert answer.headers["content-type"] == "application/problem+json", path
