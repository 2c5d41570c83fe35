"""The app around what it stands on: health, settings, an unexpected error, a database that is away."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx

from persistence.database import Database
from serve.app import create_app
from serve.auth.tokens import Tokens
from serve.services import health

from .fake_live import FakeLive

if TYPE_CHECKING:
    import pytest

    from serve.context import AppContext

    from .conftest import Guest


def client_of(context: AppContext, *, raises: bool = True) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(context), raise_app_exceptions=raises)
    return httpx.AsyncClient(transport=transport, base_url="http://server")


async def report(context: AppContext) -> tuple[int, dict[str, Any]]:
    async with client_of(context) as client:
        answer = await client.get("/health")
        return answer.status_code, answer.json()


async def unused_port() -> int:
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


def failed(body: dict[str, Any]) -> set[str]:
    return {name for name, part in body["parts"].items() if part["status"] == "failed"}


async def test_all_well(context: AppContext) -> None:
    """REST-40: health is 200 and names every part when all are well."""
    status, body = await report(context)
    assert (status, body["status"], failed(body)) == (200, "ok", set())
    assert set(body["parts"]) == {"database", "directory", "ingress"}


async def test_directory_down(context: AppContext, database: Database) -> None:
    """REST-40: a directory that refuses, or does not answer in time, is named; the answer is 503."""
    live = FakeLive(database)
    live.directory_answers = False
    status, body = await report(replace(context, live=live))
    assert (status, body["status"], failed(body)) == (503, "degraded", {"directory"})
    assert body["parts"]["directory"]["detail"] == "The directory does not answer."


async def test_part_that_hangs(context: AppContext, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """REST-40: no part can keep the report waiting longer than the time-out."""
    monkeypatch.setattr(health, "TIMEOUT_SECONDS", 0.1)
    live = FakeLive(database)
    live.directory_hangs = True
    begun = time.monotonic()
    status, body = await report(replace(context, live=live))
    assert (status, failed(body)) == (503, {"directory"})
    assert time.monotonic() - begun < 2


async def test_ingress_down(context: AppContext) -> None:
    """REST-40: an ingress that is not there is named, though a request reached this app some other way."""
    settings = context.settings.model_copy(update={"port": await unused_port()})
    status, body = await report(replace(context, settings=settings))
    assert (status, failed(body)) == (503, {"ingress"})
    assert "not answer" in body["parts"]["ingress"]["detail"]


async def test_ingress_that_is_bound_to_everything(context: AppContext) -> None:
    """REST-40: a wildcard address is asked at loopback."""
    settings = context.settings.model_copy(update={"host": "0.0.0.0"})
    assert (await report(replace(context, settings=settings)))[0] == 200


async def test_database_away(context: AppContext, ada: Guest) -> None:
    """REST-41: without Postgres, health names it and routes answer 503 database_unavailable with Retry-After."""
    database = Database(f"postgresql://postgres@127.0.0.1:{await unused_port()}/rooms", timeout=2)
    away = replace(context, database=database)
    status, body = await report(away)
    assert (status, failed(body)) == (503, {"database"})
    async with client_of(away) as client:
        answer = await client.get("/api/rooms", headers={"Authorization": f"Bearer {ada.token}"})
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert answer.headers["retry-after"]
    await database.close()


async def test_guests_switched_off(context: AppContext) -> None:
    """REST-1: where guests are switched off, or the server is bound to more than loopback, signing in is 403."""
    for changes in ({"guests": "off"}, {"guests": "auto", "host": "0.0.0.0"}):
        settings = context.settings.model_copy(update=changes)
        async with client_of(replace(context, settings=settings)) as client:
            answer = await client.post("/api/auth/guest", json={"name": "Ada"})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_only_guests_are_renewed(context: AppContext, ada: Guest) -> None:
    """AUTH-6: no token of another issuer is renewed, whatever it claims, nor any where guests are switched off."""
    off = replace(context, settings=context.settings.model_copy(update={"guests": "off"}))
    others = (
        context.tokens.issue("staff-1", "Staff"),
        context.tokens.issue("guest-of-staff", "Guest"),
        context.tokens.issue("staff-1", "Staff", guest=True),
    )
    for where, token in (*((context, token) for token in others), (off, ada.token)):
        async with client_of(where) as client:
            answer = await client.post("/api/auth/renew", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_guest_tokens_live_as_long_as_set(context: AppContext) -> None:
    """AUTH-5: a guest's token lives `RAYROOMS_GUEST_TTL`, a renewed one as long again; one that is over is refused."""
    settings = context.settings.model_copy(update={"guest_ttl": 90.0})
    short = replace(context, settings=settings, tokens=Tokens.from_settings(settings))
    async with client_of(short) as client:
        signed_in = (await client.post("/api/auth/guest", json={"name": "Ada"})).json()
        renewed = await client.post("/api/auth/renew", headers={"Authorization": f"Bearer {signed_in['token']}"})
        for one in (signed_in, renewed.json()):
            left = datetime.fromisoformat(one["expires_at"]) - datetime.now(UTC)
            assert timedelta(seconds=60) < left <= timedelta(seconds=90)
        over = context.tokens.issue(signed_in["user_id"], "Ada", ttl=-60, guest=True)
        refused = await client.post("/api/auth/renew", headers={"Authorization": f"Bearer {over}"})
    assert (refused.status_code, refused.json()["code"]) == (401, "bad_token")


async def test_granted_origins(context: AppContext, ada: Guest) -> None:
    """REST-43: pages of the origins that the settings name may call the REST routes, without cookies."""
    settings = context.settings.model_copy(update={"allowed_origins": ["https://editor.example"]})
    origin = {"Origin": "https://editor.example"}
    asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization,content-type"}
    async with client_of(replace(context, settings=settings)) as client:
        preflight = await client.options("/api/rooms", headers=origin | asked)
        answer = await client.get("/api/rooms", headers=origin | {"Authorization": f"Bearer {ada.token}"})
        refused = await client.get("/api/rooms", headers=origin)
    assert preflight.status_code == 200
    assert {"authorization", "content-type"} <= set(
        preflight.headers["access-control-allow-headers"].lower().split(", ")
    )
    assert "PUT" in preflight.headers["access-control-allow-methods"]
    assert (answer.status_code, refused.status_code) == (200, 401)
    for one in (preflight, answer, refused):
        assert one.headers["access-control-allow-origin"] == "https://editor.example"
        assert "access-control-allow-credentials" not in one.headers
        assert one.headers["x-content-type-options"] == "nosniff"


async def test_other_origins_are_granted_nothing(context: AppContext, ada: Guest) -> None:
    """REST-43: to any other origin, and for anything but REST, the server answers as if there were no CORS."""
    settings = context.settings.model_copy(update={"allowed_origins": ["https://editor.example"]})
    token = {"Authorization": f"Bearer {ada.token}"}
    asked = {"Access-Control-Request-Method": "PUT"}
    strange = ("https://elsewhere.example", "https://editor.example.elsewhere.example", "http://editor.example", "null")
    async with client_of(replace(context, settings=settings)) as client:
        answers = [await client.get("/api/rooms", headers=token | {"Origin": origin}) for origin in strange]
        answers += [await client.options("/api/rooms", headers=asked | {"Origin": origin}) for origin in strange]
        answers += [await client.get(path, headers={"Origin": "https://editor.example"}) for path in ("/", "/docs")]
    async with client_of(context) as client:
        answers.append(await client.get("/api/rooms", headers=token | {"Origin": "https://editor.example"}))
    assert [answer.status_code for answer in answers[: 2 * len(strange)]] == [200] * 4 + [405] * 4
    for answer in answers:
        assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_token_of_a_stranger_to_the_database(context: AppContext) -> None:
    """REST-30: someone whose token an operator's own issuer signed has a profile from their first request on."""
    token = context.tokens.issue("staff-1", "Staff", email="staff@example.org")
    async with client_of(context) as client:
        headers = {"Authorization": f"Bearer {token}"}
        profile = (await client.get("/api/users/staff-1/profile", headers=headers)).json()
        assert (profile["name"], profile["email"]) == ("Staff", "staff@example.org")
        made = await client.post("/api/rooms", json={"name": "Staff room"}, headers=headers)
        assert made.json()["owner_id"] == "staff-1"


async def test_expired_token(context: AppContext) -> None:
    """REST-2: an expired token is 401 and says so."""
    token = context.tokens.issue("u1", "Ada", ttl=-60)
    async with client_of(context) as client:
        answer = await client.get("/api/rooms", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["detail"]) == (401, "The token has expired.")


async def test_defect_is_a_problem_without_its_inside(
    context: AppContext, ada: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REST-42: an unexpected error is a 500 problem document that tells nothing of the server's inside."""

    async def broken(_room_id: str) -> None:
        raise ZeroDivisionError("secret detail")

    room_id = await ada.make_room()
    live = FakeLive(context.database)
    monkeypatch.setattr(live, "peek", broken)
    async with client_of(replace(context, live=live), raises=False) as client:
        answer = await client.get(f"/api/rooms/{room_id}", headers={"Authorization": f"Bearer {ada.token}"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "secret" not in answer.text


async def test_oversize_is_refused_unread(context: AppContext) -> None:
    """REST-8: a body that declares itself too large is refused before any of it is read, on every route."""
    read = 0

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": b"x" * 1024, "more_body": True}

    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    for length in (b"999999999", b"9" * 40):
        sent.clear()
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/api/nowhere",
            "raw_path": b"/api/nowhere",
            "query_string": b"",
            "headers": [(b"content-length", length)],
            "http_version": "1.1",
        }
        await create_app(context)(scope, receive, send)
        assert sent[0]["status"] == 413
        assert (b"x-content-type-options", b"nosniff") in sent[0]["headers"]
    assert read == 0
