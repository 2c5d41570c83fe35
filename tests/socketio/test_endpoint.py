"""A Socket.IO connection from handshake to end, spoken to by hand."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from serve.socketio import conversation, endpoint, heartbeat
from serve.sockets.shortcut import EXTENSION
from tests.sockets.fakes import until

from .peer import MAX_MESSAGE, Gateway, Peer, packet

if TYPE_CHECKING:
    from starlette.types import Message

    from serve.sockets.connection import Connection

BAD_TOKEN, SERVICE_RESTART, TRY_AGAIN_LATER, NORMAL = 4401, 1012, 1013, 1000


def refusal(sent: list[Message]) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, error and headers of a response."""
    start, body = sent
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], json.loads(body["body"]), headers


class TestHandshake:
    async def test_the_way_in(self, gateway: Gateway) -> None:
        """SIO-1, SIO-3, PR-3: opening, welcome and greeting, in this order; no cookie is set."""
        async with Peer(gateway) as peer:
            peer.say('40{"token":"ada"}')
            greeting = await peer.event("connection_response")
            opening, welcome, _ = peer.texts()
            assert peer.wire.sent[0] == {"type": "websocket.accept"}
            assert json.loads(opening[1:])["pingInterval"] <= 25_000
            assert json.loads(opening[1:])["maxPayload"] == MAX_MESSAGE
            assert json.loads(welcome[2:])["sid"] == greeting["session_id"] != json.loads(opening[1:])["sid"]
            assert (greeting["user_id"], greeting["name"], greeting["protocol"]) == ("ada", "Ada", 1)

    async def test_the_token_may_be_in_the_header(self, gateway: Gateway) -> None:
        """SIO-3: that in `auth` comes first."""
        async with Peer(gateway, headers={"authorization": "Bearer ada"}) as peer:
            peer.say("40")
            assert (await peer.event("connection_response"))["user_id"] == "ada"
        async with Peer(gateway, headers={"authorization": "Bearer ada"}) as peer:
            peer.say('40{"token":"bob"}')
            assert (await peer.event("connection_response"))["user_id"] == "bob"

    @pytest.mark.parametrize(
        ("connect", "code"),
        [
            ("40", "bad_token"),
            ("40{}", "bad_token"),
            ('40{"token":"t0ken"}', "bad_token"),
            ('40{"token":null}', "bad_token"),
            ('40{"token":7}', "malformed"),
            ("40[]", "malformed"),
            ("40{", "malformed"),
            ('40{"token":"\\ud800"}', "malformed"),
        ],
    )
    async def test_who_shows_no_good_token_is_turned_away(self, gateway: Gateway, connect: str, code: str) -> None:
        """SIO-3: and may try again."""
        async with Peer(gateway) as peer:
            peer.say(connect)
            error = json.loads(await peer.told("44"))
            assert (error["data"]["code"], error["message"]) == (code, error["data"]["message"])
            assert gateway.online.log == []
            await peer.connect()

    @pytest.mark.parametrize("before", [[], ['40{"token":"t0ken"}']])
    async def test_who_never_connects_is_closed(
        self, gateway: Gateway, before: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """SIO-3, PR-2."""
        monkeypatch.setattr(endpoint, "AUTH_TIMEOUT", 0.02)
        async with Peer(gateway) as peer:
            peer.say(*before)
            await until(lambda: peer.wire.closed() == BAD_TOKEN)
            assert "bad_token" in peer.texts()[-1]

    @pytest.mark.parametrize(
        ("query", "kind", "code"),
        [
            ("EIO=4&transport=polling", "http", 0),
            ("EIO=4", "http", 0),
            ("", "http", 0),
            ("EIO=4&transport=polling&sid=abc", "http", 0),
            ("EIO=4&transport=websocket", "http", 3),
            ("EIO=4&transport=polling", "websocket", 0),
            ("EIO=3&transport=websocket", "websocket", 5),
            ("EIO=4&transport=websocket&sid=abc", "websocket", 1),
        ],
    )
    async def test_only_websockets_of_engine_io_4(self, gateway: Gateway, query: str, kind: str, code: int) -> None:
        """SIO-5: everything else is told in Engine.IO's words."""
        async with Peer(gateway, query=query, kind=kind) as peer:
            status, error, headers = refusal(await peer.served())
            assert (status, error["code"]) == (400, code)
            assert "access-control-allow-origin" not in headers
            assert headers["x-content-type-options"] == "nosniff"

    @pytest.mark.parametrize("origin", ["http://server", "https://editor.example"])
    async def test_allowed_pages(self, gateway: Gateway, origin: str) -> None:
        """SIO-5, PR-4: they may also read why polling is refused."""
        async with Peer(gateway, headers={"origin": origin}) as peer:
            await peer.connect()
        async with Peer(gateway, query="EIO=4&transport=polling", kind="http", headers={"origin": origin}) as peer:
            _, error, headers = refusal(await peer.served())
            assert headers["access-control-allow-origin"] == origin
            assert "websocket" in error["message"]

    @pytest.mark.parametrize("kind", ["websocket", "http"])
    async def test_pages_from_elsewhere(self, gateway: Gateway, kind: str) -> None:
        """SIO-5, PR-4: refused before the handshake ends, and nothing is granted."""
        async with Peer(gateway, kind=kind, headers={"origin": "http://elsewhere.example"}) as peer:
            status, error, headers = refusal(await peer.served())
            assert (status, error["code"]) == (403, 4)
            assert "access-control-allow-origin" not in headers

    async def test_servers_that_can_only_close(self, gateway: Gateway) -> None:
        """PR-4."""
        async with Peer(gateway, headers={"origin": "http://elsewhere.example"}, denial=False) as peer:
            (closing,) = await peer.served()
            assert closing["type"] == "websocket.close"


async def test_guests_are_told_from_the_others(gateway: Gateway) -> None:
    """WS-23, SIO-2."""
    async with Peer(gateway) as ada, Peer(gateway) as guest:
        await ada.join("ada")
        joined = await guest.join("guest")
        people = {one["user_id"]: one.get("verified", False) for one in joined["users"]}
        assert people == {"ada": True, "guest": False}
        assert "verified" not in (await ada.event("user_joined"))["user"]


class TestRefusals:
    """SIO-6, G8: what is wrong is told to its sender, who goes on."""

    @pytest.mark.parametrize(
        ("frame", "code"),
        [
            ("", "malformed"),
            ("nonsense", "malformed"),
            ("0", "malformed"),
            ("2", "malformed"),
            ("2probe", "malformed"),
            ("5", "malformed"),
            ("4", "malformed"),
            ("49", "malformed"),
            ("42", "malformed"),
            ("42{}", "malformed"),
            ('42[{"event":"x"}]', "malformed"),
            ('42["join_room"]', "malformed"),
            ('42["code_change",{"room_id":"room","op":"x"}]', "malformed"),
            ('42["chat_message",{"room_id":"room","content":"\\ud800"}]', "invalid_text"),
            ('42["destroy",{}]', "unknown_event"),
            (packet("typing", room_id="other", is_typing=True), "not_joined"),
            (packet("code_change", op=["x"], user_id="bob"), "forbidden"),
            (packet("code_change", op=[9, "x"]), "invalid_operation"),
            ('42/admin,["typing",{"room_id":"room","is_typing":true}]', "malformed"),
            ("41/admin,", "malformed"),
            ("430[]", "malformed"),
            ("44{}", "malformed"),
            ('451-["x",{"_placeholder":true,"num":0}]', "malformed"),
            ("461-0[]", "malformed"),
            ("3" + "x" * MAX_MESSAGE, "message_too_large"),
            ("40" + "x" * MAX_MESSAGE, "message_too_large"),
            ("4" + "x" * MAX_MESSAGE, "malformed"),
            (b"\x00\x01", "malformed"),
            (b"", "malformed"),
            ('40{"token":"ada"}', "malformed"),
            (packet("chat_message", content="x" * MAX_MESSAGE), "message_too_large"),
            (
                '42["chat_message",{"room_id":"room","content":"' + "👋" * (MAX_MESSAGE // 4) + '"}]',
                "message_too_large",
            ),
        ],
    )
    async def test_refused(self, gateway: Gateway, frame: str | bytes, code: str) -> None:
        """SIO-6, G8, PR-6, PR-7, PR-8."""
        async with Peer(gateway) as peer, Peer(gateway) as other:
            await peer.join("ada")
            await other.join("bob")
            before = len(other.texts())
            peer.say(frame)
            assert (await peer.event("error"))["code"] == code
            peer.say(packet("code_change", op=["x"]))
            await peer.event("ack")
            await other.event("code_change")
            heard = [json.loads(text[2:])[0] for text in other.texts()[before:]]
            assert [event for event in heard if event != "durable"] == ["code_change"]

    async def test_events_before_connecting(self, gateway: Gateway) -> None:
        """SIO-3, SIO-6: nothing is done for nobody."""
        async with Peer(gateway) as peer:
            peer.say(packet("join_room", 3))
            assert (await peer.event("error"))["code"] == "bad_token"
            assert (await peer.acknowledged(3))["error"]["code"] == "bad_token"
            assert gateway.town.epoch == 0

    @pytest.mark.parametrize(
        ("frame", "code"),
        [
            ('425["destroy",{}]', "unknown_event"),
            ("425[]", "malformed"),
            ("425", "malformed"),
            ('451-5["x",{"_placeholder":true,"num":0}]', "malformed"),
            (packet("chat_message", 5, content="x" * MAX_MESSAGE), "message_too_large"),
        ],
    )
    async def test_refusals_are_acknowledged(self, gateway: Gateway, frame: str, code: str) -> None:
        """SIO-4, SIO-6: also of what was not read to its end."""
        async with Peer(gateway) as peer:
            await peer.join()
            peer.say(frame)
            error = await peer.event("error")
            assert error["code"] == code
            assert await peer.acknowledged(5) == {"error": error}

    async def test_other_namespaces(self, gateway: Gateway) -> None:
        """SIO-6."""
        async with Peer(gateway) as peer:
            peer.say('40/admin,{"token":"ada"}')
            assert json.loads(await peer.told("44/admin,"))["message"] == "Invalid namespace"
            await peer.connect()

    async def test_too_many_unanswered(self, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
        """SIO-6, G10: edits that a room on the move does not answer."""
        monkeypatch.setattr(conversation, "MOST_UNANSWERED", 5)
        async with Peer(gateway) as peer:
            await peer.join()
            gateway.town.slow.clear()
            await gateway.town.bury()
            await until(lambda: not gateway.hubs.hub("room").is_linked)
            peer.say(*(packet("code_change", number, op=["x"], seq=number) for number in range(1, 8)))
            for number in (6, 7):
                assert (await peer.acknowledged(number))["error"]["code"] == "rate_limited"
            gateway.town.slow.set()
            await peer.event("room_joined")
            for number in range(1, 6):
                assert (await peer.acknowledged(number))["error"]["code"] == "room_unavailable"
            peer.say(packet("code_change", 8, op=["x"], seq=1))
            assert (await peer.acknowledged(8))["version"] == 1


class TestEnds:
    @pytest.mark.parametrize("goodbye", ["41", "1"])
    async def test_who_says_goodbye_is_gone(self, gateway: Gateway, goodbye: str) -> None:
        """SIO-7, WS-12."""
        async with Peer(gateway) as peer, Peer(gateway) as other:
            await peer.join("ada")
            await other.join("bob")
            peer.say(goodbye)
            assert (await other.event("user_left"))["user_id"] == "ada"
            await peer.served()
            assert peer.wire.closed() == NORMAL
            assert gateway.online.log[-1] == ("went", "ada")

    async def test_who_vanishes_is_gone(self, gateway: Gateway) -> None:
        """SIO-7, WS-12."""
        async with Peer(gateway) as other:
            async with Peer(gateway) as peer:
                await peer.join("ada")
                await other.join("bob")
            assert (await other.event("user_left"))["user_id"] == "ada"

    async def test_a_server_that_goes_says_so(self, gateway: Gateway) -> None:
        """SIO-7: and closes without a packet that would keep clients from coming back."""
        async with Peer(gateway) as peer:
            await peer.join()
            gateway.connections.leave_all()
            assert await peer.event("going_away") == {"reason": "the gateway stops"}
            assert peer.wire.closed() == SERVICE_RESTART
            assert not [text for text in peer.texts() if text.startswith(("41", "1"))]

    async def test_a_server_that_stops_lets_go_of_each_socket(self, gateway: Gateway) -> None:
        """SCALE-8: what the server calls for a socket when it stops closes that one, and says so."""
        peers: list[Connection] = []
        shortcut = SimpleNamespace(belongs_to=peers.append)
        async with Peer(gateway, extensions={EXTENSION: shortcut}) as peer, Peer(gateway) as other:
            await peer.join("ada")
            await other.join("bob")
            [connection] = peers
            connection.leave()
            assert await peer.event("going_away") == {"reason": "the gateway stops"}
            assert peer.wire.closed() == SERVICE_RESTART
            assert (await other.event("user_left"))["user_id"] == "ada"
            connection.leave()  # it has gone already

    async def test_a_reader_that_stops_is_dropped(self, gateway: Gateway) -> None:
        """SIO-8, PR-9, G10: once more than the bound waits for it; nobody else waits."""
        async with Peer(gateway) as slow, Peer(gateway) as author:
            await slow.join("bob")
            await author.join("ada")
            slow.wire.stall()
            rounds = 0
            while not any(text.startswith('42["user_left"') for text in author.texts()):
                rounds += 1
                author.say(packet("code_change", rounds, op=["x" * 2000]), packet("code_change", op=[{"d": 2000}]))
                await author.acknowledged(rounds)
            assert 10 < rounds < 40
            slow.wire.flow()
            await until(lambda: slow.wire.closed() == TRY_AGAIN_LATER)

    async def test_pings(self, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
        """SIO-8: who answers stays, who does not is closed."""
        monkeypatch.setattr(heartbeat, "PING_INTERVAL", 0.01)
        monkeypatch.setattr(heartbeat, "PING_TIMEOUT", 1.0)
        async with Peer(gateway) as peer:
            await peer.connect()
            for _ in range(3):
                assert await peer.told("2") == ""
                assert peer.wire.closed() is None
                peer.say("3")
            await until(lambda: peer.wire.closed() == TRY_AGAIN_LATER)
            await until(lambda: gateway.online.log[-1] == ("went", "ada"))
