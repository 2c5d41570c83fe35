"""Invitations: links that make whoever opens them a member."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest

from persistence.repositories import InvitationRepository
from persistence.tables import Invitation
from rayrooms.client.rest import RestClient
from rayrooms.errors import GoneError, UnavailableError
from serve.auth.invitations import AUDIENCE, InvitationTokens
from serve.auth.roles import granting, lower_than

from .fake_live import FakeLive
from .test_members import add, refusal, roles
from .test_server_parts import client_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from persistence.database import Database
    from serve.context import AppContext

    from .conftest import Guest


async def invite(guest: Guest, room_id: str, **fields: Any) -> dict[str, Any]:
    made = await guest.post(f"/api/rooms/{room_id}/invitations", fields)
    assert made.status_code == 201, made.text
    invitation: dict[str, Any] = made.json()
    return invitation


async def accept(guest: Guest, token: str) -> httpx.Response:
    return await guest.post("/api/invitations/accept", {"token": token})


async def listed(guest: Guest, room_id: str, **query: Any) -> list[dict[str, Any]]:
    page = await guest.get(f"/api/rooms/{room_id}/invitations", **query)
    assert page.status_code == 200, page.text
    items: list[dict[str, Any]] = page.json()["items"]
    return items


async def test_invitation_opens_a_private_room(ada: Guest, bob: Guest) -> None:
    """INV-1: an admin's link holds for a week as member unless said otherwise, and admits to a private room."""
    room_id = await ada.make_room(private=True, name="Parser pairing")
    invitation = await invite(ada, room_id)
    assert (invitation["room_id"], invitation["role"], invitation["uses"]) == (room_id, "member", 0)
    assert invitation["created_by"] == ada.user_id
    assert invitation["path"] == f"/invite#{invitation['token']}"
    holds = datetime.fromisoformat(invitation["expires_at"]) - datetime.fromisoformat(invitation["created_at"])
    assert timedelta(days=7) - timedelta(seconds=1) <= holds <= timedelta(days=7)
    assert refusal(await bob.get(f"/api/rooms/{room_id}")) == (404, "room_not_found")
    accepted = await accept(bob, invitation["token"])
    assert accepted.json() == {"room_id": room_id, "room_name": "Parser pairing", "role": "member"}
    assert (await roles(bob, room_id))[bob.user_id] == "member"


async def test_who_invites(ada: Guest, bob: Guest, eve: Guest) -> None:
    """INV-2: owner and admins invite, list and revoke; only the owner invites admins."""
    room_id = await ada.make_room()
    invitations = f"/api/rooms/{room_id}/invitations"
    made = await invite(ada, room_id, role="admin")
    for role in (None, "viewer", "member"):
        if role is not None:
            await ada.delete(f"/api/rooms/{room_id}/members/{bob.user_id}")
            await add(ada, room_id, bob, role)
        assert refusal(await bob.post(invitations, {})) == (403, "forbidden")
        assert refusal(await bob.get(invitations)) == (403, "forbidden")
        assert refusal(await bob.delete(f"{invitations}/{made['invitation_id']}")) == (403, "forbidden")
    await ada.put(f"/api/rooms/{room_id}/members/{bob.user_id}", {"role": "admin"})
    await invite(bob, room_id, role="viewer")
    assert refusal(await bob.post(invitations, {"role": "admin"})) == (403, "forbidden")
    assert (await bob.delete(f"{invitations}/{made['invitation_id']}")).status_code == 204
    private = await ada.make_room(private=True)
    assert refusal(await eve.post(f"/api/rooms/{private}/invitations", {})) == (404, "room_not_found")


@pytest.mark.parametrize(
    "body",
    [
        {"role": "owner"},
        {"role": "king"},
        {"expires_in": 59},
        {"expires_in": 30 * 86_400 + 1},
        {"expires_in": "60"},
        {"expires_in": 60.5},
        {"uses": 3},
        [],
    ],
)
async def test_malformed_invitation(ada: Guest, body: Any) -> None:
    """REST-5: only roles that can be given, for a minute to 30 days."""
    room_id = await ada.make_room()
    assert refusal(await ada.post(f"/api/rooms/{room_id}/invitations", body)) == (422, "malformed")


async def test_invitations_are_listed_without_their_tokens(ada: Guest, bob: Guest) -> None:
    """INV-3: the list shows open invitations, or all, newest first, never their tokens; revoking again is fine."""
    room_id = await ada.make_room()
    made = [await invite(ada, room_id, role=role, expires_in=60) for role in ("viewer", "member", "admin")]
    await accept(bob, made[1]["token"])
    shown = await listed(ada, room_id)
    assert [(one["role"], one["uses"], one["open"]) for one in shown] == [
        ("admin", 0, True),
        ("member", 1, True),
        ("viewer", 0, True),
    ]
    assert all("token" not in one and "path" not in one for one in shown)
    for _ in range(2):
        gone = await ada.delete(f"/api/rooms/{room_id}/invitations/{made[2]['invitation_id']}")
        assert gone.status_code == 204
    assert [one["role"] for one in await listed(ada, room_id)] == ["member", "viewer"]
    every = await listed(ada, room_id, all="true")
    assert [(one["open"], one["revoked_at"] is None) for one in every] == [(False, False), (True, True), (True, True)]
    page = (await ada.get(f"/api/rooms/{room_id}/invitations", limit=1, all="true")).json()
    assert (len(page["items"]), page["next"]) == (1, 1)
    elsewhere = await ada.make_room()
    stranger = await ada.delete(f"/api/rooms/{elsewhere}/invitations/{made[0]['invitation_id']}")
    assert refusal(stranger) == (404, "invitation_invalid")


async def test_preview_needs_no_login(client: httpx.AsyncClient, ada: Guest) -> None:
    """INV-4: whoever holds a link sees room, role, who invited and until when, and nothing else of the room."""
    room_id = await ada.make_room(private=True, name="Parser pairing")
    invitation = await invite(ada, room_id, role="viewer")
    preview = await client.post("/api/invitations/preview", json={"token": invitation["token"]})
    assert preview.json() == {
        "room_id": room_id,
        "room_name": "Parser pairing",
        "role": "viewer",
        "invited_by": "Ada",
        "expires_at": invitation["expires_at"],
    }
    without = await client.post("/api/invitations/accept", json={"token": invitation["token"]})
    assert refusal(without) == (401, "bad_token")


async def test_accepting_raises_and_never_lowers(ada: Guest, bob: Guest) -> None:
    """INV-5: a higher role is given, a lower one changes nothing; `uses` counts memberships made or raised."""
    room_id = await ada.make_room(private=True)
    links = {role: await invite(ada, room_id, role=role) for role in ("viewer", "member", "admin")}
    for accepted, role in (
        ("viewer", "viewer"),
        ("viewer", "viewer"),
        ("admin", "admin"),
        ("member", "admin"),
        ("admin", "admin"),
        ("viewer", "admin"),
    ):
        assert (await accept(bob, links[accepted]["token"])).json()["role"] == role
        assert (await roles(ada, room_id))[bob.user_id] == role
    assert (await accept(ada, links["viewer"]["token"])).json()["role"] == "owner"
    assert {one["role"]: one["uses"] for one in await listed(ada, room_id)} == {"viewer": 1, "member": 0, "admin": 1}


async def test_accepts_at_the_same_time(ada: Guest, bob: Guest, eve: Guest) -> None:
    """INV-5: the same link opened many times at once makes one membership a person, and counts it once."""
    room_id = await ada.make_room(private=True)
    await add(ada, room_id, eve, "viewer")
    link = await invite(ada, room_id)
    answers = await asyncio.gather(*(accept(guest, link["token"]) for guest in (bob, eve) * 6))
    assert [(answer.status_code, answer.json().get("role")) for answer in answers] == [(200, "member")] * 12
    assert await roles(ada, room_id) == {ada.user_id: "owner", bob.user_id: "member", eve.user_id: "member"}
    assert (await listed(ada, room_id))[0]["uses"] == 2


async def test_revoked_invitation(client: httpx.AsyncClient, ada: Guest, bob: Guest, eve: Guest) -> None:
    """INV-6: a revoked link is 410 for newcomers; who came by it stays."""
    room_id = await ada.make_room(private=True)
    link = await invite(ada, room_id)
    await accept(bob, link["token"])
    await ada.delete(f"/api/rooms/{room_id}/invitations/{link['invitation_id']}")
    assert refusal(await accept(eve, link["token"])) == (410, "invitation_revoked")
    preview = await client.post("/api/invitations/preview", json={"token": link["token"]})
    assert refusal(preview) == (410, "invitation_revoked")
    assert set(await roles(ada, room_id)) == {ada.user_id, bob.user_id}


async def test_invitation_of_someone_who_may_invite_no_more(
    ada: Guest, bob: Guest, eve: Guest, sign_in: Callable[[str], Awaitable[Guest]]
) -> None:
    """INV-7: an invitation is worth no more than its maker: void while they could not give that role."""
    cat = await sign_in("Cat")
    room_id = await ada.make_room(private=True)
    member = f"/api/rooms/{room_id}/members/{bob.user_id}"
    await add(ada, room_id, bob, "admin")
    link = await invite(bob, room_id, role="viewer")
    await accept(eve, link["token"])
    for losing in (ada.put(member, {"role": "member"}), ada.delete(member)):
        assert (await losing).is_success
        assert refusal(await accept(cat, link["token"])) == (410, "invitation_revoked")
        assert await listed(ada, room_id) == []
        assert [one["open"] for one in await listed(ada, room_id, all="true")] == [False]
    assert set(await roles(ada, room_id)) == {ada.user_id, eve.user_id}


async def test_link_of_a_deleted_room(ada: Guest, bob: Guest) -> None:
    """INV-6: a link outlives its room as 404 room_not_found."""
    room_id = await ada.make_room()
    link = await invite(ada, room_id)
    await ada.delete(f"/api/rooms/{room_id}")
    assert refusal(await accept(bob, link["token"])) == (404, "room_not_found")


async def test_tokens_do_not_pass_for_one_another(client: httpx.AsyncClient, ada: Guest, bob: Guest) -> None:
    """INV-8: a link's token signs nobody in; a login token, a changed one or rubbish is no invitation."""
    room_id = await ada.make_room()
    token = (await invite(ada, room_id))["token"]
    answer = await client.get("/api/rooms", headers={"Authorization": f"Bearer {token}"})
    assert refusal(answer) == (401, "bad_token")
    head, body, signature = token.split(".")
    other = (await invite(ada, room_id, role="admin"))["token"].split(".")[1]
    for wrong in (ada.token, f"{head}.{other}.{signature}", f"{head}.{body}.", "rubbish", "a.b.c", "é"):
        assert refusal(await accept(bob, wrong)) == (404, "invitation_invalid"), wrong
    for malformed in ("", "x" * 2049, 7, None):
        assert refusal(await bob.post("/api/invitations/accept", {"token": malformed})) == (422, "malformed")


async def test_expired_invitation(context: AppContext, database: Database, ada: Guest, bob: Guest) -> None:
    """INV-6: an expired link is 410 at once, while its token still passes, and ever after."""
    room_id = await ada.make_room()
    for age in (1, 3600):
        now = datetime.now(UTC)
        invitation = Invitation(
            id=f"{room_id}-{age}",
            room_id=room_id,
            role="member",
            created_by=ada.user_id,
            created_at=now - timedelta(hours=2),
            expires_at=now - timedelta(seconds=age),
        )
        async with database.session() as session:
            await InvitationRepository(session).add(invitation)
        token = InvitationTokens.from_settings(context.settings).issue(invitation)
        assert refusal(await accept(bob, token)) == (410, "invitation_expired")
    assert await listed(ada, room_id) == []
    assert [one["open"] for one in await listed(ada, room_id, all="true")] == [False, False]


async def test_invitation_that_was_never_stored(context: AppContext, ada: Guest) -> None:
    """INV-8: what was signed but does not stand in the room's invitations opens nothing."""
    now = int(time.time())
    claims = {"jti": "forged", "room": await ada.make_room(), "role": "admin", "iat": now, "exp": now + 60}
    token = jwt.encode(claims | {"iss": "rayrooms", "aud": AUDIENCE}, context.settings.jwt_secret, algorithm="HS256")
    async with client_of(context) as client:
        answer = await client.post("/api/invitations/preview", json={"token": token})
    assert refusal(answer) == (404, "invitation_invalid")


async def test_revoked_in_between(
    context: AppContext, database: Database, ada: Guest, bob: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """INV-6: a revocation that comes while a link is being accepted wins, and the membership is undone."""
    room_id = await ada.make_room(private=True)
    link = await invite(ada, room_id)
    find = InvitationRepository.find

    async def find_then_revoke(self: InvitationRepository, *names: str) -> Any:
        found = await find(self, *names)
        async with database.session() as session:
            await InvitationRepository(session).revoke(room_id, link["invitation_id"])
        return found

    monkeypatch.setattr(InvitationRepository, "find", find_then_revoke)
    assert refusal(await accept(bob, link["token"])) == (410, "invitation_revoked")
    assert set(await roles(ada, room_id)) == {ada.user_id}


async def test_live_room_is_told(context: AppContext, live: FakeLive, ada: Guest, bob: Guest) -> None:
    """INV-9: live rooms are told of a role made or raised, again when asked again, and not of one that stays."""
    room_id = await ada.make_room()
    links = {role: (await invite(ada, room_id, role=role))["token"] for role in ("viewer", "member")}

    def told() -> list[Any]:
        return [(user_id, role) for told_room, user_id, role in live.told if told_room == room_id]

    class Away(FakeLive):
        async def member_changed(self, *_: object) -> None:
            raise UnavailableError("The room cannot be reached.")

    async with client_of(replace(context, live=Away(context.database))) as client:
        headers = {"Authorization": f"Bearer {bob.token}"}
        failed = await client.post("/api/invitations/accept", json={"token": links["viewer"]}, headers=headers)
    assert refusal(failed) == (503, "room_unavailable")
    assert told() == []
    await accept(bob, links["viewer"])
    await accept(bob, links["member"])
    await accept(bob, links["viewer"])
    assert told() == [(bob.user_id, "viewer"), (bob.user_id, "member")]


async def test_python_client_invites(
    client: httpx.AsyncClient, transport: httpx.AsyncBaseTransport, ada: Guest, bob: Guest
) -> None:
    """INV-1: the Python client makes and accepts invitations, and raises what a refusal says."""
    room_id = await ada.make_room(private=True)
    url = str(client.base_url)
    inviting, invited = RestClient(url, ada.token), RestClient(url, bob.token)
    for one in (inviting, invited):
        await one._http.aclose()
        one._http = httpx.AsyncClient(transport=transport, base_url=url)
    invitation = await inviting.invite(room_id, role="viewer", expires_in=3600)
    assert (invitation.room_id, invitation.role, invitation.uses) == (room_id, "viewer", 0)
    accepted = await invited.accept_invitation(invitation.token)
    assert (accepted.room_id, accepted.role) == (room_id, "viewer")
    await ada.delete(f"/api/rooms/{room_id}/invitations/{invitation.invitation_id}")
    with pytest.raises(GoneError) as refused:
        await invited.accept_invitation(invitation.token)
    assert refused.value.code == "invitation_revoked"


def test_roles_that_grant_and_roles_below() -> None:
    """INV-2, INV-5: owner and admins grant viewers and members, the owner also admins."""
    assert [granting(role) for role in ("viewer", "member", "admin")] == [
        {"owner", "admin"},
        {"owner", "admin"},
        {"owner"},
    ]
    assert lower_than("viewer") == set()
    assert lower_than("member") == {"viewer"}
    assert lower_than("admin") == {"viewer", "member"}
