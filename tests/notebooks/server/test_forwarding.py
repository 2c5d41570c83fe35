"""The REST routes that are forwarded: which, with what, and what comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.notebooks.server.test_session import claims

if TYPE_CHECKING:
    from tests.notebooks.server.jupyter import Jupyter
    from tests.notebooks.server.recorder import Recorder

SENT = {"host", "accept", "accept-encoding", "user-agent", "connection"}
"""The headers of a request without body and token."""


async def test_vouched_requests(vouching: Jupyter, recorder: Recorder) -> None:
    """PROXY-9: the room server sees the vouched token whatever the page sends, and no header of the page's."""
    async with vouching.page("ada") as page:
        answer = await page.get(
            "api/rooms/r~1/messages?limit=7&before=2026-01-01T00:00:00Z&token=x&other=1",
            headers={"Authorization": "Bearer the-pages-own", "X-Strange": "1", "Origin": vouching.origin},
        )
    assert answer.status_code == 200
    [call] = recorder.calls
    assert call.method == "GET"
    assert call.uri == "/api/rooms/r~1/messages?limit=7&before=2026-01-01T00%3A00%3A00Z"
    assert set(call.headers) == SENT | {"authorization"}
    assert claims(call.headers["authorization"].removeprefix("Bearer "))["sub"] == "ada"
    assert call.headers["user-agent"] == "rayrooms-jupyter"


async def test_guests_requests(guests: Jupyter, recorder: Recorder) -> None:
    """PROXY-9: without a secret the page's own token is sent, and none when it has none."""
    async with guests.page("ada") as page:
        await page.get("api/rooms/r", headers={"Authorization": "Bearer guest.token-1"})
        await page.get("api/rooms/r/members")
        await page.get("api/rooms/r", headers={"Authorization": "Basic eDp5"})
    first, *others = recorder.calls  # each was answered with a cookie, which is not kept
    assert first.headers["authorization"] == "Bearer guest.token-1"
    assert [set(call.headers) for call in others] == [SENT, SENT]


async def test_guests_sign_in(vouching: Jupyter, guests: Jupyter, recorder: Recorder) -> None:
    """PROXY-10: signing in and renewing are about the page's own guest token, also where users are vouched for."""
    for jupyter in (vouching, guests):
        recorder.calls.clear()
        async with jupyter.page("ada") as page:
            await page.post("api/auth/guest", json={"name": "Ada"})
            await page.post("api/auth/renew", headers={"Authorization": "Bearer guest-token"})
        sign_in, renew = recorder.calls
        assert (sign_in.method, sign_in.uri, sign_in.body) == ("POST", "/api/auth/guest", b'{"name":"Ada"}')
        assert set(sign_in.headers) == SENT | {"content-type", "content-length"}
        assert (renew.uri, renew.headers["authorization"]) == ("/api/auth/renew", "Bearer guest-token")


async def test_answers_are_passed_as_they_are(vouching: Jupyter, recorder: Recorder) -> None:
    """PROXY-11: status, body and type come back, and no other header."""
    recorder.answer = (404, "application/problem+json", '{"code":"room_not_found","detail":"ü"}'.encode())
    async with vouching.page("ada") as page:
        answer = await page.get("api/rooms/r")
    assert answer.status_code == 404
    assert answer.content == recorder.answer[2]
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "X-Upstream" not in answer.headers
    assert "upstream" not in answer.headers.get("Set-Cookie", "")


async def test_only_json_comes_back(vouching: Jupyter, recorder: Recorder) -> None:
    """PROXY-11: what is no JSON is a 502: nobody may serve pages from Jupyter's origin."""
    recorder.answer = (200, "text/html", b"<script>alert(1)</script>")
    async with vouching.page("ada") as page:
        answer = await page.get("api/rooms/r")
    assert answer.status_code == 502
    assert answer.json()["code"] == "room_unavailable"
    assert "script" not in answer.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "api/rooms"),
        ("POST", "api/rooms"),
        ("GET", "api/rooms/r/operations"),
        ("GET", "api/rooms/r/members/ada"),
        ("GET", "api/rooms/../auth"),
        ("GET", "api/rooms/%2e%2e/members"),
        ("GET", "api/rooms/a%2fb"),
        ("GET", "api/sync/r/version"),
        ("POST", "api/auth/other"),
        ("GET", "health"),
        ("GET", ""),
    ],
)
async def test_nothing_else_is_forwarded(vouching: Jupyter, recorder: Recorder, method: str, path: str) -> None:
    """PROXY-12: all other routes of the room server are not to be reached."""
    async with vouching.page("ada") as page:
        assert (await page.request(method, f"{vouching.url}rayrooms/{path}", follow_redirects=True)).status_code == 404
    assert recorder.calls == []


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH"])
async def test_rooms_are_only_read(vouching: Jupyter, recorder: Recorder, method: str) -> None:
    """PROXY-12: nor are other methods of those that are."""
    async with vouching.page("ada") as page:
        assert (await page.request(method, "api/rooms/r")).status_code == 405
    assert recorder.calls == []


async def test_large_requests_are_refused(vouching: Jupyter, recorder: Recorder) -> None:
    """PROXY-12: what is too large is refused here."""
    async with vouching.page("ada") as page:
        answer = await page.post("api/auth/guest", content=b"x" * 70_000)
        assert (answer.status_code, answer.json()["code"]) == (413, "message_too_large")
        assert (await page.get("api/rooms/r", params={"before": "x" * 500})).status_code == 414
    assert recorder.calls == []


async def test_posts_need_jupyters_xsrf_token(vouching: Jupyter, recorder: Recorder) -> None:
    """PROXY-7: another site cannot make a page of Jupyter sign guests in."""
    async with vouching.page("ada") as page:
        answer = await page.post("api/auth/guest", json={"name": "Eve"}, headers={"X-XSRFToken": "wrong"})
    assert answer.status_code == 403
    assert recorder.calls == []
