"""What holds for every request: texts, sizes, shapes, unknown routes, headers."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

    from .conftest import Guest

MAX_MESSAGE = 256 * 1024


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.fixture(scope="module")
async def room_id(ada: Guest) -> str:
    return await ada.make_room()


BAD_TEXTS = [rb"a\u0000b", rb"\ud800", rb"x\udc00\ud800", b"\xed\xa0\x80"]


@pytest.mark.parametrize("bad", BAD_TEXTS, ids=repr)
async def test_unstorable_text_in_any_body(ada: Guest, room_id: str, bad: bytes) -> None:
    """REST-7: NUL and lone surrogates are 422 invalid_text in every text of every body, in keys and in names too."""
    user = f"/api/users/{ada.user_id}".encode()
    requests = [
        ("POST", b"/api/auth/guest", b'{"name": "%s"}'),
        ("POST", b"/api/rooms", b'{"name": "%s"}'),
        ("POST", b"/api/rooms", b'{"name": "x", "description": "%s"}'),
        ("POST", b"/api/rooms", b'{"name": "x", "room_id": "%s"}'),
        ("POST", b"/api/rooms", b'{"name": "x", "%s": 1}'),
        ("POST", b"/api/rooms/" + room_id.encode() + b"/members", b'{"user_id": "%s"}'),
        ("PUT", b"/api/rooms/" + room_id.encode() + b"/members/x", b'{"role": "%s"}'),
        ("POST", b"/api/sync/sync", b'{"room_id": "%s", "client_version": 0}'),
        ("POST", b"/api/sync/" + room_id.encode() + b"/operations", b'{"op": ["%s"]}'),
        ("POST", b"/api/sync/" + room_id.encode() + b"/operations", b'{"op": [{"d": "%s"}]}'),
        ("POST", b"/api/sync/" + room_id.encode() + b"/operations", b'{"op": ["x"], "client_id": "%s", "seq": 1}'),
        (
            "POST",
            b"/api/sync/" + room_id.encode() + b"/operations",
            b'{"op_type": "insert", "position": 0, "content": "%s"}',
        ),
        ("PUT", user + b"/profile", b'{"name": "%s"}'),
        ("PUT", user + b"/status", b'{"status": "%s"}'),
    ]
    for method, path, body in requests:
        answer = await ada.send(method, path.decode(), body.replace(b"%s", bad))
        assert refusal(answer) == (422, "invalid_text"), (path, body)
    assert (await ada.get(f"/api/sync/{room_id}/version")).json()["current_version"] == 0


async def test_surrogate_pairs_are_text(ada: Guest) -> None:
    """REST-7: an escaped surrogate pair is one code point like any other."""
    room_id = await ada.make_room()
    await ada.send("POST", f"/api/sync/{room_id}/operations", rb'{"op": ["\ud83d\ude00"]}')
    assert (await ada.get(f"/api/sync/{room_id}/snapshot")).json()["content"] == "😀"


@pytest.mark.parametrize(
    "path",
    [
        "/api/rooms/a%00b",
        "/api/rooms?search=%00",
        "/api/sync/%00/version",
        "/api/rooms/x/members?limit=%00",
        "/api/users/%00/profile",
    ],
)
async def test_nul_in_paths_and_queries(ada: Guest, path: str) -> None:
    """REST-7: NUL is refused in paths and queries as well."""
    assert refusal(await ada.send("GET", path, b"")) == (422, "invalid_text")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"not json",
        b'{"op": ["x"]',
        b"\xff\xfe",
        b"[" * 100_000,
        b"1" * 5000,
        b'{"op": [NaN]}',
        b'{"op": ["raw\x00nul"]}',
        b"",
        b"null",
        b'"text"',
    ],
    ids=lambda body: repr(body[:20]),
)
async def test_bodies_that_are_no_edit(ada: Guest, room_id: str, body: bytes) -> None:
    """REST-5 (G8): whatever the bytes of a body are, the answer is 422 with a code."""
    answer = await ada.send("POST", f"/api/sync/{room_id}/operations", body)
    assert answer.status_code == 422
    assert answer.json()["code"] in {"malformed", "invalid_operation"}


async def test_oversize_body_by_its_declared_length(ada: Guest, room_id: str) -> None:
    """REST-8: a body over max_message is 413 message_too_large; one just below it is read."""
    path = f"/api/sync/{room_id}/operations"
    assert refusal(await ada.send("POST", path, b"x" * (MAX_MESSAGE + 1))) == (413, "message_too_large")
    assert refusal(await ada.send("POST", path, b'{"x": "' + b"x" * (MAX_MESSAGE - 9) + b'"}')) == (422, "malformed")


async def test_oversize_body_in_chunks(ada: Guest, room_id: str) -> None:
    """REST-8: a body that never says how long it is, is cut off at the same size."""

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(MAX_MESSAGE // 4096 + 2):
            yield b"x" * 4096

    answer = await ada.send("POST", f"/api/sync/{room_id}/operations", endless())
    assert refusal(answer) == (413, "message_too_large")


async def test_unknown_routes_and_methods(client: httpx.AsyncClient) -> None:
    """REST-9: an unknown route is a 404 problem, a wrong method a 405 that names the right ones."""
    assert refusal(await client.get("/api/nowhere")) == (404, "not_found")
    wrong = await client.patch("/api/rooms")
    assert refusal(wrong) == (405, "method_not_allowed")
    assert wrong.headers["allow"]


async def test_headers_of_data(ada: Guest, client: httpx.AsyncClient) -> None:
    """REST-9: nothing that the API says is stored by caches or run by browsers; `Contract` checks the rest."""
    for answer in (await ada.get("/api/rooms"), await client.get("/api/rooms"), await client.get("/api/nowhere")):
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_manuals(client: httpx.AsyncClient, path: str) -> None:
    """REST-44: the manual names every route, every schema and every anchor, and may load and run nothing."""
    page = await client.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    style = page.text.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = page.headers["content-security-policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "<script" not in page.text
    assert not re.findall(r'(?:src|href)="(?!#|/openapi\.json")', page.text)
    document = (await client.get("/openapi.json")).json()
    anchors = re.findall(r' id="([^"]+)"', page.text)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r'href="#([^"]+)"', page.text)) <= set(anchors)
    wanted = {operation["operationId"] for methods in document["paths"].values() for operation in methods.values()}
    assert wanted | {f"schema-{name}" for name in document["components"]["schemas"]} == set(anchors)


async def test_random_bodies_never_break_anything(ada: Guest) -> None:
    """G8: 400 bodies of random shape get an answer that the OpenAPI document describes, and edits go on."""
    room_id = await ada.make_room()
    sync, room = f"/api/sync/{room_id}", f"/api/rooms/{room_id}"
    targets: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/api/rooms", {"name": "x", "private": True, "max_users": 2}),
        ("POST", f"{room}/members", {"user_id": ada.user_id, "role": "member"}),
        ("PUT", f"{room}/members/{ada.user_id}", {"role": "member"}),
        ("POST", f"{sync}/operations", {"op": ["x"], "version": 0, "client_id": "c", "seq": 1}),
        ("POST", f"{sync}/operations", {"op_type": "insert", "position": 0, "content": "x"}),
        ("POST", "/api/sync/sync", {"room_id": room_id, "client_version": 0}),
        ("PUT", f"/api/users/{ada.user_id}/status", {"status": "away"}),
    ]
    chance = random.Random(20260105)
    seen = set()
    for _ in range(400):
        method, path, body = chance.choice(targets)
        answer = await ada.send(method, path, json.dumps(_spoiled(body, chance)).encode())
        assert answer.status_code < 500
        seen.add(answer.status_code)
    assert {200, 201, 409, 422} <= seen
    version = (await ada.get(f"{sync}/version")).json()["current_version"]
    assert await ada.insert(room_id, 0, "still here") == version + 1


def _spoiled(body: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    values: list[Any] = [0, 1, -1, 2**31, 2**63, 2**70, 1.5, True, None, "", "insert", "delete", "x" * 70, "owner"]
    values += ["a\0", "\udfff", "member", "online", [], {}, ["x"], [1, "y"], [{"d": 1}], [[]], {"d": 1}, "no-such-room"]
    fields = [*body, *body, "surprise", "version", "length", "user_id"]
    return body | {chance.choice(fields): chance.choice(values) for _ in range(chance.randint(0, 2))}
