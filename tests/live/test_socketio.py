"""Stock Socket.IO clients through the real ingress, in rooms with `/ws` users."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from httpx import HTTPError
from socketio.exceptions import SocketIOError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.typing import Origin

from rayrooms.client.room import RoomClient
from tests.socketio.stock import NodeClient, PythonClient, StockClient

from .people import together, until, vouched_for
from .server import kill

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import httpx

    from .people import Person
    from .server import Server
    from .sockets import Socket

TRY_AGAIN_LATER = 1013
CHUNK = 100_000
QUERY = "/socket.io/?EIO=4&transport=websocket"

Pair = tuple[StockClient, "Socket"]


@pytest.fixture(scope="module", params=[PythonClient, NodeClient], ids=["python", "node"])
def stock(request: pytest.FixtureRequest) -> type[StockClient]:
    kind: type[StockClient] = request.param
    return kind


@asynccontextmanager
async def both(stock: type[StockClient], ada: Person, bob: Person) -> AsyncIterator[Pair]:
    """Ada over Socket.IO and Bob over `/ws`, each having seen the other come."""
    room_id = await ada.make_room()
    async with stock(ada.url, token=ada.token) as first:
        joined = await first.join(room_id)
        async with bob.inside(room_id) as second:
            assert [user["user_id"] for user in second.joined["users"]] == [ada.user_id, bob.user_id]
            await first.expect("user_joined", user=lambda user: user["user_id"] == bob.user_id)
            second.joined["other"] = joined
            yield first, second


@pytest.fixture(scope="module")
async def pair(stock: type[StockClient], ada: Person, bob: Person) -> AsyncIterator[Pair]:
    async with both(stock, ada, bob) as pair:
        yield pair


async def test_whom_a_jupyter_server_vouches_for(
    stock: type[StockClient], own_server: Server, ada: Person, http: httpx.AsyncClient
) -> None:
    """AUTH-7, WS-23."""
    grace = vouched_for(own_server, "grace", "Grace", http)
    room_id = await ada.make_room()
    async with ada.inside(room_id) as other, stock(ada.url, token=grace.token) as client:
        joined = await client.join(room_id)
        people = {user["user_id"]: user.get("verified", False) for user in joined["users"]}
        assert people == {ada.user_id: False, "jupyter-grace": True}
        assert (await other.expect("user_joined"))["user"]["verified"] is True


async def test_connecting_and_disconnecting(stock: type[StockClient], ada: Person, bob: Person) -> None:
    """SIO-1, SIO-3, SIO-7, WS-1, WS-12: the greeting says who one is; whoever goes is seen to go."""
    room_id = await bob.make_room()
    async with bob.inside(room_id) as other:
        async with stock(ada.url, token=ada.token) as client:
            greeting = client.of("connection_response")[0]
            assert (greeting["user_id"], greeting["name"], greeting["protocol"]) == (ada.user_id, "Ada", 1)
            joined = await client.join(room_id)
            assert (joined["content"], joined["role"]) == ("", "member")
            assert (await other.expect("user_joined"))["user"]["session_id"] == joined["session_id"]
        assert (await other.expect("user_left"))["session_id"] == joined["session_id"]


async def test_edits_both_ways(pair: Pair) -> None:
    """SIO-2, WS-2, WS-3: commits come one by one, the author's own as `ack`."""
    client, socket = pair
    await client.emit("code_change", type="insert", position=0, content="one 👋 ")
    own = await client.expect("ack")
    assert own == {
        "room_id": socket.room_id,
        "client_id": socket.joined["other"]["client_id"],
        "version": own["version"],
        "seq": own["seq"],
    }
    (change,) = (await socket.expect("code_change"))["changes"]
    assert (change["version"], change["op"]) == (own["version"], ["one 👋 "])
    for text in ("two ", "three "):
        await socket.send("code_change", op=[6, text])
    for number, text in enumerate(("two ", "three "), 1):
        change = await client.expect("code_change")
        assert (change["version"], change["op"]) == (own["version"] + number, [6, text])
        assert (change["room_id"], change["user_id"]) == (socket.room_id, socket.joined["users"][1]["user_id"])
    assert (await client.call("get_sync"))["content"] == "one 👋 three two "


async def test_an_edit_asks_for_its_version(pair: Pair) -> None:
    """SIO-4: many at once, each is told its own; the event comes as well."""
    client, socket = pair
    before = (await client.call("get_sync"))["version"]
    answers = await asyncio.gather(*(client.call("code_change", op=[text]) for text in "abcdefgh"))
    assert [answer["version"] for answer in answers] == list(range(before + 1, before + 9))
    assert {answer["room_id"] for answer in answers} == {socket.room_id}
    assert (await client.expect("ack", version=before + 8))["seq"] == answers[-1]["seq"]
    await socket.expect("code_change", changes=lambda changes: changes[-1]["version"] == before + 8)


async def test_cursor_presence_and_typing(pair: Pair) -> None:
    """SIO-2, SIO-4, WS-4, WS-5, WS-6: both ways; what nothing answers is acknowledged as taken."""
    client, socket = pair
    sent: dict[str, dict[str, Any]] = {
        "cursor_update": {"position": 1},
        "presence_update": {"status": "away"},
        "typing": {"is_typing": True},
    }
    for event, data in sent.items():
        await client.emit(event, **data)
        heard = await socket.expect(event)
        assert heard["session_id"] == socket.joined["other"]["session_id"]
        assert await client.call(event, **data) == {}
        await socket.send(event, **data)
        assert (await client.expect(event))["session_id"] == socket.joined["session_id"]
    assert heard["is_typing"]
    await client.emit("typing", is_typing=False)  # else its end would come in the middle of a later test
    await socket.send("typing", is_typing=False)
    await socket.expect("typing", is_typing=False)
    await client.expect("typing", is_typing=False)


async def test_chat_and_reactions(pair: Pair) -> None:
    """SIO-2, SIO-4, WS-7, WS-8: what everybody hears comes to its author as event and as acknowledgement."""
    client, socket = pair
    answer = await client.call("chat_message", content="hello")
    assert await client.expect("chat_message") == answer == await socket.expect("chat_message")
    message_id = answer["message"]["id"]
    answer = await client.call("add_reaction", message_id=message_id, emoji="👍")
    assert await client.expect("reaction_added") == answer == await socket.expect("reaction_added")
    await socket.send("add_reaction", message_id=message_id, emoji="👍")
    assert len((await client.expect("reaction_added"))["reactions"]["👍"]) == 2
    answer = await client.call("edit_message", message_id=message_id, content="hello!")
    assert await client.expect("message_changed") == answer == await socket.expect("message_changed")
    await client.emit("delete_message", message_id=message_id)
    assert (await socket.expect("message_changed"))["message"]["deleted"]
    await socket.send("chat_message", content="bye")
    assert (await client.expect("chat_message"))["message"]["content"] == "bye"


async def test_get_sync(pair: Pair) -> None:
    """SIO-2, SIO-4, WS-9: as an event, or in its place as acknowledgement."""
    client, _ = pair
    await client.call("code_change", op=["x"])
    await client.emit("get_sync")
    whole = await client.expect("sync_response")
    assert await client.call("get_sync") == whole
    since = await client.call("get_sync", version=whole["version"] - 1)
    assert [change["op"] for change in since["operations"]] == [["x"]]
    assert len(client.of("sync_response")) == 1


async def test_joining_and_leaving(stock: type[StockClient], ada: Person, bob: Person) -> None:
    """SIO-4, WS-11: asked with acknowledgements."""
    async with both(stock, ada, bob) as (client, socket):
        answer = await client.call("leave_room")
        assert answer == {"room_id": socket.room_id, "reason": "left"}
        await socket.expect("user_left")
        assert (await client.call("get_sync"))["error"]["code"] == "not_joined"
        assert (await client.call("join_room"))["room_id"] == socket.room_id
        await socket.expect("user_joined")
        assert len(client.of("room_joined")) == 1


@pytest.mark.parametrize(
    ("event", "data", "code"),
    [
        ("code_change", {"op": [10**6, "x"]}, "invalid_operation"),
        ("code_change", {"op": "x"}, "malformed"),
        ("code_change", {"room_id": "elsewhere", "op": ["x"]}, "not_joined"),
        ("chat_message", {"content": "a\0b"}, "invalid_text"),
        ("chat_message", {"content": "x" * 300_000}, "message_too_large"),
        ("join_room", {"room_id": "no-such-room"}, "room_not_found"),
        ("typing", {"is_typing": True, "user_id": "another"}, "forbidden"),
        ("destroy", {}, "unknown_event"),
    ],
)
async def test_refused(pair: Pair, event: str, data: dict[str, Any], code: str) -> None:
    """SIO-4, SIO-6, G8: by event and by acknowledgement; nobody else hears of it."""
    client, socket = pair
    await socket.quiet()
    await client.emit(event, **data)
    error = await client.expect("error")
    assert error["code"] == code
    assert await client.call(event, **data) == {"error": error} == {"error": await client.expect("error")}
    await client.call("get_sync")
    assert await socket.quiet() == []


async def test_binary_events_are_refused(ada: Person, bob: Person) -> None:
    """SIO-6, G8."""
    async with both(PythonClient, ada, bob) as (client, socket):
        await client.emit("chat_message", content=b"\x00")
        for _ in range(2):  # the packet and its attachment
            assert (await client.expect("error"))["code"] == "malformed"
        await client.call("get_sync")
        assert await socket.quiet() == []


@pytest.mark.parametrize("token", [None, "nonsense"])
async def test_bad_token(stock: type[StockClient], server: Server, token: str | None) -> None:
    """SIO-3: a connect_error with our code."""
    client = stock(server.url, token=token)
    await client.open()
    try:
        error = await client.expect("connect_error")
        data = error["data"]["data"] if isinstance(client, PythonClient) and "data" in error.get("data", {}) else error
        assert data["data"]["code"] == "bad_token"
        assert data["message"] == data["data"]["message"]
        assert client.of("connect") == []
    finally:
        await client.close()


async def test_token_in_the_header(stock: type[StockClient], ada: Person) -> None:
    """SIO-3."""
    async with stock(ada.url, headers={"Authorization": f"Bearer {ada.token}"}) as client:
        assert client.of("connection_response")[0]["user_id"] == ada.user_id


async def test_own_and_allowed_pages_are_let_in(own_server: Server, stock: type[StockClient], ada: Person) -> None:
    """SIO-5, PR-4."""
    for origin in (own_server.url, "https://editor.example"):
        async with stock(ada.url, token=ada.token, headers={"Origin": origin}):
            pass


async def test_pages_from_elsewhere_are_refused(stock: type[StockClient], ada: Person) -> None:
    """SIO-5, PR-4."""
    client = stock(ada.url, token=ada.token, headers={"Origin": "http://elsewhere.example"})
    await client.open()
    await client.expect("connect_error")
    assert client.of("connect") == []
    await client.close()
    with pytest.raises(InvalidStatus) as refusal:
        await connect(ada.url.replace("http", "ws", 1) + QUERY, origin=Origin("http://elsewhere.example"))
    assert refusal.value.response.status_code == 403


async def test_long_polling_is_refused(stock: type[StockClient], http: httpx.AsyncClient, ada: Person) -> None:
    """SIO-5: clients that begin with it, as they do by themselves, are told in a sentence what to do instead."""
    client = stock(ada.url, token=ada.token)
    try:
        await client.open(transports=None)
    except RuntimeError:  # the Python one hangs up before it reads what it was told, which may be too late then
        assert isinstance(client, PythonClient)
    else:
        error = await client.expect("connect_error")
        if isinstance(client, NodeClient):
            assert "transports" in json.loads(error["response"])["message"]
    await client.close()
    answer = await http.get("/socket.io/", params={"EIO": "4", "transport": "polling"})
    assert (answer.status_code, answer.json()["code"]) == (400, 0)
    assert "set-cookie" not in answer.headers


async def test_everybody_converges(ada: Person, bob: Person, eve: Person) -> None:
    """SIO-1, G1, G2: both stock clients and `/ws` in one room, all typing at once."""
    room_id = await ada.make_room()
    async with (
        PythonClient(ada.url, token=ada.token) as first,
        NodeClient(bob.url, token=bob.token) as second,
        RoomClient.open(eve.url, room_id, token=eve.token) as third,
    ):
        clients: list[StockClient] = [first, second]
        for client in clients:
            await client.join(room_id)

        async def write(client: StockClient, name: str) -> None:
            for number in range(30):
                answer = await client.call("code_change", type="insert", position=0, content=f"{name}{number} ")
                assert answer["seq"] == number + 1

        async def write_there() -> None:
            for number in range(30):
                third.insert(0, f"c{number} ")
                await third.wait_acked()

        await asyncio.gather(write(first, "a"), write(second, "b"), write_there())
        await third.sync()
        texts = [(await client.call("get_sync"))["content"] for client in clients]
        assert texts == [third.text, third.text]
        assert sorted(third.text.split()) == sorted(f"{name}{number}" for name in "abc" for number in range(30))
        for client in clients:
            told = [data["version"] for event, data in client.received if event in {"ack", "code_change"}]
            assert told == list(range(1, 91))


class Author:
    """A stock client that numbers its edits and sends again what has no answer, as clients of any kind should."""

    def __init__(self, client: StockClient, room_id: str) -> None:
        self.client = client
        self.room_id = room_id
        self.acked = 0
        self._seen = 0

    async def write(self, count: int) -> None:
        """Insert that many words, one after the other, whatever happens meanwhile."""
        for seq in range(self.acked + 1, self.acked + count + 1):
            await self._send(seq)
            async with asyncio.timeout(60):
                while self.acked < seq:
                    await asyncio.sleep(0.005)
                    if await self.is_let_in() and self.acked < seq:
                        await self._send(seq)

    async def _send(self, seq: int) -> None:
        await self._emit("code_change", type="insert", position=0, content=f"w{seq} ", seq=seq)

    async def _emit(self, event: str, **data: Any) -> None:
        """Say something; without a connection it is lost, and said again when there is one."""
        with suppress(SocketIOError):
            await self.client.emit(event, **data)

    async def is_let_in(self) -> bool:
        """Take in what was told since: join on a new connection; whether the room has let this client in anew."""
        is_in = False
        for event, data in self.client.received[self._seen :]:
            self._seen += 1
            match event:
                case "connection_response":
                    await self._emit("join_room", client_id="author")
                case "room_joined":
                    self.acked, is_in = data["last_seq"], True
                case "ack":
                    self.acked = data["seq"]
        return is_in


@asynccontextmanager
async def author_of(stock: type[StockClient], person: Person) -> AsyncIterator[Author]:
    """Someone with a client that reconnects by itself, in a new room."""
    client = stock(person.url, token=person.token)
    client.room_id = await person.make_room()
    await client.open(reconnects=True)
    author = Author(client, client.room_id)
    await until(author.is_let_in)
    yield author
    await client.close()


async def check(author: Author, person: Person) -> None:
    """Every word is there once, in its place."""
    words = (await person.text(author.room_id)).split()
    assert words == [f"w{number}" for number in range(author.acked, 0, -1)]


async def test_room_actor_killed(own_server: Server, stock: type[StockClient], ada: Person) -> None:
    """SIO-9, G4, ROOM-20: the connection stays, `room_joined` comes unasked, and every edit is there once."""
    async with author_of(stock, ada) as author:
        for _ in range(3):
            await author.write(10)
            await kill((await ada.room(author.room_id))["live"]["pid"])
        await author.write(10)
        assert author.acked == 40
        assert author.client.of("disconnect") == []
        await check(author, ada)


async def test_gateway_killed(own_server: Server, stock: type[StockClient], ada: Person) -> None:
    """SIO-9, G2: the stock client comes back by itself, through another gateway."""
    async with author_of(stock, ada) as author:
        await author.write(5)
        for gateway in own_server.titled("ray::ServeReplica"):
            await kill(gateway)
            await author.write(5)
        assert author.client.of("disconnect") != []
        await until(lambda: is_well(ada))
        await check(author, ada)


async def is_well(person: Person) -> bool:
    """Whether the ingress has taken in that gateways died and others came."""
    with suppress(HTTPError):
        return all([(await person.ask("GET", "/health")).is_success for _ in range(20)])
    return False


@asynccontextmanager
async def by_hand(person: Person, room_id: str) -> AsyncIterator[ClientConnection]:
    """A connection that speaks packets, in the room."""
    url = person.url.replace("http", "ws", 1) + QUERY
    async with connect(url, compression=None, max_size=None, ping_interval=None, close_timeout=1) as connection:
        await connection.send("40" + json.dumps({"token": person.token}))
        await connection.send("42" + json.dumps(["join_room", {"room_id": room_id}]))
        async with asyncio.timeout(15):
            while not str(await connection.recv()).startswith('42["room_joined"'):
                pass
        yield connection


async def test_a_reader_that_stops_is_dropped(own_server: Server, ada: Person, bob: Person, eve: Person) -> None:
    """SIO-8, PR-9, G10: closed while others go on."""
    room_id = await ada.make_room()
    async with together(room_id, ada, bob) as (author, reader), by_hand(eve, room_id) as slow:
        await author.expect("user_joined", user=lambda user: user["user_id"] == eve.user_id)
        slow.transport.pause_reading()
        for _ in range(120):  # 24 MB: more than all buffers on the way
            for op in (["x" * CHUNK], [{"d": CHUNK}]):
                version = await author.edit(op)
                await reader.expect("code_change", changes=lambda changes, at=version: changes[-1]["version"] == at)
            if left := [message["data"] for message in author.received if message["event"] == "user_left"]:
                break
        assert [data["user_id"] for data in left] == [eve.user_id]
        slow.transport.resume_reading()
        async with asyncio.timeout(15):
            with suppress(ConnectionClosedError):
                async for _ in slow:
                    pass
        assert slow.close_code == TRY_AGAIN_LATER


async def test_status_follows_the_connection(
    stock: type[StockClient], sign_in: Callable[[str], Awaitable[Person]]
) -> None:
    """SIO-1, WS-18."""
    zoe = await sign_in("Zoe")

    async def is_status(status: str) -> bool:
        return bool((await zoe.api("GET", f"/api/users/{zoe.user_id}/status"))["status"] == status)

    async with stock(zoe.url, token=zoe.token):
        await until(lambda: is_status("online"))
    await until(lambda: is_status("offline"))
