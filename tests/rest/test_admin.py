"""What those who run the server see of it, and that nobody else does."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from persistence.repositories import OPERATOR
from rayrooms.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from serve.auth.access import RoomAccess
from serve.auth.roles import Permission
from serve.auth.tokens import AUDIENCE

from .conftest import SERVER_URL
from .test_issuer import ED, Office, public, signed
from .test_server_parts import client_of
from .test_vouching import SECRET, TOKENS, vouched

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from persistence.database import Database
    from serve.context import AppContext

    from .conftest import Guest
    from .fake_cluster import FakeCluster
    from .fake_live import FakeLive


class Operator:
    """Whoever holds the server's secret."""

    def __init__(self, client: httpx.AsyncClient, context: AppContext) -> None:
        self._client = client
        self.token = context.tokens.issue(OPERATOR, "Operator", 60, admin=True)

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self._client.get(path, params=params, headers={"Authorization": f"Bearer {self.token}"})

    async def post(self, path: str) -> httpx.Response:
        return await self._client.post(path, headers={"Authorization": f"Bearer {self.token}"})


@pytest.fixture
def operator(client: httpx.AsyncClient, context: AppContext) -> Operator:
    if SERVER_URL:
        pytest.skip("nobody but its operator has that server's secret")
    return Operator(client, context)


async def test_the_server_at_this_moment(operator: Operator, ada: Guest, live: FakeLive) -> None:
    """OPS-12: its parts, machines, gateways and database, and how much of what."""
    room_id = await ada.make_room()
    await live.wake(room_id)
    answer = await operator.get("/api/admin/status")
    assert answer.status_code == 200, answer.text
    status = answer.json()
    assert status["health"]["status"] == "ok"
    assert status["rooms_awake"] == len(live.rooms) >= 1
    assert status["rooms_stored"] >= status["rooms_awake"]
    assert (status["sockets"], status["backlog_records"]) == (7, 5)
    assert [(node["node_id"], node["address"], node["rooms"]) for node in status["nodes"]] == [
        ("node-1", "10.0.0.1", len(live.rooms)),
        ("node-2", "10.0.0.2", 0),
    ]
    assert status["nodes"][0]["writer"] == {
        "database_ok": True,
        "feeds": 3,
        "backlog_records": 5,
        "backlog_bytes": 700,
        "committed_records": 11,
        "lag_p99_ms": 7.25,
    }
    assert status["nodes"][1]["writer"] is None
    assert [node["takes_rooms"] for node in status["nodes"]] == [True, True]
    assert status["gateways"][1] == {"gateway_id": "gw-2", "node_id": "node-1", "pid": 101, "sockets": 3, "rooms": 1}


async def test_a_machine_is_emptied_and_opened_again(operator: Operator, cluster: FakeCluster) -> None:
    """OPS-16: whoever runs the server may; one that there is not, or that is the last, is told."""
    answer = await operator.post("/api/admin/nodes/node-2/drain")
    assert answer.json() == {"node_id": "node-2", "rooms": 3, "keeps_gateway": False}
    nodes = (await operator.get("/api/admin/status")).json()["nodes"]
    assert [node["takes_rooms"] for node in nodes] == [True, False]
    assert (await operator.post("/api/admin/nodes/node-2/drain")).json()["code"] == "conflict"
    assert (await operator.post("/api/admin/nodes/node-2/reopen")).status_code == 204
    assert cluster.drained == []
    answer = await operator.post("/api/admin/nodes/node-2/drain?keep_gateway=true")
    assert answer.json() == {"node_id": "node-2", "rooms": 3, "keeps_gateway": True}
    assert (await operator.post("/api/admin/nodes/node-2/reopen")).status_code == 204
    for what in ("drain", "reopen"):
        missing = await operator.post(f"/api/admin/nodes/node-9/{what}")
        assert (missing.status_code, missing.json()["code"]) == (404, "node_not_found")


@pytest.mark.parametrize(("method", "part"), [("nodes", "nodes"), ("gateways", "gateways"), ("awake", "rooms_awake")])
async def test_a_part_that_does_not_answer(operator: Operator, cluster: FakeCluster, method: str, part: str) -> None:
    """OPS-12: it is left out, and the rest is told."""
    whole = (await operator.get("/api/admin/status")).json()
    cluster.away.add(method)
    try:
        answer = await operator.get("/api/admin/status")
    finally:
        cluster.away.clear()
    assert answer.status_code == 200
    missing = {name for name, value in answer.json().items() if value is None}
    assert missing == {part} | ({"sockets"} if part == "gateways" else set())
    assert all(value is not None for value in whole.values())


async def test_who_takes_rooms_is_not_known(operator: Operator, cluster: FakeCluster) -> None:
    """OPS-12: while the directory does not answer; the machines are told all the same."""
    cluster.away.add("drained_nodes")
    try:
        nodes = (await operator.get("/api/admin/status")).json()["nodes"]
    finally:
        cluster.away.clear()
    assert [node["takes_rooms"] for node in nodes] == [None, None]


async def test_status_without_a_database(client: httpx.AsyncClient, context: AppContext) -> None:
    """OPS-12: which is when it is needed."""
    database = type(context.database)("postgresql://nobody@127.0.0.1:1/none", timeout=2)
    async with client_of(replace(context, database=database)) as other:
        token = context.tokens.issue(OPERATOR, "Operator", 60, admin=True)
        answer = await other.get("/api/admin/status", headers={"Authorization": f"Bearer {token}"})
    await database.close()
    assert answer.status_code == 200
    assert answer.json()["health"]["parts"]["database"]["status"] == "failed"
    assert answer.json()["rooms_stored"] is None


async def test_all_rooms_page_by_page(operator: Operator, ada: Guest, live: FakeLive, cluster: FakeCluster) -> None:
    """OPS-13: live and asleep, each once, by id; only those on the page are asked, and none is woken."""
    prefix = f"page-{secrets.token_hex(4)}-"
    made = [await ada.make_room(room_id=f"{prefix}{number}", private=True) for number in range(5)]
    await ada.insert(made[1], 0, "asleep")
    await live.sleep(made[1])
    await ada.insert(made[3], 0, "awake")
    await ada.insert(made[3], 0, "more ")
    await live.wake(made[4])
    cluster.hanging.add(made[4])
    found: list[dict[str, Any]] = []
    after: str | None = prefix
    while after is not None:
        page = (await operator.get("/api/admin/rooms", after=after, limit=2)).json()
        found += page["items"]
        after = page["next"]
    rooms = {room["room_id"]: room for room in found}
    assert len(rooms) == len(found)
    assert [room_id for room_id in rooms if room_id in made] == made
    assert [rooms[room_id]["state"] for room_id in made] == ["asleep", "asleep", "asleep", "awake", "no_answer"]
    assert [rooms[room_id]["stored_version"] for room_id in made] == [0, 1, 0, 0, 0]
    assert rooms[made[1]]["edited_at"] is not None
    assert rooms[made[1]]["place"] is rooms[made[1]]["activity"] is rooms[made[4]]["activity"] is None
    place = {"node_id": "node-1", "address": "10.0.0.1:4000", "epoch": live.rooms[made[3]].epoch, "pid": 77}
    assert rooms[made[3]]["place"] == place
    assert rooms[made[4]]["place"]["address"] == "10.0.0.1:4000"
    assert rooms[made[3]]["activity"] == {
        "users": 2,
        "sessions": 3,
        "version": 2,
        "durable_version": 0,
        "edits": 2,
        "edits_per_second": 0.12,
        "last_edit": "1970-01-01T00:16:40.500000Z",
        "memory_bytes": 1_000_000,
    }
    assert set(cluster.looked_at[-3]) <= {*rooms}
    assert len(cluster.looked_at[-1]) <= 2
    assert set(live.rooms) & set(made) == {made[3], made[4]}


async def test_awake_rooms_alone(operator: Operator, ada: Guest, live: FakeLive) -> None:
    """OPS-13: likewise, of those in memory."""
    prefix = f"awake-{secrets.token_hex(4)}-"
    made = [await ada.make_room(room_id=f"{prefix}{number}") for number in range(4)]
    for room_id in made[1:]:
        await live.wake(room_id)
    first = (await operator.get("/api/admin/rooms", awake=True, after=prefix, limit=2)).json()
    assert [room["room_id"] for room in first["items"]] == made[1:3]
    assert first["next"] == made[2]
    rest = (await operator.get("/api/admin/rooms", awake=True, after=first["next"], limit=200)).json()
    assert [room["room_id"] for room in rest["items"]][:1] == made[3:]
    assert rest["next"] is None


async def test_reopening(operator: Operator, ada: Guest, cluster: FakeCluster) -> None:
    """OPS-7: a room is let go; one that does not exist is not."""
    room_id = await ada.make_room()
    assert (await operator.post(f"/api/admin/rooms/{room_id}/reopen")).status_code == 204
    assert cluster.reopened[-1] == room_id
    missing = await operator.post("/api/admin/rooms/no-such-room/reopen")
    assert (missing.status_code, missing.json()["code"]) == (404, "room_not_found")
    assert cluster.reopened[-1] == room_id


async def test_those_whom_the_settings_name(
    context: AppContext, sign_in: Callable[[str], Awaitable[Guest]], ada: Guest
) -> None:
    """OPS-11: users of RAYROOMS_ADMINS may; a guest may not, though they be named; nor does an owner by owning."""
    guest = await sign_in("Guest")
    await ada.make_room()
    settings = context.settings.model_copy(update={"admins": ["chief", guest.user_id]})
    async with client_of(replace(context, settings=settings)) as client:
        for token, status in (
            (context.tokens.issue("chief", "Chief", 60), 200),
            (context.tokens.issue("other", "Other", 60), 403),
            (context.tokens.issue("page", "Page", 60, admin="server"), 200),
            (guest.token, 403),
            (ada.token, 403),
            (context.tokens.issue("guest-x", "G", 60, guest=True, admin=True), 403),
            (context.tokens.issue("guest-y", "G", 60, guest=True, admin="server"), 403),
        ):
            for path in ("/api/admin/status", "/api/admin/rooms"):
                answer = await client.get(path, headers={"Authorization": f"Bearer {token}"})
                assert answer.status_code == status, (answer.text, token)
                if status == 403:
                    assert answer.json()["code"] == "forbidden"


async def test_only_the_servers_own_secret_makes_an_admin() -> None:
    """OPS-11: the claim of a Jupyter server or of an issuer is none, and an issuer does not name the operator."""
    office = Office(public(ED, "ed"))
    assert not (await office.tokens.identify(signed(admin=True))).admin
    for claim in (True, "server"):
        assert not (await office.tokens.identify(signed(admin=claim))).sees_server
        assert not TOKENS.verify(vouched(admin=claim)).sees_server
    with pytest.raises(UnauthenticatedError):
        await office.tokens.identify(signed(sub=OPERATOR))
    assert not TOKENS.verify(vouched(admin=True)).admin
    assert not TOKENS.verify(TOKENS.issue("x", "X")).admin
    assert TOKENS.verify(TOKENS.issue("x", "X", admin=True)).admin
    now = int(time.time())
    for odd in ("yes", 1, [True], ["server"]):
        claims = {"sub": "x", "admin": odd, "iss": "rayrooms", "aud": AUDIENCE, "iat": now, "exp": now + 60}
        identity = TOKENS.verify(jwt.encode(claims, SECRET, "HS256"))
        assert not identity.admin
        assert not identity.sees_server


async def test_who_sees_the_server_sees_into_no_room(context: AppContext, database: Database, ada: Guest) -> None:
    """OPS-17: the token of an admin link stands for nobody in rooms: a private one does not exist for its holder."""
    room_id = await ada.make_room(private=True)
    access = RoomAccess(database, max_members=10)
    visitor = context.tokens.verify(context.tokens.issue("page", "Page", 60, admin="server"))
    assert (visitor.admin, visitor.sees_server) == (False, True)
    with pytest.raises(NotFoundError):
        await access.visit(room_id, visitor)
    with pytest.raises(NotFoundError):
        await access.admit(room_id, visitor)


async def test_the_operator_looks_on(context: AppContext, database: Database, ada: Guest, eve: Guest) -> None:
    """OPS-14: as a viewer of any room, a private one too, without becoming a member; nobody else does."""
    room_id = await ada.make_room(private=True)
    access = RoomAccess(database, max_members=10)
    operator = context.tokens.verify(context.tokens.issue(OPERATOR, "Operator", 60, admin=True))
    assert (await access.admit(room_id, operator)).role == "viewer"
    assert (await access.visit(room_id, operator)).role == "viewer"
    with pytest.raises(ForbiddenError, match="Viewers"):
        await access.visit(room_id, operator, Permission.EDIT)
    with pytest.raises(NotFoundError):
        await access.admit("no-such-room", operator)
    guests = [context.tokens.verify(guest.token) for guest in (ada, eve)]
    with pytest.raises(NotFoundError):
        await access.admit(room_id, guests[1])
    assert await access.roles(room_id, [operator, *guests]) == {
        OPERATOR: "viewer",
        ada.user_id: "owner",
        eve.user_id: None,
    }
    with pytest.raises(NotFoundError):
        await access.roles("no-such-room", [operator])
    members = (await ada.get(f"/api/rooms/{room_id}/members")).json()["items"]
    assert [member["user_id"] for member in members] == [ada.user_id]
