"""Signing in and tokens, as callers meet them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from .conftest import Guest


async def test_guest_signs_in_by_name(client: httpx.AsyncClient) -> None:
    """REST-1: a guest gets a token that stands for a new user of that name, in their profile at once."""
    before = datetime.now(UTC)
    answer = await client.post("/api/auth/guest", json={"name": "  Grace  "})
    assert answer.status_code == 200
    signed_in = answer.json()
    assert signed_in["name"] == "Grace"
    assert datetime.fromisoformat(signed_in["expires_at"]) > before
    profile = await client.get(
        f"/api/users/{signed_in['user_id']}/profile", headers={"Authorization": f"Bearer {signed_in['token']}"}
    )
    assert profile.json()["name"] == "Grace"


async def test_each_sign_in_is_a_new_person(client: httpx.AsyncClient) -> None:
    """REST-1: the same name twice gives two users, so that a name is no proof of being somebody."""
    ids = {(await client.post("/api/auth/guest", json={"name": "Ada"})).json()["user_id"] for _ in range(2)}
    assert len(ids) == 2


async def test_guest_stays_signed_in(client: httpx.AsyncClient, sign_in: Callable[[str], Awaitable[Guest]]) -> None:
    """AUTH-5: a guest's token that holds is renewed for the same user, under the name that the profile has now."""
    kay = await sign_in("Kay")
    await kay.put(f"/api/users/{kay.user_id}/profile", {"name": "Kay L."})
    answer = await kay.post("/api/auth/renew")
    assert answer.status_code == 200
    renewed = answer.json()
    assert (renewed["user_id"], renewed["name"]) == (kay.user_id, "Kay L.")
    assert datetime.fromisoformat(renewed["expires_at"]) > datetime.now(UTC)
    again = await client.post("/api/auth/renew", headers={"Authorization": f"Bearer {renewed['token']}"})
    assert again.json()["user_id"] == kay.user_id
    for headers in ({}, {"Authorization": "Bearer rubbish"}):
        assert (await client.post("/api/auth/renew", headers=headers)).status_code == 401


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": "   "}, {"name": "x" * 101}, {"name": 7}, {"nom": "Ada"}, []]
)
async def test_malformed_sign_in(client: httpx.AsyncClient, body: object) -> None:
    """REST-5: a body of the wrong shape is refused with 422 malformed and says which field."""
    answer = await client.post("/api/auth/guest", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    assert answer.json()["errors"][0]["where"] == "body"


@pytest.mark.parametrize(
    ("header", "says_invalid"),
    [
        (None, False),
        ("", True),
        ("Bearer", True),
        ("Bearer rubbish", True),
        ("Basic YTpi", True),
        ("Bearer a.b.c", True),
    ],
)
async def test_bad_token(client: httpx.AsyncClient, header: str | None, says_invalid: bool) -> None:  # noqa: FBT001
    """REST-2: without a token that holds: 401 bad_token with WWW-Authenticate, whatever the route's other errors."""
    headers = {} if header is None else {"Authorization": header}
    answer = await client.get("/api/rooms/no-such-room", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_token")
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith("Bearer")
    assert ("invalid_token" in challenge) == says_invalid


async def test_token_in_url_is_not_looked_at(client: httpx.AsyncClient, ada: Guest) -> None:
    """REST-2: a token in the URL or in a cookie signs nobody in."""
    answer = await client.get("/api/rooms", params={"token": ada.token, "access_token": ada.token})
    assert answer.status_code == 401
    answer = await client.get("/api/rooms", headers={"Cookie": f"token={ada.token}"})
    assert answer.status_code == 401


async def test_no_cookies_are_set(client: httpx.AsyncClient, ada: Guest) -> None:
    """REST-2: the server sets no cookies."""
    await ada.get("/api/rooms")
    assert not list(client.cookies.jar)
