"""Who may call which route: every one of the OpenAPI document, by everybody, against one table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from .test_invitations import invite
from .test_members import add

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from .conftest import Guest

CALLERS = ("nobody", "stranger", "visitor", "viewer", "member", "admin", "owner")
"""Nobody has no token. The visitor stands before a public room, all others before a private one."""

TABLE = """
    POST   /api/auth/guest                                    200 200 200 200 200 200 200
    POST   /api/auth/renew                                    401 200 200 200 200 200 200
    POST   /api/rooms                                         401 201 201 201 201 201 201
    GET    /api/rooms                                         401 200 200 200 200 200 200
    GET    /api/rooms/{room_id}                               401 404 200 200 200 200 200
    DELETE /api/rooms/{room_id}                               401 404 403 403 403 403 204
    GET    /api/rooms/{room_id}/members                       401 404 200 200 200 200 200
    POST   /api/rooms/{room_id}/members                       401 404 403 403 403 201 201
    PUT    /api/rooms/{room_id}/members/{user_id}             401 404 403 403 403 200 200
    DELETE /api/rooms/{room_id}/members/{user_id}             401 404 403 403 403 204 204
    GET    /api/rooms/{room_id}/operations                    401 404 200 200 200 200 200
    GET    /api/rooms/{room_id}/messages                      401 404 200 200 200 200 200
    GET    /api/rooms/{room_id}/conflicts                     401 404 200 200 200 200 200
    GET    /api/rooms/{room_id}/audit                         401 404 403 403 403 200 200
    POST   /api/rooms/{room_id}/invitations                   401 404 403 403 403 201 201
    GET    /api/rooms/{room_id}/invitations                   401 404 403 403 403 200 200
    DELETE /api/rooms/{room_id}/invitations/{invitation_id}   401 404 403 403 403 204 204
    POST   /api/invitations/preview                           200 200 200 200 200 200 200
    POST   /api/invitations/accept                            401 200 200 200 200 200 200
    POST   /api/sync/sync                                     401 404 200 200 200 200 200
    POST   /api/sync/{room_id}/operations                     401 404 200 403 200 200 200
    GET    /api/sync/{room_id}/operations                     401 404 200 200 200 200 200
    GET    /api/sync/{room_id}/version                        401 404 200 200 200 200 200
    GET    /api/sync/{room_id}/snapshot                       401 404 200 200 200 200 200
    POST   /api/sync/{room_id}/snapshot                       401 404 403 403 201 201 201
    GET    /api/users/{user_id}/profile                       401 403 403 403 403 403 403
    PUT    /api/users/{user_id}/profile                       401 403 403 403 403 403 403
    GET    /api/users/{user_id}/rooms                         401 403 403 403 403 403 403
    GET    /api/users/{user_id}/status                        401 403 403 403 403 403 403
    PUT    /api/users/{user_id}/status                        401 403 403 403 403 403 403
    POST   /api/users/{user_id}/rooms/{room_id}/join          401 404 403 403 403 200 200
    POST   /api/users/{user_id}/rooms/{room_id}/leave         401 404 403 403 403 204 204
    GET    /api/admin/status                                  401 403 403 403 403 403 403
    GET    /api/admin/rooms                                   401 403 403 403 403 403 403
    POST   /api/admin/rooms/{room_id}/reopen                  401 403 403 403 403 403 403
    POST   /api/admin/nodes/{node_id}/drain                   401 403 403 403 403 403 403
    POST   /api/admin/nodes/{node_id}/reopen                  401 403 403 403 403 403 403
    GET    /health                                            200 200 200 200 200 200 200
"""
"""A `user_id` in a path is somebody else's: a member of the room, but in `OWN` the caller's."""

OWN = """
    DELETE /api/rooms/{room_id}/members/{user_id}             401 404 404 204 204 204 409
    GET    /api/users/{user_id}/profile                       401 200 200 200 200 200 200
    PUT    /api/users/{user_id}/profile                       401 200 200 200 200 200 200
    GET    /api/users/{user_id}/rooms                         401 200 200 200 200 200 200
    GET    /api/users/{user_id}/status                        401 200 200 200 200 200 200
    PUT    /api/users/{user_id}/status                        401 200 200 200 200 200 200
    POST   /api/users/{user_id}/rooms/{room_id}/join          401 404 200 200 200 200 200
    POST   /api/users/{user_id}/rooms/{room_id}/leave         401 404 404 204 204 204 409
"""
"""The same by somebody about themselves."""

BODIES: dict[str, Any] = {
    "POST /api/auth/guest": {"name": "New"},
    "POST /api/rooms": {"name": "New"},
    "PUT /api/rooms/{room_id}/members/{user_id}": {"role": "viewer"},
    "POST /api/rooms/{room_id}/invitations": {"role": "viewer"},
    "POST /api/sync/{room_id}/operations": {"op": ["x"]},
    "PUT /api/users/{user_id}/profile": {"colour": "#000000"},
    "PUT /api/users/{user_id}/status": {"status": "away"},
}


def rows(table: str) -> dict[str, list[int]]:
    """The statuses by method and path, in the order of the callers."""
    found = {}
    for line in table.strip().splitlines():
        method, path, *statuses = line.split()
        found[f"{method} {path}"] = [int(status) for status in statuses]
        assert len(statuses) == len(CALLERS)
    return found


@dataclass
class Cast:
    """Everybody, and how to make rooms for them."""

    client: httpx.AsyncClient
    people: dict[str, Guest]
    other: Guest
    newcomer: Guest

    made: dict[bool, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    """Rooms that nobody has changed: the private and the public one, each with an invitation."""

    async def room(self, *, private: bool) -> tuple[str, dict[str, Any]]:
        """A room with everybody in it, and an invitation to it."""
        if private not in self.made:
            owner = self.people["owner"]
            room_id = await owner.make_room(private=private)
            for role in ("viewer", "member", "admin"):
                await add(owner, room_id, self.people[role], role)
            await add(owner, room_id, self.other, "member")
            self.made[private] = room_id, await invite(owner, room_id, role="viewer")
        return self.made[private]

    async def answer(self, route: str, caller: str, *, own: bool) -> httpx.Response:
        """What the caller gets. What one does is not in the next one's way: who changes a room has it alone."""
        owner = self.people["owner"]
        private = caller != "visitor"
        room_id, link = await self.room(private=private)
        about = self.people[caller] if own and caller != "nobody" else self.other
        method, template = route.split()
        path = template.format(
            room_id=room_id, user_id=about.user_id, invitation_id=link["invitation_id"], node_id="node"
        )
        body = BODIES.get(route)
        if route == "POST /api/rooms/{room_id}/members":
            body = {"user_id": self.newcomer.user_id}
        elif route == "POST /api/sync/sync":
            body = {"room_id": room_id, "client_version": 0}
        elif template.startswith("/api/invitations/"):
            body = {"token": link["token"]}
        headers = {"Authorization": f"Bearer {self.people[caller].token}"} if caller != "nobody" else {}
        answer = await self.client.request(method, path, json=body, headers=headers)
        if answer.status_code == 404 and caller == "stranger":
            problem = answer.json()
            assert (problem["code"], problem["detail"]) == ("room_not_found", f"There is no room {room_id}."), route
        if method != "GET":
            if answer.is_success:
                del self.made[private]
            else:
                await self._nothing_changed(room_id, owner)
        return answer

    async def _nothing_changed(self, room_id: str, owner: Guest) -> None:
        members = (await owner.get(f"/api/rooms/{room_id}/members")).json()["items"]
        assert [member["role"] for member in members] == ["owner", "viewer", "member", "admin", "member"]
        assert (await owner.get(f"/api/sync/{room_id}/version")).json()["current_version"] == 0


@pytest.fixture(scope="module")
async def cast(client: httpx.AsyncClient, sign_in: Callable[[str], Awaitable[Guest]]) -> Cast:
    people = {role: await sign_in(role.title()) for role in CALLERS if role not in {"nobody", "visitor"}}
    people["visitor"] = people["stranger"]
    return Cast(client, people, await sign_in("Other"), await sign_in("Newcomer"))


async def test_the_table_is_whole(client: httpx.AsyncClient) -> None:
    """REST-45: it names every route of the OpenAPI document, and no other."""
    document = (await client.get("/openapi.json")).json()
    described = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert set(rows(TABLE)) == described
    assert set(rows(OWN)) == {
        route for route in described if "{user_id}" in route and not route.startswith("PUT /api/rooms")
    }


@pytest.mark.parametrize("route", rows(TABLE))
async def test_who_may_call(cast: Cast, route: str) -> None:
    """REST-45, AUTH-4, REST-4, REST-24: what everybody is answered is what the table says."""
    answers = [(await cast.answer(route, caller, own=False)).status_code for caller in CALLERS]
    assert dict(zip(CALLERS, answers, strict=True)) == dict(zip(CALLERS, rows(TABLE)[route], strict=True))


@pytest.mark.parametrize("route", rows(OWN))
async def test_who_may_call_about_themselves(cast: Cast, route: str) -> None:
    """REST-45, REST-22, REST-24: likewise."""
    answers = [(await cast.answer(route, caller, own=True)).status_code for caller in CALLERS]
    assert dict(zip(CALLERS, answers, strict=True)) == dict(zip(CALLERS, rows(OWN)[route], strict=True))
