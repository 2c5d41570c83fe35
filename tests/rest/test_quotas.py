"""How much one user or one address may have: rooms, members of a room, guests."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.datastructures import Headers

from persistence.settings import Settings
from rayrooms.client.rest import RestClient
from rayrooms.errors import RateLimitedError
from serve.app import create_app
from serve.guest_limits import GuestLimits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from serve.context import AppContext

    from .conftest import Guest


@pytest.fixture
async def strict(context: AppContext) -> AsyncIterator[httpx.AsyncClient]:
    """A server that allows little."""
    settings = context.settings.model_copy(
        update={"max_rooms_per_user": 2, "max_members": 2, "host": "0.0.0.0", "guests": "on", "limit_guests": 3.0}
    )
    transport = httpx.ASGITransport(create_app(replace(context, settings=settings)))
    async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
        yield client


async def test_a_user_owns_so_many_rooms(strict: httpx.AsyncClient, ada: Guest) -> None:
    """LIM-8: the next is refused; when one is deleted there is a place again."""
    grace = replace(ada, http=strict)
    guest = (await strict.post("/api/auth/guest", json={"name": "Owner"})).json()
    owner = replace(grace, user_id=guest["user_id"], token=guest["token"])
    first = await owner.make_room()
    await owner.make_room()
    refused = await owner.post("/api/rooms", {"name": "One more"})
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_rooms")
    assert (await owner.delete(f"/api/rooms/{first}")).status_code == 204
    await owner.make_room()


async def test_a_room_has_so_many_members(strict: httpx.AsyncClient, ada: Guest, bob: Guest, eve: Guest) -> None:
    """LIM-8: by joining, by being added and by invitation; who is a member already is not concerned."""
    owner, second, third = (replace(guest, http=strict) for guest in (ada, bob, eve))
    guest = (await strict.post("/api/auth/guest", json={"name": "Host"})).json()
    owner = replace(owner, user_id=guest["user_id"], token=guest["token"])
    room_id = await owner.make_room()
    link = (await owner.post(f"/api/rooms/{room_id}/invitations", {"role": "member"})).json()
    token = link["url"].rpartition("#")[2] if "url" in link else link["token"]
    path = f"/api/users/{second.user_id}/rooms/{room_id}/join"
    assert (await second.post(path)).status_code == 200
    assert (await second.post(path)).status_code == 200
    answers = [
        await third.post(f"/api/users/{third.user_id}/rooms/{room_id}/join"),
        await owner.post(f"/api/users/{third.user_id}/rooms/{room_id}/join"),
        await owner.post(f"/api/rooms/{room_id}/members", {"user_id": third.user_id, "role": "viewer"}),
        await third.post("/api/invitations/accept", {"token": token}),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(409, "too_many_members")] * 4
    again = await owner.post(f"/api/rooms/{room_id}/members", {"user_id": second.user_id, "role": "viewer"})
    assert again.json()["code"] == "already_exists"
    assert (await second.post("/api/invitations/accept", {"token": token})).status_code == 200


async def test_guests_of_one_address_are_limited(strict: httpx.AsyncClient, context: AppContext) -> None:
    """LIM-9: refused with Retry-After, as the clients' error; while bound to loopback there is no limit."""
    answers = [await strict.post("/api/auth/guest", json={"name": "Many"}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["code"] == "rate_limited"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 20
    async with RestClient("http://server") as rest:
        rest._http = strict
        with pytest.raises(RateLimitedError) as caught:
            await rest.sign_in_guest("One more")
        assert caught.value.retry_after is not None
        assert caught.value.retry_after >= 1
    assert context.settings.bound_to_loopback
    free = GuestLimits.from_settings(context.settings)
    for _ in range(1000):
        free.check(Headers({}))


def test_the_address_is_what_the_nearest_proxy_says() -> None:
    """LIM-9, G10: what a caller adds to the header itself is not believed; addresses not met for long are forgotten."""
    settings = Settings(
        host="0.0.0.0", jwt_secret=secrets.token_hex(16), limit_guests=1.0, address_header="X-Forwarded-For"
    )
    limits = GuestLimits.from_settings(settings)

    def sign_in(said: str) -> bool:
        try:
            limits.check(Headers({"x-forwarded-for": said}))
        except RateLimitedError:
            return False
        return True

    assert sign_in("10.0.0.1")
    assert not sign_in("10.0.0.1")
    assert not sign_in("8.8.8.8, 10.0.0.1")
    assert sign_in("10.0.0.1, 10.0.0.2")
    for number in range(10_000):
        assert sign_in(f"address-{number}")
    assert sign_in("10.0.0.1"), "forgotten"
