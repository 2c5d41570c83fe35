"""Who may connect: tokens, how they are shown, and where pages may come from."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import jwt
import pytest
from websockets.exceptions import InvalidStatus

from .people import vouched_for
from .sockets import Socket

if TYPE_CHECKING:
    import httpx
    import psutil

    from .people import Codec, Person
    from .server import Server

BAD_TOKEN = 4401
_TRIES = 1_500
"""Of which one in 65 is the ingress' beside two gateways; none of so many once in ten thousand million times."""


async def test_token_in_the_header(ada: Person) -> None:
    """PR-2, PR-3."""
    async with Socket.open(ada.url, token=ada.token) as socket:
        greeting = await socket.expect("connection_response")
        assert (greeting["user_id"], greeting["name"]) == (ada.user_id, "Ada")
        assert greeting["session_id"]
        assert greeting["protocol"] == 1


async def test_token_as_a_subprotocol(ada: Person) -> None:
    """PR-2: for browsers, which set no headers; the server agrees on the real subprotocol only."""
    for codec in ("json", "msgpack"):
        async with Socket.open(ada.url, offer=(f"bearer.{ada.token}",), codec=codec) as socket:
            assert (await socket.expect("connection_response"))["user_id"] == ada.user_id


async def test_token_in_the_first_message(ada: Person) -> None:
    """PR-2, PR-3: before it, nobody is named."""
    async with Socket.open(ada.url) as socket:
        assert (await socket.expect("connection_response"))["user_id"] is None
        await socket.send("connect", ref=1, token=ada.token)
        answer = await socket.expect_message("connection_response")
        assert (answer["ref"], answer["data"]["user_id"]) == (1, ada.user_id)
        await socket.join(await ada.make_room())


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", ""])
async def test_bad_token_in_the_handshake(server: Server, token: str) -> None:
    """PR-2: an error says why, then the connection is closed with 4401."""
    async with Socket.open(server.url, token=token) as socket:
        await socket.error("bad_token")
        assert await socket.closed() == BAD_TOKEN


async def test_bad_token_in_a_message(ada: Person) -> None:
    """PR-2, G8: refused; a better one may follow."""
    async with Socket.open(ada.url) as socket:
        await socket.send("connect", ref=2, token="nonsense")
        assert (await socket.error("bad_token"))["ref"] == 2
        await socket.send("connect", token=ada.token)
        await socket.expect("connection_response", user_id=ada.user_id)


async def test_expired_and_forged_tokens(own_server: Server, ada: Person) -> None:
    """PR-2: signed with another key, or by nobody, or too late."""
    claims = jwt.decode(ada.token, options={"verify_signature": False})
    late = jwt.encode(claims | {"exp": time.time() - 60}, own_server.jwt_secret, "HS256")
    forged = jwt.encode(claims, "another secret of sufficient length", "HS256")
    unsigned = jwt.encode(claims, "", "none")
    for token in (late, forged, unsigned):
        async with Socket.open(ada.url, token=token) as socket:
            await socket.error("bad_token")
            assert await socket.closed() == BAD_TOKEN


@pytest.mark.parametrize("codec", ["json", "msgpack"])
async def test_whom_a_jupyter_server_vouches_for(
    own_server: Server, ada: Person, http: httpx.AsyncClient, codec: Codec
) -> None:
    """AUTH-7, WS-23, UP-15: by the secret that the server made, and everybody sees who is a guest and who is not."""
    grace = vouched_for(own_server, "grace@example.org", "Grace", http)
    room_id = await ada.make_room()
    async with ada.inside(room_id, codec) as first, grace.inside(room_id, codec) as second:
        seen = (await first.expect("user_joined"))["user"]
        assert (seen["user_id"], seen["name"], seen["verified"]) == (grace.user_id, "Grace", True)
        people = {user["user_id"]: user.get("verified", False) for user in second.joined["users"]}
        assert people == {ada.user_id: False, grace.user_id: True}
        assert await second.edit(["hello"], client_id=second.joined["client_id"], seq=1, version=0) == 1
    assert [member["role"] for member in (await grace.api("GET", f"/api/rooms/{room_id}/members"))["items"]] == [
        "owner",
        "member",
    ]


async def test_what_no_jupyter_server_may_say(own_server: Server, ada: Person, http: httpx.AsyncClient) -> None:
    """AUTH-7, AUTH-9, PR-2: too long a life, or another issuer's words under this secret."""
    grace = vouched_for(own_server, "grace", "Grace", http)
    claims = jwt.decode(grace.token, options={"verify_signature": False})
    for changes in ({"exp": claims["iat"] + 3601}, {"exp": claims["iat"] - 60}, {"iss": "rayrooms"}, {"aud": "else"}):
        token = jwt.encode(claims | changes, own_server.jupyter_secret, "HS256")
        async with Socket.open(ada.url, token=token) as socket:
            await socket.error("bad_token")
            assert await socket.closed() == BAD_TOKEN


async def test_nothing_works_before_the_token(ada: Person) -> None:
    """PR-2: but a ping."""
    room_id = await ada.make_room()
    async with Socket.open(ada.url) as socket:
        assert await socket.quiet() == ["connection_response"]
        for event in ("join_room", "code_change", "get_sync"):
            await socket.send(event, ref=4, room_id=room_id)
            assert (await socket.error("bad_token"))["ref"] == 4


async def test_a_token_in_the_url_is_not_looked_at(ada: Person) -> None:
    """PR-2: it would end up in logs."""
    async with Socket.open(ada.url, query=f"?token={ada.token}") as socket:
        assert (await socket.expect("connection_response"))["user_id"] is None


async def test_a_connection_stays_its_user_s(ada: Person, bob: Person) -> None:
    """PR-8: a fresh token of the same user is fine, another user's is not."""
    async with ada.connected() as socket:
        await socket.send("connect", token=bob.token)
        await socket.error("forbidden")
        await socket.send("connect", token=ada.token)
        assert (await socket.expect("connection_response"))["user_id"] == ada.user_id


@pytest.mark.parametrize(
    "origin", ["http://elsewhere.example", "null", "http://[", "https://editor.example.evil", "http://localhost.evil"]
)
async def test_pages_from_elsewhere_are_refused(ada: Person, origin: str) -> None:
    """PR-4: before the handshake ends."""
    with pytest.raises(InvalidStatus) as refusal:
        async with Socket.open(ada.url, token=ada.token, origin=origin):
            pass
    assert refusal.value.response.status_code == 403


async def test_own_and_allowed_pages_are_let_in(own_server: Server, ada: Person) -> None:
    """PR-4, PR-11: and so are those of notebooks on this machine."""
    for origin in (own_server.url, "https://editor.example", "http://localhost:8888"):
        async with Socket.open(ada.url, token=ada.token, origin=origin) as socket:
            await socket.expect("connection_response", user_id=ada.user_id)


async def test_the_ingress_comes_by_unix_sockets(own_server: Server, ada: Person) -> None:
    """DEP-25, DEP-26: a few come by it, and it reaches all gateways of its node by these, and none by its port."""
    gateways = own_server.titled("ray::ServeReplica")
    ingress = own_server.ingress()
    for _ in range(_TRIES):
        async with Socket.open(ada.url, token=ada.token) as socket:
            await socket.expect("connection_response")
            if not _came_by(ingress, socket):
                continue
            local = [found.laddr for gateway in gateways for found in gateway.net_connections("unix")]
            ports = {tcp.laddr.port for one in gateways for tcp in one.net_connections("tcp") if not tcp.raddr}
            remote = {tcp.raddr.port for one in ingress for tcp in one.net_connections("tcp") if tcp.raddr}
            assert sum(str(path).startswith("@rayrooms-") for path in local) > len(gateways), "beside those that listen"
            assert ports
            assert remote
            assert not ports & remote
            return
    pytest.fail("nobody came by the ingress")


async def test_most_people_come_straight_to_a_gateway(own_server: Server, ada: Person) -> None:
    """DEP-26."""
    gateways, straight = own_server.titled("ray::ServeReplica"), 0
    for _ in range(30):
        async with Socket.open(ada.url, token=ada.token) as socket:
            await socket.expect("connection_response")
            straight += _came_by(gateways, socket)
    assert straight >= 25


def _came_by(processes: list[psutil.Process], socket: Socket) -> bool:
    """Whether it is one of these that has the other end."""
    own = socket.connection.local_address[:2]
    return any(tuple(tcp.raddr) == own for process in processes for tcp in process.net_connections("tcp"))
